/**
 * The XXH64 of this thread: WebAssembly where it runs, else the twin in TypeScript. The one place that chooses.
 *
 * Price: some 400 KB a hasher; the one for content is shared by everything in the thread that needs no seed.
 */
import { PlainRowHasher, type RowHasher, type Xxh64Seed } from "../kernels/hash/xxh64-rows.ts";
import { WasmRowHasher } from "../kernels/wasm/xxh64.ts";
import { wasmModule } from "./wasm.ts";

/** A hasher of its own, for other seeds or for someone who keeps one. */
export function createRowHasher(seeds: readonly Xxh64Seed[]): RowHasher {
  const module = wasmModule("hash");
  return module === undefined ? new PlainRowHasher(seeds) : new WasmRowHasher(module, seeds);
}

/** Two seeds for 128 bits: among 10^12 different texts the odds that two share both are below 1 in 10^14. */
const WIDE_SEEDS: readonly Xxh64Seed[] = [
  { high: 0, low: 0 },
  // The first digits of pi.
  { high: 0x243f6a88, low: 0x85a308d3 },
];

/** A hasher of 128 bits: the key by which equal texts are found. */
export function wideHasher(): RowHasher {
  return createRowHasher(WIDE_SEEDS);
}

let content: RowHasher | undefined;

/** Plain XXH64 (seed 0): names the text of documents and checks what files hold. */
export function contentHasher(): RowHasher {
  content ??= createRowHasher([{ high: 0, low: 0 }]);
  return content;
}
