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

let content: RowHasher | undefined;

/** Plain XXH64 (seed 0): names the text of documents and checks what files hold. */
export function contentHasher(): RowHasher {
  content ??= createRowHasher([{ high: 0, low: 0 }]);
  return content;
}
