/**
 * zstd compression that gives the same bytes everywhere: one build of the library, in WebAssembly.
 *
 * Node's own encoder comes with the zstd of its release, and releases choose other matches: zstd 1.5.7 in Node 24
 * writes other bytes at the same level. Invariant: a block is one frame whose header says its length; `frame` adds the
 * checksum (XXH64 of the content), which the build leaves out. Price: 150 MB/s at level 3.
 */
import { uint8At, uint32At } from "../../batch/numbers.ts";
import { contentHasher } from "../row-hasher.ts";
import type { BlockEncoder } from "./block-encoder.ts";
import { zstdLibrary } from "./zstd-library.ts";

const LEVEL = 3;
const CHECKSUM_FLAG = 4;
/** After the magic number. */
const DESCRIPTOR = 4;
const CHECKSUM_BYTES = 4;

export function createZstdEncoder(level = LEVEL): BlockEncoder {
  const library = zstdLibrary();
  const hasher = contentHasher();
  const hash = new Uint32Array(hasher.words);
  return {
    codec: "zstd",
    block: (bytes) => library.compress(bytes, level),
    frame: (bytes) => {
      const frame = library.compress(bytes, level, CHECKSUM_BYTES);
      frame[DESCRIPTOR] = uint8At(frame, DESCRIPTOR) | CHECKSUM_FLAG;
      hasher.hash(bytes, 0, bytes.length, hash);
      new DataView(frame.buffer).setUint32(frame.length - CHECKSUM_BYTES, uint32At(hash, 1), true);
      return frame;
    },
  };
}
