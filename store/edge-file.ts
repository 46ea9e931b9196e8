/**
 * Edge files: the pairs of documents that a match task found, on their way to the union. Two u32 little-endian a pair.
 *
 * Invariant: memory is one buffer, however many pairs a boilerplate text leaves.
 */
import fs from "node:fs";
import { RunError } from "../batch/errors.ts";

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

/** The pairs of all files, piece by piece: a view of one buffer, valid until the next. Throws RunError `run/short-file`. */
export function* readEdges(paths: Iterable<string>): Generator<Uint32Array> {
  const words = new Uint32Array(BUFFER_WORDS);
  const bytes = new Uint8Array(words.buffer);
  for (const path of paths) {
    const descriptor = fs.openSync(path, "r");
    try {
      const size = fs.fstatSync(descriptor).size;
      if (size % 8 !== 0) throw cutFile(path, size);
      for (let at = 0; at < size; ) {
        const wanted = Math.min(bytes.length, size - at);
        let filled = 0;
        while (filled < wanted) {
          const read = fs.readSync(descriptor, bytes, filled, wanted - filled, at + filled);
          if (read === 0) throw cutFile(path, at + filled);
          filled += read;
        }
        yield words.subarray(0, wanted / 4);
        at += wanted;
      }
    } finally {
      fs.closeSync(descriptor);
    }
  }
}

function cutFile(path: string, size: number): RunError {
  return new RunError({
    code: "run/short-file",
    what: `${path} ends in the middle of a pair or was cut while it was read, after ${size} bytes`,
    why: "something outside shardmill cut or replaced it",
    fix: "delete the folder it is in and run again: it will be rebuilt",
  });
}
