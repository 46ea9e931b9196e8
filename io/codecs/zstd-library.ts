/**
 * The zstd library as WebAssembly: the module inside `@foxglove/wasm-zstd`, without the loader around it.
 *
 * The package loads asynchronously and copies in and out of fresh memory for every call; writers are synchronous and
 * write alike blocks. So the module is instantiated here: two functions to import, six to call, under the short names
 * of that build (a test compares with the package's own calls). Invariant: the bytes of the package. Memory: room for
 * the largest block and its compressed form, some MB for the library's tables; it is not given back. Price: a few ms
 * once a thread.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const PAGE_BYTES = 65_536;
const MAX_MEMORY_BYTES = 2 ** 31;
/** First room for a block: pages and frames are 1 to 2 MiB. */
const ROOM_BYTES = 1 << 20;

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly initialise: () => void;
  readonly malloc: (bytes: number) => number;
  readonly free: (address: number) => void;
  readonly compressBound: (bytes: number) => number;
  /** Bytes written, or -1. */
  readonly compress: (to: number, toBytes: number, from: number, fromBytes: number, level: number) => number;
}

/** What the build calls them. */
const NAMES = { memory: "c", initialise: "d", malloc: "f", free: "g", compressBound: "h", compress: "i" } as const;

class ZstdLibrary {
  readonly #exports: Exports;
  #heap: Uint8Array;
  #source = 0;
  #target = 0;
  #room = 0;

  constructor() {
    const path = createRequire(import.meta.url).resolve("@foxglove/wasm-zstd/dist/wasm-zstd.wasm");
    const imports = {
      a: (bytes: number) => this.#grow(bytes >>> 0),
      b: (to: number, from: number, bytes: number) => {
        this.#heap.copyWithin(to, from, from + bytes);
      },
    };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)), { a: imports });
    const named = Object.entries(NAMES).map(([name, short]) => [name, exports[short]]);
    this.#exports = Object.fromEntries(named) as Exports;
    this.#heap = new Uint8Array(this.#exports.memory.buffer);
    this.#exports.initialise();
    this.#reserve(ROOM_BYTES);
  }

  /** One frame of `bytes`, with `extra` bytes of room behind it. */
  compress(bytes: Uint8Array, level: number, extra = 0): Uint8Array {
    if (bytes.length > this.#room)
      this.#reserve(Math.max(bytes.length, Math.min(2 * this.#room, MAX_MEMORY_BYTES / 16)));
    this.#heap.set(bytes, this.#source);
    const { compress, compressBound } = this.#exports;
    const length = compress(this.#target, compressBound(bytes.length), this.#source, bytes.length, level);
    if (length < 0) throw new Error(`zstd could not compress ${bytes.length} bytes`);
    const frame = new Uint8Array(length + extra);
    frame.set(this.#heap.subarray(this.#target, this.#target + length));
    return frame;
  }

  #reserve(bytes: number): void {
    const { malloc, free, compressBound } = this.#exports;
    free(this.#source);
    free(this.#target);
    this.#source = malloc(bytes);
    this.#target = malloc(compressBound(bytes));
    if (this.#source === 0 || this.#target === 0) throw new Error(`no memory to compress ${bytes} bytes`);
    this.#room = bytes;
  }

  /** What malloc asks when its memory is used up: 1 where there is more now. */
  #grow(bytes: number): number {
    const { memory } = this.#exports;
    const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
    if (bytes > MAX_MEMORY_BYTES) return 0;
    try {
      memory.grow(Math.max(0, missing));
    } catch {
      return 0;
    }
    this.#heap = new Uint8Array(memory.buffer);
    return 1;
  }
}

let library: ZstdLibrary | undefined;

/** The library of this thread. */
export function zstdLibrary(): ZstdLibrary {
  library ??= new ZstdLibrary();
  return library;
}
