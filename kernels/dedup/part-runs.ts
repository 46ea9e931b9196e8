/**
 * Runs of parts that follow each other: the last `count` of them, with one key for all.
 *
 * Memory: a key a part of a run. Price: one hash of a run's keys a part.
 */
export class PartRuns {
  readonly #count: number;
  readonly #words: number;
  /** Keys of the last parts, oldest first. */
  readonly #keys: Uint32Array;
  readonly #starts: number[] = [];
  readonly #sizes: number[] = [];
  /** Where the last part ends. */
  end = 0;

  /** Runs of `count` parts with keys of `words` words. */
  constructor(count: number, words: number) {
    this.#count = count;
    this.#words = words;
    this.#keys = new Uint32Array(count * words);
  }

  reset(): void {
    this.#starts.length = 0;
    this.#sizes.length = 0;
  }

  /** Adds a part of `bytes` bytes that are compared. */
  add(key: Uint32Array, start: number, end: number, bytes: number): void {
    if (this.isFull) {
      this.#starts.shift();
      this.#sizes.shift();
      this.#keys.copyWithin(0, this.#words);
    }
    this.#keys.set(key.subarray(0, this.#words), this.#starts.length * this.#words);
    this.#starts.push(start);
    this.#sizes.push(bytes);
    this.end = end;
  }

  get isFull(): boolean {
    return this.#starts.length === this.#count;
  }

  /** Where the run begins. */
  get start(): number {
    return this.#starts[0];
  }

  get bytes(): number {
    return this.#sizes.reduce((sum, size) => sum + size, 0);
  }

  /** What the run is compared by: the keys of its parts. Of a full one. */
  get keys(): Uint8Array {
    return new Uint8Array(this.#keys.buffer);
  }
}
