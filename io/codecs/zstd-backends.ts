/**
 * Which builds of the zstd library this machine has: that of Node, where it has one, and the one in WebAssembly.
 *
 * Invariant: the same bytes or the same fault from each (a differential fuzz in test/io/codecs compares them); neither
 * may judge what ZstdFrameWalker judges. Price: Node's 600 to 700 MB/s, WebAssembly's two thirds of that.
 */
import zlib from "node:zlib";
import { type EngineStream, ZlibEngine } from "./zlib-engine.ts";
import { openZstdDecoder } from "./zstd-decoder.ts";
import { ZstdFault } from "./zstd-fault.ts";
import { MAX_WINDOW_LOG } from "./zstd-frames.ts";

/** Decodes one frame after another; pieces never span two frames. All throw ZstdFault. */
export interface FrameDecoder {
  start(): void;
  push(piece: Uint8Array): Uint8Array[] | Promise<Uint8Array[]>;
  /** What is still inside at the end of a frame. */
  finish(): Uint8Array[] | Promise<Uint8Array[]>;
  close(): void;
}

export interface ZstdBackend {
  readonly name: "node:zlib" | "WebAssembly";
  /** How to get a faster one; absent where there is none. */
  readonly hint?: string;
  readonly createDecoder: () => FrameDecoder;
  /** Decodes whole frames that hold `length` bytes together; undefined where their headers do not tell. Throws ZstdFault. */
  readonly block: (frames: Uint8Array, length: number | undefined) => Uint8Array;
}

/** Every build this machine has, best first. */
export function zstdBackends(): readonly ZstdBackend[] {
  return [nodeBackend(), wasmBackend()].filter((backend) => backend !== undefined);
}

let best: ZstdBackend | undefined;

/** The one that is used. */
export function zstdBackend(): ZstdBackend {
  best ??= nodeBackend() ?? wasmBackend();
  return best;
}

/** The zstd part of `node:zlib`, which `@types/node` 20 does not describe. */
interface ZlibWithZstd {
  readonly createZstdDecompress?: (options: ZstdOptions) => EngineStream;
  readonly zstdDecompressSync?: (frames: Uint8Array, options: ZstdOptions) => Uint8Array;
  readonly constants: { readonly ZSTD_d_windowLogMax: number };
}

interface ZstdOptions {
  readonly chunkSize: number;
  readonly params: Record<number, number>;
}

const CHUNK_BYTES = 1 << 18;

function nodeBackend(): ZstdBackend | undefined {
  const { createZstdDecompress, zstdDecompressSync, constants } = zlib as unknown as ZlibWithZstd;
  if (createZstdDecompress === undefined || zstdDecompressSync === undefined) return undefined;
  const options = { chunkSize: CHUNK_BYTES, params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG } };
  return {
    name: "node:zlib",
    createDecoder: () => {
      let engine: ZlibEngine | undefined;
      return {
        start: () => {
          engine = new ZlibEngine(createZstdDecompress(options));
        },
        push: (piece) => engine?.push(piece).catch(rethrow) ?? [],
        finish: async () => {
          const rest = (await engine?.finish().catch(rethrow)) ?? [];
          engine?.close();
          return rest;
        },
        close: () => engine?.close(),
      };
    },
    block: (frames, length = CHUNK_BYTES) => {
      try {
        // Node takes no chunks below 64 bytes; with one byte to spare it sees at once that nothing follows.
        return zstdDecompressSync(frames, { ...options, chunkSize: Math.max(64, length + 1) });
      } catch (error) {
        throw ZstdFault.ofNode(error);
      }
    },
  };
}

function rethrow(error: unknown): never {
  throw ZstdFault.ofNode(error);
}

function wasmBackend(): ZstdBackend {
  return {
    name: "WebAssembly",
    hint: "about 1.5 times faster with Node 22.15 or later",
    createDecoder: () => {
      const decoder = openZstdDecoder();
      return {
        start: () => decoder.reset(),
        push: (piece) => decoder.push(piece),
        finish: () => [],
        close: () => decoder.close(),
      };
    },
    block: (frames, length) => {
      const decoder = openZstdDecoder();
      try {
        return length === undefined ? Buffer.concat(decoder.push(frames)) : decoder.block(frames, length);
      } finally {
        decoder.close();
      }
    },
  };
}
