/**
 * Compression of what is written, a block at a time: blocks of files (Parquet pages) and frames (files are a sequence
 * of those).
 *
 * Invariant: `zstd` and `none` give the same bytes on every machine and Node version: zstd is one WebAssembly build,
 * pinned, and never the machine's own library, whose bytes differ between versions. `gzip` is Node's zlib: what it
 * holds is equal, its bytes are equal for one version of Node on one kind of processor only.
 */
import zlib from "node:zlib";
import type { BlockEncoder, OutputCodec } from "./block-encoder.ts";
import { createZstdEncoder } from "./zstd-encoder.ts";

const GZIP_LEVEL = 6;
/** The byte of a member's header in which zlib says where it runs, and what says nothing. */
const OPERATING_SYSTEM = 9;
const UNKNOWN = 255;

/** `level`: 1 to 19 of zstd (3 where none is given), 1 to 9 of gzip (6). */
export function blockEncoder(codec: OutputCodec, level?: number): BlockEncoder {
  switch (codec) {
    case "zstd":
      return createZstdEncoder(level);
    case "gzip": {
      const gzip = (bytes: Uint8Array) => {
        const member = zlib.gzipSync(bytes, { level: level ?? GZIP_LEVEL });
        member[OPERATING_SYSTEM] = UNKNOWN;
        return member;
      };
      return { codec, block: gzip, frame: gzip };
    }
    case "none": {
      const copy = (bytes: Uint8Array) => new Uint8Array(bytes);
      return { codec, block: copy, frame: copy };
    }
  }
}
