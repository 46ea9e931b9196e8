/**
 * zstd compression that gives the same bytes everywhere: the library as WebAssembly, from a pinned package.
 *
 * Node's own encoder is faster by a quarter, but comes with the zstd of its release, and releases choose other matches. Invariant: a block is one
 * frame whose header says its length; {@link createZstdEncoder}'s `frame` adds the checksum (XXH64 of the content), which the package does not.
 * Price: 150 MB/s at level 3 and blocks of 1 MiB; memory is three times the largest block, and is not given back.
 */
import { PlainRowHasher } from "../../kernels/hash/xxh64-rows.ts";
import { WasmRowHasher } from "../../kernels/wasm/xxh64.ts";
import { wasmModule } from "../wasm.ts";
import type { BlockEncoder } from "./encoder.ts";

const LEVEL = 3;
const CHECKSUM_FLAG = 4;
/** After the magic number. */
const DESCRIPTOR = 4;
const CHECKSUM_BYTES = 4;
/** Content checksums have seed 0. */
const SEEDS = [{ high: 0, low: 0 }];

/** Loads the package: once a thread, some ms. */
export async function createZstdEncoder(level = LEVEL): Promise<BlockEncoder> {
  const { compress, isLoaded } = await import("@foxglove/wasm-zstd");
  await isLoaded;
  const module = wasmModule("hash");
  const hasher = module === undefined ? new PlainRowHasher(SEEDS) : new WasmRowHasher(module, SEEDS);
  const hash = new Uint32Array(hasher.words);
  return {
    codec: "zstd",
    block: (bytes) => compress(bytes, level),
    frame: (bytes) => {
      const frame = compress(bytes, level);
      hasher.hash(bytes, 0, bytes.length, hash);
      const checked = new Uint8Array(frame.length + CHECKSUM_BYTES);
      checked.set(frame);
      checked[DESCRIPTOR] |= CHECKSUM_FLAG;
      new DataView(checked.buffer).setUint32(frame.length, hash[1], true);
      return checked;
    },
  };
}
