/**
 * Where a URL names its host.
 *
 * Lenient, as tldextract is: anything is a URL, with or without a scheme, and its host is what stands where one would. Invariant: never reads outside the
 * URL. Price: a look at each byte up to the end of the host.
 */

const SLASH = 0x2f;
const COLON = 0x3a;
const DOT = 0x2e;
const AT = 0x40;
const LEFT_BRACKET = 0x5b;
const RIGHT_BRACKET = 0x5d;
/** The last byte of the three ideographic full stops U+3002, U+FF0E and U+FF61, which count as dots, by the bytes before it. */
const OTHER_DOTS: readonly (readonly [number, number, number])[] = [
  [0xe3, 0x80, 0x82],
  [0xef, 0xbc, 0x8e],
  [0xef, 0xbd, 0xa1],
];

/** By byte: whether it may stand in a scheme. */
const inScheme = new Uint8Array(128);
for (const character of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.") {
  inScheme[character.charCodeAt(0)] = 1;
}

/** By byte: whether the host may end there, or begin behind it. */
const isBorder = new Uint8Array(256);
for (const byte of [SLASH, 0x3f, 0x23, AT, COLON]) isBorder[byte] = 1;

/** A range of the bytes of a URL. */
export class HostRange {
  start = 0;
  end = 0;
  /** Whether it is an address in brackets, which has no labels. */
  bracketed = false;

  /** Finds the host in `bytes[start, end)`: what lies between user and port, without white space around it and without dots behind it. */
  find(bytes: Uint8Array, start: number, end: number): void {
    let from = withoutScheme(bytes, start, end);
    let to = from;
    let firstColon = -1;
    for (; to < end; to++) {
      const byte = bytes[to];
      if (isBorder[byte] === 0) continue;
      if (byte === COLON) {
        if (firstColon < 0) firstColon = to;
      } else if (byte === AT) {
        from = to + 1;
        firstColon = -1;
      } else break;
    }
    this.bracketed = false;
    if (from < to && bytes[from] === LEFT_BRACKET) {
      const close = bytes.indexOf(RIGHT_BRACKET, from);
      if (close >= 0 && close < to) {
        this.bracketed = true;
        firstColon = close + 1;
      }
    }
    this.start = from;
    this.end = firstColon < 0 ? to : firstColon;
    if (from < this.end && needsTrim(bytes, from, this.end)) this.#trim(bytes);
  }

  #trim(bytes: Uint8Array): void {
    while (this.start < this.end && bytes[this.start] <= 0x20) this.start++;
    while (this.end > this.start && bytes[this.end - 1] <= 0x20) this.end--;
    for (;;) {
      if (this.end > this.start && bytes[this.end - 1] === DOT) this.end--;
      else if (this.end - this.start >= 3 && isOtherDot(bytes, this.end - 3)) this.end -= 3;
      else return;
    }
  }
}

/** Whether there is anything to cut at either end; looks at two bytes. */
function needsTrim(bytes: Uint8Array, start: number, end: number): boolean {
  const last = bytes[end - 1];
  return bytes[start] <= 0x20 || last <= 0x20 || last === DOT || last >= 0x80;
}

function isOtherDot(bytes: Uint8Array, at: number): boolean {
  return OTHER_DOTS.some(([a, b, c]) => bytes[at] === a && bytes[at + 1] === b && bytes[at + 2] === c);
}

/** Behind `scheme://`, or behind `//` at the very start; the start where there is neither. */
export function withoutScheme(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  // The first `//`.
  while (at + 1 < end && (bytes[at] !== SLASH || bytes[at + 1] !== SLASH)) at++;
  if (at + 1 >= end) return start;
  if (at === start) return start + 2;
  if (at < start + 2 || bytes[at - 1] !== COLON) return start;
  for (let i = start; i < at - 1; i++) if (bytes[i] >= 0x80 || inScheme[bytes[i]] === 0) return start;
  return at + 2;
}
