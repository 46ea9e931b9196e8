/**
 * Bytes of a charset as UTF-8, as browsers decode them (Encoding Standard).
 *
 * Invariant: the same text on every Node version. `TextDecoder` of Node is not that: windows-1252, GBK and nine others differ between 20 and 24, so all but
 * UTF-8 goes through `@exodus/bytes`, whose tables are its own. What is no character is U+FFFD. Price: UTF-8 passes as it is, at the speed of a check;
 * others 100 to 400 MB/s.
 */
import { isUtf8 } from "node:buffer";

type Decoders = typeof import("@exodus/bytes/encoding.js");

/** Loaded where it is first needed: most pages are UTF-8. */
let loading: Promise<Decoders> | undefined;

/** The name of the charset that `label` means, undefined where it means none that is decoded. */
export async function charsetName(label: string): Promise<string | undefined> {
  if (/^\s*utf-?8\s*$/i.test(label)) return "utf-8";
  const name = (await decoders()).normalizeEncoding(label);
  return name === null || name === "replacement" ? undefined : name;
}

/** `bytes`, which are of the charset `name`, as UTF-8 without a byte order mark. */
export async function toUtf8(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  if (name === "utf-8") {
    const content = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
    return isUtf8(content) ? content : Buffer.from(Buffer.from(content).toString("utf8"));
  }
  const { TextDecoder } = await decoders();
  return Buffer.from(new TextDecoder(name).decode(bytes));
}

function decoders(): Promise<Decoders> {
  loading ??= import("@exodus/bytes/encoding.js");
  return loading;
}
