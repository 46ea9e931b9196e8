/**
 * Signature files: beside a key file, the signature of every document of the span, for barriers that verify before uniting.
 *
 * Layout: `slots` u16 little-endian a document, dense by the document's number in its span; zeros for one without a sketch,
 * nothing after the last one with a sketch; then the sums of the blocks (io/local/blocks.ts). Price: 2 bytes a slot and document, one or
 * two blocks read and checked for every document that shares a key; a reader keeps at most {@link OPEN_FILES} files open.
 */
import fs from "node:fs";
import { entryAt } from "../batch/entry.ts";
import { Blocks } from "../io/local/blocks.ts";
import type { Vouched } from "../io/local/vouched.ts";

const BUFFER_BYTES = 64 << 10;
const OPEN_FILES = 128;

/** Where a signature file is written: a pending file. */
export interface SignatureSink {
  write(bytes: Uint8Array): void;
}

/** Writes the signatures of one span. `add` documents in ascending order, then `finish`, then commit the sink. */
export class SignatureWriter {
  readonly #sink: SignatureSink;
  readonly #slots: number;
  readonly #buffer: Uint16Array;
  #length = 0;
  #documents = 0;

  constructor(sink: SignatureSink, slots: number) {
    this.#sink = sink;
    this.#slots = slots;
    this.#buffer = new Uint16Array(slots * Math.max(1, Math.floor(BUFFER_BYTES / 2 / slots)));
  }

  add(document: number, signature: Uint16Array): void {
    if (document < this.#documents)
      throw new Error(`signature file: document ${document} after ${this.#documents - 1}`);
    for (; this.#documents < document; this.#documents++) this.#take().fill(0);
    this.#take().set(signature);
    this.#documents++;
  }

  /** Writes what is left; the writer must not be used afterwards. */
  finish(): void {
    this.#sink.write(new Uint8Array(this.#buffer.buffer, 0, this.#length * 2));
  }

  #take(): Uint16Array {
    if (this.#length === this.#buffer.length) {
      this.#sink.write(new Uint8Array(this.#buffer.buffer));
      this.#length = 0;
    }
    this.#length += this.#slots;
    return this.#buffer.subarray(this.#length - this.#slots, this.#length);
  }
}

/** A signature file of one span. */
export interface SignatureInput {
  readonly file: Vouched;
  /** Global number of the span's first document. Spans do not overlap. */
  readonly firstDocument: number;
}

/** Signatures by global document number. Close it after use. */
export class SignatureReader {
  readonly #inputs: readonly SignatureInput[];
  readonly #slots: number;
  /** The one used last is the last one. */
  readonly #open = new Map<SignatureInput, { readonly blocks: Blocks; readonly descriptor: number }>();

  constructor(inputs: readonly SignatureInput[], slots: number) {
    this.#inputs = inputs.toSorted((a, b) => a.firstDocument - b.firstDocument);
    this.#slots = slots;
  }

  /** Writes the signature of `document` to `out[at, at + slots)`. Throws RunError `store/damaged`. */
  read(document: number, out: Uint16Array, at: number): void {
    const input = this.#find(document);
    const bytes = this.#slots * 2;
    const { blocks, descriptor } = this.#opened(input);
    const target = new Uint8Array(out.buffer, out.byteOffset + at * 2, bytes);
    blocks.fill(descriptor, target, (document - input.firstDocument) * bytes);
  }

  close(): void {
    for (const { descriptor } of this.#open.values()) fs.closeSync(descriptor);
    this.#open.clear();
  }

  /** The last input that starts at or before `document`. */
  #find(document: number): SignatureInput {
    let low = 0;
    let high = this.#inputs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (entryAt(this.#inputs, middle, "signature file").firstDocument <= document) low = middle;
      else high = middle - 1;
    }
    return entryAt(this.#inputs, low, "signature file");
  }

  #opened(input: SignatureInput): { readonly blocks: Blocks; readonly descriptor: number } {
    const known = this.#open.get(input);
    if (known !== undefined) {
      this.#open.delete(input);
      this.#open.set(input, known);
      return known;
    }
    const [oldest] = this.#open;
    if (oldest !== undefined && this.#open.size >= OPEN_FILES) {
      fs.closeSync(oldest[1].descriptor);
      this.#open.delete(oldest[0]);
    }
    const blocks = new Blocks(input.file);
    const opened = { blocks, descriptor: blocks.open() };
    this.#open.set(input, opened);
    return opened;
  }
}
