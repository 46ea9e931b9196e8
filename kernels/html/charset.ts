/**
 * What a page says of its own charset: a byte order mark, or a `meta` element in its first kilobyte.
 *
 * Invariant: the prescan of the HTML standard, by its own attributes' syntax: comments, other tags and processing instructions are passed over, a
 * UTF-16 label means UTF-8. Price: a kilobyte is looked at.
 */

/** Bytes that a declaration must lie in. */
const PRESCAN_BYTES = 1024;

/** The charset that a byte order mark names, and its length. */
export function byteOrderMark(bytes: Uint8Array): { readonly charset: string; readonly bytes: number } | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return { charset: "utf-8", bytes: 3 };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { charset: "utf-16be", bytes: 2 };
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { charset: "utf-16le", bytes: 2 };
  return undefined;
}

const NAME = /\/?[a-z][^\s/>]*/iy;
/** An attribute and the blanks before it. */
const ATTRIBUTE = /[\s/]*([^\s/>=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']*)))?/y;
const TAG_END = /[^>]*>?/y;

/** The label that the page's `meta` elements declare; undefined where none does. */
export function metaCharset(page: Uint8Array): string | undefined {
  const head = Buffer.from(page.subarray(0, PRESCAN_BYTES)).toString("latin1");
  for (let at = head.indexOf("<"); at >= 0; at = head.indexOf("<", at)) {
    if (head.startsWith("<!--", at)) {
      const end = head.indexOf("-->", at + 2);
      if (end < 0) return undefined;
      at = end + 3;
      continue;
    }
    NAME.lastIndex = at + 1;
    const name = NAME.exec(head)?.[0].toLowerCase();
    if (name === undefined) {
      at++;
      continue;
    }
    const attributes = attributesAt(head, NAME.lastIndex);
    const label = name === "meta" ? declared(attributes.values) : undefined;
    if (label !== undefined) return /^utf-?16/i.test(label) ? "utf-8" : label;
    at = attributes.end;
  }
  return undefined;
}

/** The attributes from `from` on, the first of equal names, and where their tag ends. */
function attributesAt(
  head: string,
  from: number,
): { readonly values: ReadonlyMap<string, string>; readonly end: number } {
  const values = new Map<string, string>();
  ATTRIBUTE.lastIndex = from;
  let end = from;
  for (let found = ATTRIBUTE.exec(head); found !== null; found = ATTRIBUTE.exec(head)) {
    const [, name = "", double, single, bare] = found;
    const key = name.toLowerCase();
    if (!values.has(key)) values.set(key, double ?? single ?? bare ?? "");
    end = ATTRIBUTE.lastIndex;
  }
  TAG_END.lastIndex = end;
  TAG_END.exec(head);
  return { values, end: Math.max(end, TAG_END.lastIndex) };
}

function declared(values: ReadonlyMap<string, string>): string | undefined {
  const charset = values.get("charset")?.trim();
  if (charset) return charset;
  if (values.get("http-equiv")?.trim().toLowerCase() !== "content-type") return undefined;
  const content = values.get("content") ?? "";
  return /charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;"']+))/i
    .exec(content)
    ?.slice(1)
    .find((label) => label);
}
