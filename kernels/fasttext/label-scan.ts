/**
 * The labels of a model, read from the beginning of its file alone: they stand behind its words, and matrices follow.
 *
 * Pieces of the file are pushed until the labels are there. Invariant: the labels are those of `labelsOf`; a file that is no classifier is refused as `describeModel` refuses
 * it, but for what lies behind its dictionary. Price: a pass over the words.
 */
import { BadModel, HEAD_BYTES, readHead } from "./model-file.ts";

/** Bytes of an entry behind its text: a zero, a count, what it is. */
const TAIL_BYTES = 10;

export class LabelScan {
  #rest: Buffer = Buffer.alloc(0);
  #words = -1;
  #labels = 0;
  #entries = 0;
  readonly #found: string[] = [];

  /** The labels, with the prefix they were trained with, once they are all there. Throws {@link BadModel}. */
  push(piece: Uint8Array): readonly string[] | undefined {
    const bytes = Buffer.concat([this.#rest, piece]);
    let at = 0;
    if (this.#words < 0) {
      if (bytes.length < HEAD_BYTES) {
        this.#rest = bytes;
        return undefined;
      }
      const { words, labels } = readHead(bytes);
      this.#words = words;
      this.#labels = labels;
      at = HEAD_BYTES;
    }
    for (; this.#entries < this.#words + this.#labels; this.#entries++) {
      const end = bytes.indexOf(0, at);
      if (end < 0 || end + TAIL_BYTES > bytes.length) break;
      if (this.#entries >= this.#words) this.#found.push(bytes.toString("utf8", at, end));
      at = end + TAIL_BYTES;
    }
    this.#rest = bytes.subarray(at);
    return this.#entries === this.#words + this.#labels ? this.#found : undefined;
  }

  /** What a file is told that ended before. */
  end(): never {
    throw new BadModel(this.#words < 0 ? "it is no fastText model" : "it ends within its dictionary");
  }
}
