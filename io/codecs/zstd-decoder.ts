/**
 * The decoder of the zstd library as WebAssembly: the module inside `zstddec`, without the loader around it.
 *
 * One build on every Node and processor: native builds are not equal, not even of one version. The fast Huffman loop of
 * 64-bit builds does not look whether a stream of literals ends where it should, so Node's zstd takes damaged frames
 * without a checksum that this build refuses. The package's own loop does not look at what the library answers, so
 * damage comes out as content; here every answer is looked at. Its functions have the library's names. Invariant: what
 * the library refuses is a {@link ZstdFault}. Memory: an instance has the window of one stream (128 MiB at most) and
 * 1 MB; its memory never shrinks, so those that grew are given up with their stream; a thread keeps up to four others for what comes next. Price: 350 to 420 MB/s of prose,
 * two thirds of a native build or more; a few ms once a thread, 0.2 ms an instance.
 */
import { embeddedModule } from "./embedded-module.ts";

/** The library answers an error with its number, negated; the highest number is this. */
const MAX_ERROR = 120;
const MEMORY_ERROR = 64;
/** What the numbers mean to whoever has the file. */
const WORDS: ReadonlyMap<number, string> = new Map([
  [14, "a frame header asks for what does not exist"],
  [16, "a frame needs too much memory"],
  [22, "the content checksum does not match"],
  [MEMORY_ERROR, "there is no memory to decode it"],
  [70, "it holds more bytes than its headers say"],
]);
const INPUT_BYTES = 1 << 18;
const OUTPUT_BYTES = 1 << 18;
/** `{ address, size, position }` of an input, then of an output. */
const BUFFER_BYTES = 12;
const POSITION = 8;
/** Instances with more memory are not kept for another stream; each begins with 16.1 MiB. */
const MAX_IDLE_BYTES = 1 << 25;
const MAX_IDLE = 4;

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly malloc: (bytes: number) => number;
  readonly free: (address: number) => void;
  readonly ZSTD_createDCtx: () => number;
  readonly ZSTD_freeDCtx: (context: number) => number;
  readonly ZSTD_decompressStream: (context: number, output: number, input: number) => number;
  readonly ZSTD_decompress: (to: number, toBytes: number, from: number, fromBytes: number) => number;
}

/** The library refuses what it was given, or has no memory for it. */
export class ZstdFault extends Error {
  readonly isMemory: boolean;

  constructor(number: number) {
    super(WORDS.get(number) ?? "a block does not decode");
    this.name = "ZstdFault";
    this.isMemory = number === MEMORY_ERROR;
  }
}

let compiled: WebAssembly.Module | undefined;
const idle: ZstdDecoder[] = [];

/** A decoder for one stream, or for one block. */
export function openZstdDecoder(): ZstdDecoder {
  return idle.pop() ?? new ZstdDecoder();
}

export class ZstdDecoder {
  readonly #exports: Exports;
  readonly #input: number;
  readonly #output: number;
  /** Two structs of {@link BUFFER_BYTES} bytes. */
  readonly #buffers: number;
  #context = 0;
  #heap: Uint8Array;
  #view: DataView;

  constructor() {
    compiled ??= embeddedModule("zstddec/stream");
    const env = { emscripten_notify_memory_growth: () => this.#grown() };
    this.#exports = new WebAssembly.Instance(compiled, { env }).exports as unknown as Exports;
    const { memory } = this.#exports;
    this.#heap = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    this.#input = this.#allocate(INPUT_BYTES);
    this.#output = this.#allocate(OUTPUT_BYTES);
    this.#buffers = this.#allocate(2 * BUFFER_BYTES);
  }

  /** A frame begins; what was pushed before is forgotten. */
  start(): void {
    if (this.#context !== 0) this.#exports.ZSTD_freeDCtx(this.#context);
    this.#context = this.#exports.ZSTD_createDCtx();
    if (this.#context === 0) throw new ZstdFault(MEMORY_ERROR);
  }

  /** Decodes the next bytes of a frame that was started. Throws ZstdFault. */
  push(bytes: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += INPUT_BYTES) this.#pushPart(bytes.subarray(at, at + INPUT_BYTES), pieces);
    return pieces;
  }

  /** Decodes a whole frame that holds `length` bytes. Throws ZstdFault. */
  frame(bytes: Uint8Array, length: number): Uint8Array {
    const from = this.#allocate(bytes.length);
    try {
      const to = this.#allocate(length);
      try {
        this.#heap.set(bytes, from);
        const found = this.#checked(this.#exports.ZSTD_decompress(to, length, from, bytes.length));
        return this.#heap.slice(to, to + found);
      } finally {
        this.#exports.free(to);
      }
    } finally {
      this.#exports.free(from);
    }
  }

  /** Hands the decoder back. */
  close(): void {
    if (idle.length < MAX_IDLE && this.#heap.length <= MAX_IDLE_BYTES) idle.push(this);
  }

  #pushPart(part: Uint8Array, pieces: Uint8Array[]): void {
    this.#heap.set(part, this.#input);
    const input = this.#buffers;
    const output = this.#buffers + BUFFER_BYTES;
    this.#setBuffer(input, this.#input, part.length);
    for (let isFull = true; isFull || this.#position(input) < part.length; ) {
      this.#setBuffer(output, this.#output, OUTPUT_BYTES);
      this.#checked(this.#exports.ZSTD_decompressStream(this.#context, output, input));
      const length = this.#position(output);
      if (length > 0) pieces.push(this.#heap.slice(this.#output, this.#output + length));
      isFull = length === OUTPUT_BYTES;
    }
  }

  #setBuffer(at: number, address: number, size: number): void {
    this.#view.setUint32(at, address, true);
    this.#view.setUint32(at + 4, size, true);
    this.#view.setUint32(at + POSITION, 0, true);
  }

  #position(at: number): number {
    return this.#view.getUint32(at + POSITION, true);
  }

  #allocate(bytes: number): number {
    const address = this.#exports.malloc(Math.max(1, bytes));
    if (address === 0) throw new ZstdFault(MEMORY_ERROR);
    return address >>> 0;
  }

  #checked(result: number): number {
    if (result < 0 && result >= -MAX_ERROR) throw new ZstdFault(-result);
    return result >>> 0;
  }

  #grown(): void {
    const { memory } = this.#exports;
    this.#heap = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
  }
}
