/**
 * What of a text is read as its one line.
 *
 * Invariant: without newlines that mean anything; none is copied where there are none. Price: a search for newlines.
 */

/**
 * What a newline inside a text is: white space (what most callers of fastText make of it), the end of what is read (fastText's own reader), or
 * nothing, which glues words together (datatrove's classifier filter).
 */
export const NEWLINES = ["space", "end", "nothing"] as const;
export type Newlines = (typeof NEWLINES)[number];

const NEWLINE = 0x0a;

export class TextLine {
  readonly #newlines: Newlines;
  #joined = new Uint8Array(0);
  /** The line is `bytes[start, end)`. */
  bytes: Uint8Array = this.#joined;
  start = 0;
  end = 0;

  constructor(newlines: Newlines) {
    this.#newlines = newlines;
  }

  open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    if (this.#newlines === "space") return;
    const newline = bytes.subarray(start, end).indexOf(NEWLINE);
    if (newline < 0) return;
    if (this.#newlines === "end") this.end = start + newline;
    else this.#join(start + newline);
  }

  /** Takes the newlines out, of which the first is at `newline`. */
  #join(newline: number): void {
    const { bytes, start, end } = this;
    if (this.#joined.length < end - start) this.#joined = new Uint8Array(2 * (end - start));
    const joined = this.#joined;
    joined.set(bytes.subarray(start, newline));
    let length = newline - start;
    for (let at = newline; at < end; at++) if (bytes[at] !== NEWLINE) joined[length++] = bytes[at];
    this.bytes = joined;
    this.start = 0;
    this.end = length;
  }
}
