/**
 * zstd, a stream or a block at a time.
 *
 * Where frames end, dictionaries, windows and what follows a frame is judged by ZstdFrameWalker; what is in a frame by
 * the zstd library, one build of it on every Node and machine. Invariant: memory is bounded by the window (128 MiB at
 * most) and one block of zstd, however large a frame is. Price: 350 to 420 MB/s of prose.
 */
import { DataError, RunError } from "../../batch/errors.ts";
import { openZstdDecoder, ZstdFault } from "./zstd-decoder.ts";
import { ZSTD_MAGIC_BYTES, ZstdFrameWalker } from "./zstd-frames.ts";

/** Decompresses `pieces`. Throws DataError `data/truncated-zstd`, `data/corrupt-zstd`, `data/zstd-window`, `data/zstd-dictionary`. */
export async function* unzstd(pieces: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const walker = new ZstdFrameWalker(name);
  const decoder = openZstdDecoder();
  let content = 0;
  try {
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length; ) {
        const from = at;
        const inside = walker.inFrame;
        at = walker.advance(piece, at);
        if (walker.event === "start") {
          content = 0;
          decoder.start();
          decoder.push(ZSTD_MAGIC_BYTES);
        } else if (inside) {
          for (const output of decodedBy(walker, () => decoder.push(piece.subarray(from, at)))) {
            content += output.length;
            yield output;
          }
          if (walker.event === "end") checkLength(walker, content);
        }
      }
    }
    walker.finish();
  } finally {
    decoder.close();
  }
}

function decodedBy<Output>(walker: ZstdFrameWalker, decode: () => Output): Output {
  try {
    return decode();
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
 * Decompresses the frames in `block`, a Parquet page or a buffer of Arrow, which together hold at most `maxBytes`.
 * Throws an Error that says what is wrong with the block; whoever has it knows where it lies.
 */
export function unzstdBlock(block: Uint8Array, maxBytes: number): Uint8Array {
  const walker = new ZstdFrameWalker("the zstd block");
  const contents: Uint8Array[] = [];
  let left = maxBytes;
  try {
    for (let at = 0; at < block.length; ) {
      at = walker.advance(block, at);
      if (walker.event !== "end") continue;
      const { byte, content_bytes } = walker.frame;
      if (content_bytes !== undefined && content_bytes > left) throw tooLong(maxBytes);
      const content = frameContent(walker, block.subarray(byte, at), content_bytes, left);
      left -= content.length;
      contents.push(content);
    }
    // As the library has it, no frames hold no bytes.
    if (block.length > 0) walker.finish();
  } catch (error) {
    throw error instanceof DataError ? new Error(error.details.what) : error;
  }
  return contents.length === 1 && contents[0] !== undefined ? contents[0] : Buffer.concat(contents);
}

function frameContent(
  walker: ZstdFrameWalker,
  frame: Uint8Array,
  length: number | undefined,
  maxBytes: number,
): Uint8Array {
  const decoder = openZstdDecoder();
  try {
    if (length !== undefined) return decodedBy(walker, () => decoder.frame(frame, length));
    const pieces: Uint8Array[] = [];
    let left = maxBytes;
    decoder.start();
    // A block of zstd holds 128 KiB at most, so a piece of the input this small cannot outgrow the limit by much.
    for (let at = 0; at < frame.length; at += STEP_BYTES) {
      for (const piece of decodedBy(walker, () => decoder.push(frame.subarray(at, at + STEP_BYTES)))) {
        left -= piece.length;
        pieces.push(piece);
      }
      if (left < 0) throw tooLong(maxBytes);
    }
    return Buffer.concat(pieces);
  } finally {
    decoder.close();
  }
}

const STEP_BYTES = 1 << 12;

function tooLong(maxBytes: number): Error {
  return new Error(`zstd block holds more than the ${maxBytes} bytes expected`);
}
