/**
 * Streaming zstd over whichever decoder this machine has.
 *
 * The best of three is used: Node's own (22.15 and later), the optional package `zstd-napi`, and `fzstd`, which is plain JavaScript and
 * checks nothing, so its output is checked here against the frame's XXH64. Invariant: the same bytes or the same error from each;
 * memory is bounded by the window (128 MiB at most) and one block, however large a frame is.
 * Price: about 700 MB/s native, 120 MB/s with fzstd (20 MB/s where a frame uses the largest window).
 */
import { createRequire } from "node:module";
import zlib from "node:zlib";
import { Decompress } from "fzstd";
import { Xxh64Stream } from "../../kernels/hash/xxh64.ts";
import { type EngineStream, ZlibEngine } from "./zlib-engine.ts";
import { MAX_WINDOW_LOG, ZSTD_MAGIC_BYTES, type ZstdFrame, ZstdFrameWalker } from "./zstd-frames.ts";

/** Decodes one frame after another; pieces never span two frames. */
interface FrameDecoder {
  start(): void;
  push(piece: Uint8Array): Uint8Array[] | Promise<Uint8Array[]>;
  /** What is still inside at the end of a frame. */
  finish(): Uint8Array[] | Promise<Uint8Array[]>;
  close(): void;
}

export interface ZstdBackend {
  readonly name: "node:zlib" | "zstd-napi" | "fzstd";
  /** How to get a faster one; absent where there is none. */
  readonly hint?: string;
  /** The decoder compares checksums itself. */
  readonly verifies: boolean;
  readonly createDecoder: () => FrameDecoder;
}

/** Every decoder this machine has, best first. */
export function zstdBackends(): readonly ZstdBackend[] {
  return [nodeBackend(), nativeBackend(), javascriptBackend()].filter((backend) => backend !== undefined);
}

/** The decoder that is used. */
export function zstdBackend(): ZstdBackend {
  const [best = javascriptBackend()] = zstdBackends();
  return best;
}

/** Decompresses `pieces`. Throws DataError `data/truncated-zstd`, `data/corrupt-zstd`, `data/zstd-window`, `data/zstd-dictionary`. */
export async function* unzstd(
  pieces: AsyncIterable<Uint8Array>,
  name: string,
  backend: ZstdBackend = zstdBackend(),
): AsyncGenerator<Uint8Array> {
  const walker = new ZstdFrameWalker(name);
  const decoder = backend.createDecoder();
  const hash = backend.verifies ? undefined : new Xxh64Stream();
  let content = 0;
  const tally = (output: Uint8Array) => {
    content += output.length;
    hash?.update(output);
    return output;
  };
  try {
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length; ) {
        const from = at;
        const inside = walker.inFrame;
        at = walker.advance(piece, at);
        if (walker.event === "start") {
          content = 0;
          hash?.reset();
          decoder.start();
          await decode(() => decoder.push(ZSTD_MAGIC_BYTES), walker);
          continue;
        }
        if (!inside) continue;
        for (const output of await decode(() => decoder.push(piece.subarray(from, at)), walker)) yield tally(output);
        if (walker.event !== "end") continue;
        for (const output of await decode(() => decoder.finish(), walker)) yield tally(output);
        verify(walker, content, hash);
      }
    }
    walker.finish();
  } finally {
    decoder.close();
  }
}

async function decode(run: () => Uint8Array[] | Promise<Uint8Array[]>, walker: ZstdFrameWalker): Promise<Uint8Array[]> {
  try {
    return await run();
  } catch (error) {
    throw walker.corrupt(error instanceof Error ? error.message : String(error));
  }
}

function verify(walker: ZstdFrameWalker, content: number, hash: Xxh64Stream | undefined): void {
  const frame: ZstdFrame = walker.frame;
  if (frame.content_bytes !== undefined && frame.content_bytes !== content) {
    throw walker.corrupt(`the frame holds ${content} bytes where its header says ${frame.content_bytes}`);
  }
  if (!hash || !frame.hasChecksum) return;
  const digest = new Uint32Array(2);
  hash.digest(digest);
  if (digest[1] !== walker.checksum) throw walker.corrupt("the content checksum does not match");
}

/** The zstd part of `node:zlib`, which `@types/node` 20 does not describe. */
interface ZlibWithZstd {
  readonly createZstdDecompress?: (options: { chunkSize: number; params: Record<number, number> }) => EngineStream;
  readonly constants: { readonly ZSTD_d_windowLogMax: number };
}

function nodeBackend(): ZstdBackend | undefined {
  const { createZstdDecompress, constants } = zlib as unknown as ZlibWithZstd;
  if (!createZstdDecompress) return undefined;
  const options = { chunkSize: 1 << 18, params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG } };
  return {
    name: "node:zlib",
    verifies: true,
    createDecoder: () => {
      let engine: ZlibEngine | undefined;
      return {
        start: () => {
          engine = new ZlibEngine(createZstdDecompress(options));
        },
        push: (piece) => engine?.push(piece) ?? [],
        finish: async () => {
          const rest = (await engine?.finish()) ?? [];
          engine?.close();
          return rest;
        },
        close: () => engine?.close(),
      };
    },
  };
}

/** The part of `zstd-napi/binding.js` that is used. */
interface NativeBinding {
  readonly DCtx: new () => {
    decompressStream(output: Uint8Array, input: Uint8Array): [hint: number, produced: number, consumed: number];
  };
}

function nativeBackend(): ZstdBackend | undefined {
  let binding: NativeBinding;
  try {
    binding = createRequire(import.meta.url)("zstd-napi/binding.js") as NativeBinding;
  } catch {
    return undefined;
  }
  return {
    name: "zstd-napi",
    verifies: true,
    createDecoder: () => {
      const context = new binding.DCtx();
      let output = new Uint8Array(0);
      const push = (piece: Uint8Array): Uint8Array[] => {
        const pieces: Uint8Array[] = [];
        let hint = 1;
        let full = false;
        for (let at = 0; at < piece.length || full; ) {
          // Outputs are given away, so the buffer is only ever filled up, never reused.
          if (output.length < 1 << 17) output = new Uint8Array(1 << 20);
          const [left, produced, consumed] = context.decompressStream(output, piece.subarray(at));
          hint = left;
          at += consumed;
          full = produced === output.length && hint !== 0;
          if (produced > 0) pieces.push(output.subarray(0, produced));
          output = output.subarray(produced);
        }
        return pieces;
      };
      return { start: () => {}, push, finish: () => [], close: () => {} };
    },
  };
}

function javascriptBackend(): ZstdBackend {
  return {
    name: "fzstd",
    hint: "about 6 times faster with Node 22.15 or later, or with: npm install zstd-napi",
    verifies: false,
    createDecoder: () => {
      let pieces: Uint8Array[] = [];
      let stream = new Decompress();
      const take = (): Uint8Array[] => {
        const taken = pieces;
        pieces = [];
        return taken;
      };
      return {
        start: () => {
          stream = new Decompress((piece) => pieces.push(piece));
        },
        push: (piece) => {
          // It keeps what it is given until a block is complete, and the caller may reuse the piece.
          stream.push(piece.slice());
          return take();
        },
        finish: () => {
          // Frames under 18 bytes wait for this.
          stream.push(new Uint8Array(0), true);
          return take();
        },
        close: () => {},
      };
    },
  };
}
