/**
 * The decoder of the zstd library as WebAssembly: the module inside `zstddec`, without the loader around it.
 *
 * The package's own loop does not look at what the library answers, so damage comes out as content. Here every answer is
 * looked at. The module lies in the package as base64 text; its functions have the library's names. Invariant: what the
 * library refuses is a {@link ZstdFault}. Memory: an instance has the window of one stream (128 MiB at most) and 0.6 MB;
 * its memory never shrinks, so those that grew are given up with their stream. Price: 400 MB/s of prose, a few ms once
 * a thread, 0.2 ms an instance.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { ZstdFault } from "./zstd-fault.ts";

/** A WebAssembly module begins with these bytes, in base64. */
const MODULE_TEXT = /(["'`])(AGFzbQ[A-Za-z0-9+/=]+)\1/;
/** The library's error codes are negative numbers down to this. */
const LAST_ERROR = -120;
const INPUT_BYTES = 1 << 18;
const OUTPUT_BYTES = 1 << 18;
/** `{ address, size, position }` of an input, then of an output. */
const BUFFER_BYTES = 12;
const POSITION = 8;
/** Instances with more memory are not kept for another stream. */
const MAX_IDLE_BYTES = 1 << 24;
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

let compiled: WebAssembly.Module | undefined;
const idle: ZstdDecoder[] = [];

/** A decoder for one stream, or for one block after another. */
export function openZstdDecoder(): ZstdDecoder {
  const decoder = idle.pop() ?? new ZstdDecoder();
  decoder.reset();
  return decoder;
}

export class ZstdDecoder {
  readonly #exports: Exports;
  readonly #input: number;
  readonly #output: number;
  /** The structs of {@link BUFFER_BYTES} bytes. */
  readonly #buffers: number;
  #context = 0;
  #heap: Uint8Array;
  #view: DataView;

  constructor() {
    compiled ??= new WebAssembly.Module(moduleBytes());
    const env = { emscripten_notify_memory_growth: () => this.#grown() };
    this.#exports = new WebAssembly.Instance(compiled, { env }).exports as unknown as Exports;
    const { memory } = this.#exports;
    this.#heap = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    this.#input = this.#allocate(INPUT_BYTES);
    this.#output = this.#allocate(OUTPUT_BYTES);
    this.#buffers = this.#allocate(2 * BUFFER_BYTES);
  }

  /** Forgets what was pushed. */
  reset(): void {
    if (this.#context !== 0) this.#exports.ZSTD_freeDCtx(this.#context);
    this.#context = this.#exports.ZSTD_createDCtx();
    if (this.#context === 0) throw new ZstdFault("memory_allocation");
  }

  /** Decodes the next bytes of a stream; frames may follow each other. Throws ZstdFault. */
  push(bytes: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += INPUT_BYTES) this.#pushPart(bytes.subarray(at, at + INPUT_BYTES), pieces);
    return pieces;
  }

  /** Decodes whole frames that hold `length` bytes together. Throws ZstdFault. */
  block(bytes: Uint8Array, length: number): Uint8Array {
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
    if (address === 0) throw new ZstdFault("memory_allocation");
    return address >>> 0;
  }

  #checked(result: number): number {
    if (result < 0 && result >= LAST_ERROR) throw ZstdFault.ofNumber(-result);
    return result >>> 0;
  }

  #grown(): void {
    const { memory } = this.#exports;
    this.#heap = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
  }
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const path = createRequire(import.meta.url).resolve("zstddec/stream");
  const text = MODULE_TEXT.exec(readFileSync(path, "latin1"))?.[2];
  if (text === undefined) throw new Error(`there is no WebAssembly module in ${path}`);
  return Uint8Array.from(Buffer.from(text, "base64"));
}
