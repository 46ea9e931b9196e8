/**
 * LZ4 frames: what the `lz4` tool and Arrow's writers make of blocks.
 *
 * Invariant: the content is exactly as long as promised, every checksum that a frame has matches, and no byte is left over; anything else is an
 * Error that says what is wrong. Blocks may reach back into those before them. Price: that of the plain block decompressor.
 */
import { uint8At } from "../../batch/numbers.ts";
import { xxh32 } from "../hash/xxh32.ts";
import { decompressInto } from "./decompress.ts";

const MAGIC = 0x184d2204;
const VERSION = 1;
/** By the descriptor's code, from 4 on. */
const FIRST_BLOCK_CODE = 4;
const FIRST_BLOCK_BYTES = 1 << 16;
const STORED = 0x80000000;

/** No frame's content is longer than this many times its bytes. */
export const LZ4_MAX_RATIO = 255;

/** Fills `content` from `frame`, one frame. */
export function decompressFrame(frame: Uint8Array, content: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let at = 0;
  const take = (bytes: number): number => {
    if (bytes > frame.length - at) throw new Error("the LZ4 frame ends early");
    at += bytes;
    return at - bytes;
  };
  if (view.getUint32(take(4), true) !== MAGIC) throw new Error("no LZ4 frame begins here");
  const flags = uint8At(frame, take(1));
  if (flags >> 6 !== VERSION || (flags & 2) !== 0) throw new Error("the LZ4 frame is of another version");
  const code = (uint8At(frame, take(1)) >> 4) & 7;
  if (code < FIRST_BLOCK_CODE) throw new Error("the LZ4 frame has blocks of no known size");
  const blockBytes = FIRST_BLOCK_BYTES << (2 * (code - FIRST_BLOCK_CODE));
  const isIndependent = (flags & 0x20) !== 0;
  const hasBlockSums = (flags & 0x10) !== 0;
  if ((flags & 8) !== 0 && view.getBigUint64(take(8), true) !== BigInt(content.length)) {
    throw new Error("the LZ4 frame says it has another length");
  }
  if ((flags & 1) !== 0) throw new Error("the LZ4 frame needs a dictionary");
  const descriptor = frame.subarray(4, at);
  if (uint8At(frame, take(1)) !== ((xxh32(descriptor) >>> 8) & 0xff)) {
    throw new Error("the LZ4 frame's header does not match its checksum");
  }
  let to = 0;
  for (;;) {
    const word = view.getUint32(take(4), true);
    if (word === 0) break;
    const size = word >= STORED ? word - STORED : word;
    if (size > blockBytes) throw new Error(`an LZ4 block of ${size} bytes`);
    const start = take(size);
    const block = frame.subarray(start, start + size);
    if (hasBlockSums && view.getUint32(take(4), true) !== xxh32(block)) {
      throw new Error("an LZ4 block does not match its checksum");
    }
    if (word >= STORED) {
      if (size > content.length - to) throw new Error("the LZ4 frame holds more than it says");
      content.set(block, to);
      to += size;
      continue;
    }
    const base = isIndependent ? to : 0;
    const room = content.subarray(base, Math.min(content.length, to + blockBytes));
    const end = decompressInto(block, room, to - base);
    if (end < 0) throw new Error("an LZ4 block does not decompress");
    to = base + end;
  }
  if (to !== content.length) throw new Error(`the LZ4 frame holds ${to} bytes, not ${content.length}`);
  if ((flags & 4) !== 0 && view.getUint32(take(4), true) !== xxh32(content)) {
    throw new Error("the LZ4 frame's content does not match its checksum");
  }
  if (at !== frame.length) throw new Error("something follows the LZ4 frame");
}
