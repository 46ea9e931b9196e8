/** Collects the ids of documents, a part at a time, into one token-list column. Price: amortised doubling, one copy on finish at most. */
import type { TokenListColumn } from "../../batch/column.ts";
import { allocateWords, release } from "../../batch/memory.ts";

export class TokenRows {
  #values: Uint32Array;
  readonly #offsets: Int32Array;
  #rows = 0;
  #length = 0;

  /** @param capacity ids to make room for at first */
  constructor(rows: number, capacity: number) {
    this.#values = allocateWords(capacity);
    this.#offsets = new Int32Array(rows + 1);
  }

  /** Where the next ids go, with room for `count`: write them at the returned array's start, then {@link commit} how many. */
  reserve(count: number): Uint32Array {
    const needed = this.#length + count;
    if (needed > this.#values.length) {
      const grown = allocateWords(Math.max(needed, this.#values.length * 2));
      grown.set(this.#values.subarray(0, this.#length));
      release(this.#values);
      this.#values = grown;
    }
    return this.#values.subarray(this.#length);
  }

  commit(count: number): void {
    this.#length += count;
  }

  append(ids: Uint32Array): void {
    this.reserve(ids.length).set(ids);
    this.#length += ids.length;
  }

  add(id: number): void {
    if (this.#length === this.#values.length) this.reserve(1);
    this.#values[this.#length++] = id;
  }

  endRow(): void {
    this.#offsets[++this.#rows] = this.#length;
  }

  finish(): TokenListColumn {
    return { kind: "token_list", values: this.#values.subarray(0, this.#length), offsets: this.#offsets };
  }
}
