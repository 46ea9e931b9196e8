/**
 * Text of others on its way to a terminal: documents, file names, messages that quote them.
 *
 * Invariant: nothing that is printed can move the cursor, change colours, retitle a window or turn the direction of
 * what follows. Line ends and tabs stay; `--json` has every byte.
 */

/** Controls, and what overrides the direction of text. */
const UNPRINTABLE = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** `text` with controls spelt out: `\u001b`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (control) => (control === "\n" || control === "\t" ? control : spelt(control)));
}

/** A name in a line of its own: no line ends either. */
export function printableLine(text: string): string {
  return text.replace(UNPRINTABLE, spelt);
}

function spelt(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** At most `limit` characters, and how many more there were: a character is a code point. */
export function shortened(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let end = 0;
  let shown = 0;
  for (; shown < limit && end < text.length; shown++) end += widthAt(text, end);
  let more = 0;
  for (let at = end; at < text.length; at += widthAt(text, at)) more++;
  return more === 0
    ? text
    : `${text.slice(0, end)}… ${more.toLocaleString("en-US")} more ${more === 1 ? "character" : "characters"}`;
}

/** UTF-16 units of the character at `at`. */
function widthAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}
