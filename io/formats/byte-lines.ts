/**
 * A window over a stream of bytes that hands out whole lines.
 *
 * Invariant: every byte of the stream is in exactly one line; a line is followed in the buffer by a newline and by room
 * for reads past it, also the last line of a file that does not end in one. Price: each byte is copied once into the
 * window; memory is the window (a few MiB), growing to a line's size for a huge line and never beyond `maxLineBytes`.
 */

import { allocate, release } from "../../batch/memory.ts";
import type { ByteSource } from "../source.ts";

const NEWLINE = 0x0a;
/** Bytes that a reader of a line may look at beyond its newline. */
const SLACK_BYTES = 64;
const WINDOW_BYTES = 4 * 1024 * 1024;

/** Lines that lie in the window together. The bytes are overwritten by the next step of {@link lineBlocks}. */
export interface LineBlock {
  readonly bytes: Buffer;
  /** Start of the first line in `bytes`. */
  readonly start: number;
  /** End of the last line, its newline included. */
  readonly end: number;
  /** Offset in the stream of `bytes[0]`. */
  readonly base: number;
  /** True for a single line longer than `maxLineBytes`: only its place is known, `end - start` is 0. */
  readonly tooLarge: boolean;
}

const FIRST_OVERSHOOT_BYTES = 256 * 1024;

/**
 * The bytes of `source` from `start` to its end, one read ahead of the consumer where reading takes time, in pieces of a few MiB that
 * hold until the next one is asked for. Past `wanted`, where a consumer only looks for the end of its last line, pieces start small.
 */
export async function* chunksFrom(source: ByteSource, start: number, wanted: number): AsyncGenerator<Uint8Array> {
  let overshoot = FIRST_OVERSHOOT_BYTES;
  let at = start;
  const advance = (): number => {
    const from = at;
    if (from < wanted) {
      at = Math.min(from + WINDOW_BYTES, wanted);
    } else {
      at = Math.min(from + overshoot, source.byteLength);
      overshoot = Math.min(overshoot * 2, WINDOW_BYTES);
    }
    return from;
  };
  if (source.readInto !== undefined) {
    const piece = allocate(WINDOW_BYTES);
    try {
      while (at < source.byteLength) {
        const from = advance();
        source.readInto(piece.subarray(0, at - from), from);
        yield piece.subarray(0, at - from);
      }
    } finally {
      release(piece);
    }
    return;
  }
  const next = (): Promise<Uint8Array> | undefined => {
    if (at >= source.byteLength) return undefined;
    const from = advance();
    const reading = source.read(from, at);
    // A consumer may stop before it asks for this piece; whoever awaits it still sees the error.
    reading.catch(() => {});
    return reading;
  };
  let ahead = next();
  while (ahead !== undefined) {
    const piece = await ahead;
    ahead = at < wanted ? next() : undefined;
    yield piece;
    ahead ??= next();
  }
}

/** Cuts `chunks`, which begin at byte `offset` of their file, into windows of whole lines. */
export async function* lineBlocks(
  chunks: AsyncIterable<Uint8Array>,
  offset: number,
  maxLineBytes: number,
): AsyncGenerator<LineBlock> {
  let buffer = Buffer.alloc(0);
  let length = 0;
  let base = offset;
  let dropping = false;
  try {
    for await (const piece of chunks) {
      let chunk = piece;
      if (dropping) {
        const newline = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).indexOf(NEWLINE);
        if (newline < 0) {
          base += chunk.length;
          continue;
        }
        base += newline + 1;
        chunk = chunk.subarray(newline + 1);
        dropping = false;
      }
      if (length + chunk.length + SLACK_BYTES > buffer.length) {
        const memory = allocate(Math.max(buffer.length * 2, length + chunk.length + SLACK_BYTES));
        const grown = Buffer.from(memory.buffer, memory.byteOffset, memory.length);
        grown.set(buffer.subarray(0, length));
        release(buffer);
        buffer = grown;
      }
      buffer.set(chunk, length);
      length += chunk.length;

      // What was left of the chunks before holds no newline.
      const newline = buffer.subarray(length - chunk.length, length).lastIndexOf(NEWLINE);
      const end = newline < 0 ? 0 : length - chunk.length + newline + 1;
      if (end > 0) {
        yield { bytes: buffer, start: 0, end, base, tooLarge: false };
        buffer.copyWithin(0, end, length);
        length -= end;
        base += end;
      }
      if (length > maxLineBytes) {
        yield { bytes: buffer, start: 0, end: 0, base, tooLarge: true };
        base += length;
        length = 0;
        dropping = true;
      }
    }
    if (length > 0) {
      buffer[length] = NEWLINE;
      yield { bytes: buffer, start: 0, end: length + 1, base, tooLarge: false };
    }
  } finally {
    release(buffer);
  }
}
