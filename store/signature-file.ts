/**
 * Signature files: beside a key file, the signature of every document of the span, for barriers that verify before uniting.
 *
 * Layout: `slots` u16 little-endian a document, dense by the document's number in its span; zeros for one without a sketch,
 * nothing after the last one with a sketch. Price: 2 bytes a slot and document, one small read for every document that
 * shares a key; a reader keeps at most {@link OPEN_FILES} files open.
 */
import fs from "node:fs";
import { RunError } from "../batch/errors.ts";

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
  readonly path: string;
  /** Global number of the span's first document. Spans do not overlap. */
  readonly firstDocument: number;
}

/** Signatures by global document number. Close it after use. */
export class SignatureReader {
  readonly #inputs: readonly SignatureInput[];
  readonly #slots: number;
  /** By position in `#inputs`; the one used last is the last one. */
  readonly #open = new Map<number, number>();

  constructor(inputs: readonly SignatureInput[], slots: number) {
    this.#inputs = inputs.toSorted((a, b) => a.firstDocument - b.firstDocument);
    this.#slots = slots;
  }

  /** Writes the signature of `document` to `out[at, at + slots)`. Throws RunError `run/broken-signature-file`. */
  read(document: number, out: Uint16Array, at: number): void {
    const input = this.#find(document);
    const { path, firstDocument } = this.#inputs[input];
    const bytes = this.#slots * 2;
    const target = new Uint8Array(out.buffer, out.byteOffset + at * 2, bytes);
    const start = (document - firstDocument) * bytes;
    const descriptor = this.#descriptor(input);
    for (let done = 0; done < bytes; ) {
      const read = fs.readSync(descriptor, target, done, bytes - done, start + done);
      if (read === 0) throw brokenSignatureFile(path, `ends before document ${document - firstDocument} of its span`);
      done += read;
    }
  }

  close(): void {
    for (const descriptor of this.#open.values()) fs.closeSync(descriptor);
    this.#open.clear();
  }

  /** The last input that starts at or before `document`. */
  #find(document: number): number {
    let low = 0;
    let high = this.#inputs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#inputs[middle].firstDocument <= document) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #descriptor(input: number): number {
    const known = this.#open.get(input);
    if (known !== undefined) {
      this.#open.delete(input);
      this.#open.set(input, known);
      return known;
    }
    if (this.#open.size >= OPEN_FILES) {
      const [[oldest, descriptor]] = this.#open;
      fs.closeSync(descriptor);
      this.#open.delete(oldest);
    }
    const descriptor = openFile(this.#inputs[input].path);
    this.#open.set(input, descriptor);
    return descriptor;
  }
}

function openFile(path: string): number {
  try {
    return fs.openSync(path, "r");
  } catch (error) {
    throw brokenSignatureFile(path, `cannot be opened (${(error as NodeJS.ErrnoException).code})`, error);
  }
}

function brokenSignatureFile(path: string, how: string, cause?: unknown): RunError {
  return new RunError(
    {
      code: "run/broken-signature-file",
      what: `signature file ${path} ${how}`,
      why: "without it near-duplicates cannot be verified",
      fix: "remove the ingest folder it is in and start the run again: the span is sketched anew",
    },
    { cause },
  );
}
