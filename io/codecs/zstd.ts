/**
 * zstd, a stream or a block at a time, over whichever build of the library this machine has.
 *
 * What builds do not agree on is judged here: where frames end, dictionaries, windows, what follows a frame. Invariant:
 * the same bytes or the same error from each build; memory is bounded by the window (128 MiB at most) and one block of
 * zstd, however large a frame is. Price: that of zstd-backends.ts.
 */
import { DataError, RunError } from "../../batch/errors.ts";
import { type ZstdBackend, zstdBackend } from "./zstd-backends.ts";
import { ZstdFault } from "./zstd-fault.ts";
import { ZSTD_MAGIC_BYTES, ZstdFrameWalker } from "./zstd-frames.ts";

/** Decompresses `pieces`. Throws DataError `data/truncated-zstd`, `data/corrupt-zstd`, `data/zstd-window`, `data/zstd-dictionary`. */
export async function* unzstd(
  pieces: AsyncIterable<Uint8Array>,
  name: string,
  backend: ZstdBackend = zstdBackend(),
): AsyncGenerator<Uint8Array> {
  const walker = new ZstdFrameWalker(name);
  const decoder = backend.createDecoder();
  let content = 0;
  const counted = (output: Uint8Array) => {
    content += output.length;
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
          await decode(() => {
            decoder.start();
            return decoder.push(ZSTD_MAGIC_BYTES);
          }, walker);
          continue;
        }
        if (!inside) continue;
        for (const output of await decode(() => decoder.push(piece.subarray(from, at)), walker)) yield counted(output);
        if (walker.event !== "end") continue;
        for (const output of await decode(() => decoder.finish(), walker)) yield counted(output);
        checkLength(walker, content);
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
    if (!(error instanceof ZstdFault)) throw error;
    throw error.isMemory ? outOfMemory(walker) : walker.corrupt(error.message);
  }
}

function checkLength(walker: ZstdFrameWalker, content: number): void {
  const { content_bytes } = walker.frame;
  if (content_bytes === undefined || content_bytes === content) return;
  throw walker.corrupt(`the frame holds ${content} bytes where its header says ${content_bytes}`);
}

function outOfMemory({ frame }: ZstdFrameWalker): RunError {
  return new RunError({
    code: "run/out-of-memory",
    what: `there is no memory to decompress the zstd frame at byte ${frame.byte}`,
    fix: "run it again with fewer --workers",
  });
}

/**
 * Decompresses the frames in `block`, a Parquet page or a buffer of Arrow, which together hold at most `maxBytes`. Throws an Error that says
 * what is wrong with the block; whoever has it knows where it lies.
 */
export function unzstdBlock(block: Uint8Array, maxBytes: number, backend: ZstdBackend = zstdBackend()): Uint8Array {
  // As the library has it, no frames hold no bytes.
  if (block.length === 0) return new Uint8Array(0);
  const length = contentLength(block);
  if (length !== undefined && length > maxBytes) throw new Error(`zstd block of ${length} bytes, ${maxBytes} expected`);
  const content = backend.block(block, length);
  if (content.length > maxBytes || (length !== undefined && content.length !== length)) {
    throw new Error(`zstd block holds ${content.length} bytes, ${length ?? maxBytes} expected`);
  }
  return content;
}

/** Bytes that the frames of `block` hold, undefined where one does not tell. */
function contentLength(block: Uint8Array): number | undefined {
  const walker = new ZstdFrameWalker("the zstd block");
  let length: number | undefined = 0;
  try {
    for (let at = 0; at < block.length; ) {
      at = walker.advance(block, at);
      if (walker.event !== "end") continue;
      const { content_bytes } = walker.frame;
      length = length === undefined || content_bytes === undefined ? undefined : length + content_bytes;
    }
    walker.finish();
  } catch (error) {
    // Where the block lies is not known here, so this is not yet what a user is told.
    throw error instanceof DataError ? new Error(error.details.what) : error;
  }
  return length;
}
