/**
 * Edge files: the pairs of documents that a match task found, on their way to the union. Two u32 little-endian a pair, then the sums of
 * the blocks (io/local/blocks.ts).
 *
 * Invariant: memory is one buffer, however many pairs a boilerplate text leaves.
 */
import fs from "node:fs";
import { Blocks } from "../io/local/blocks.ts";
import { damagedFile, type Vouched } from "../io/local/vouched.ts";

const BUFFER_WORDS = 1 << 14;

/** Where an edge file is written: a pending file. */
export interface EdgeSink {
  write(bytes: Uint8Array): void;
}

export class EdgeWriter {
  readonly #sink: EdgeSink;
  readonly #words = new Uint32Array(BUFFER_WORDS);
  #length = 0;
  #edges = 0;

  constructor(sink: EdgeSink) {
    this.#sink = sink;
  }

  /** Pairs added so far. */
  get edges(): number {
    return this.#edges;
  }

  add(first: number, second: number): void {
    if (this.#length === BUFFER_WORDS) this.flush();
    this.#words[this.#length++] = first;
    this.#words[this.#length++] = second;
    this.#edges++;
  }

  /** Writes what is buffered: before the sink is committed. */
  flush(): void {
    this.#sink.write(new Uint8Array(this.#words.buffer, 0, this.#length * 4));
    this.#length = 0;
  }
}

/** The pairs of all files, piece by piece: a view of one buffer, valid until the next. Throws RunError `store/damaged`. */
export function* readEdges(files: Iterable<Vouched>): Generator<Uint32Array> {
  const words = new Uint32Array(BUFFER_WORDS);
  const bytes = new Uint8Array(words.buffer);
  for (const file of files) {
    const blocks = new Blocks(file);
    const size = blocks.content_bytes;
    if (size % 8 !== 0) throw damagedFile(file, "ends in the middle of a pair");
    const descriptor = blocks.open();
    try {
      for (let at = 0; at < size; at += bytes.length) {
        const length = Math.min(bytes.length, size - at);
        blocks.fill(descriptor, bytes.subarray(0, length), at);
        yield words.subarray(0, length / 4);
      }
    } finally {
      fs.closeSync(descriptor);
    }
  }
}
