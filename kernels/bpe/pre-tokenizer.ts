/** How a document is cut into words before merging. Words cover it without gap or overlap; no merge crosses their borders. */
export interface PreTokenizer {
  /** Starts on `bytes[start, end)`, forgetting what was under way. */
  begin(bytes: Uint8Array, start: number, end: number): void;
  /** Writes the exclusive ends of the next words, as positions in `bytes`; returns how many, 0 when the document is used up. */
  next(ends: Int32Array): number;
}

/** Cuts each word of `outer` again with `inner`, which sees that word alone. */
export class ChainedPreTokenizer implements PreTokenizer {
  readonly #outer: PreTokenizer;
  readonly #inner: PreTokenizer;
  readonly #outerEnd = new Int32Array(1);
  #bytes: Uint8Array = new Uint8Array(0);
  #position = 0;
  #inside = false;

  constructor(outer: PreTokenizer, inner: PreTokenizer) {
    this.#outer = outer;
    this.#inner = inner;
  }

  begin(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#position = start;
    this.#inside = false;
    this.#outer.begin(bytes, start, end);
  }

  next(ends: Int32Array): number {
    let count = 0;
    while (count < ends.length) {
      if (!this.#inside) {
        if (this.#outer.next(this.#outerEnd) === 0) break;
        this.#inner.begin(this.#bytes, this.#position, this.#outerEnd[0]);
        this.#position = this.#outerEnd[0];
        this.#inside = true;
      }
      const written = this.#inner.next(count === 0 ? ends : ends.subarray(count));
      if (written === 0) this.#inside = false;
      count += written;
    }
    return count;
  }
}
