/**
 * Streaming xz: any number of streams, with the zero padding that may stand between them.
 *
 * The decoder is XZ Embedded in WebAssembly, the module inside `xz-decompress`, without the web stream around it.
 * Invariant: CRC32 and CRC64 are checked, of headers, blocks and index; a stream with another check or a filter besides
 * LZMA2 is refused by name. Memory: the dictionary, 64 MiB at most, which every setting of `xz` keeps to. Price: 40
 * MB/s.
 */
import { DataError } from "../../batch/errors.ts";
import { embeddedModule } from "./embedded-module.ts";

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly create_context: () => number;
  /** Says that so many bytes lie in the input buffer; none is the end of the file. */
  readonly supply_input: (context: number, bytes: number) => void;
  readonly get_next_output: (context: number) => number;
}

/** Words of a context: bytes in each buffer; input address, position, size; output address, position. */
const CONTEXT = { bufferBytes: 0, input: 4, inputAt: 8, inputBytes: 12, output: 16, outputAt: 20 } as const;
/** What the decoder answers. */
const OK = 0;
const END = 1;
const UNKNOWN_CHECK = 2;
const MEMORY_LIMIT = 4;
const OPTIONS = 6;
const NO_PROGRESS = 8;

let compiled: WebAssembly.Module | undefined;

/** Decompresses `pieces`. Throws DataError `data/truncated-xz`, `data/corrupt-xz`, `data/xz-options`. */
export async function* unxz(pieces: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const decoder = new XzDecoder(name);
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += decoder.bufferBytes) {
      yield* decoder.push(piece.subarray(at, at + decoder.bufferBytes));
    }
  }
  yield* decoder.finish();
}

class XzDecoder {
  readonly bufferBytes: number;
  readonly #exports: Exports;
  readonly #context: number;
  readonly #name: string;
  #given = 0;

  constructor(name: string) {
    compiled ??= embeddedModule("xz-decompress");
    this.#exports = new WebAssembly.Instance(compiled).exports as unknown as Exports;
    this.#context = this.#exports.create_context();
    this.#name = name;
    this.bufferBytes = this.#word(CONTEXT.bufferBytes);
  }

  /** Decodes the next bytes, `bufferBytes` of them at most. */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    this.#given += bytes.length;
    new Uint8Array(this.#exports.memory.buffer, this.#word(CONTEXT.input), bytes.length).set(bytes);
    this.#exports.supply_input(this.#context, bytes.length);
    for (let isFull = true; isFull || this.#word(CONTEXT.inputAt) < this.#word(CONTEXT.inputBytes); ) {
      const answer = this.#exports.get_next_output(this.#context);
      isFull = this.#word(CONTEXT.outputAt) === this.bufferBytes;
      yield* this.#output();
      if (answer !== OK) throw this.#error(answer);
    }
  }

  /** The file is over. */
  *finish(): Generator<Uint8Array> {
    this.#exports.supply_input(this.#context, 0);
    for (let answer = OK; answer !== END; ) {
      answer = this.#exports.get_next_output(this.#context);
      yield* this.#output();
      if (answer !== OK && answer !== END) throw this.#error(answer);
    }
  }

  /** What lies in the output buffer, which is empty afterwards. */
  *#output(): Generator<Uint8Array> {
    const length = this.#word(CONTEXT.outputAt);
    if (length === 0) return;
    const from = this.#word(CONTEXT.output);
    yield new Uint8Array(this.#exports.memory.buffer.slice(from, from + length));
    this.#view().setUint32(CONTEXT.outputAt, 0, true);
  }

  #word(at: number): number {
    return this.#view().getUint32(at, true);
  }

  #view(): DataView {
    return new DataView(this.#exports.memory.buffer, this.#context);
  }

  #error(answer: number): DataError {
    const name = this.#name;
    // Of what was given to the decoder last, it does not say how far it came.
    const byte = Math.max(0, this.#given - this.bufferBytes);
    if (answer === NO_PROGRESS) {
      return new DataError({
        code: "data/truncated-xz",
        what: `${name} ends inside an xz stream, after byte ${this.#given}`,
        why: "the rest of the file is missing, so documents would be lost",
        fix: "download or copy the file again",
      });
    }
    if (answer === OPTIONS || answer === UNKNOWN_CHECK || answer === MEMORY_LIMIT) {
      const what =
        answer === MEMORY_LIMIT
          ? "needs a dictionary of more than 64 MiB"
          : "has a filter besides LZMA2, or a check that is neither CRC32 nor CRC64";
      return new DataError({
        code: "data/xz-options",
        what: `${name} ${what}`,
        fix: "compress it again, for example: xz -dc FILE | zstd > FILE.zst",
      });
    }
    return new DataError({
      code: "data/corrupt-xz",
      what: `${name} is damaged after byte ${byte}`,
      why: "text after this point cannot be trusted",
      fix: "download or copy the file again",
    });
  }
}
