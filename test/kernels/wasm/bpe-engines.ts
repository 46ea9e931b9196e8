/** Both encoders for one model, and what the tests of the WebAssembly one compare. */
import assert from "node:assert/strict";
import { wasmModule } from "../../../io/wasm.ts";
import { ByteBpeEncoder } from "../../../kernels/bpe/encoder.ts";
import type { BpeModel } from "../../../kernels/bpe/model.ts";
import { WasmBpeEncoder } from "../../../kernels/wasm/bpe.ts";

const module = wasmModule("bpe");

export interface Engines {
  readonly twin: ByteBpeEncoder;
  readonly wasm: WasmBpeEncoder;
}

/** Undefined where this runtime has no SIMD. */
export function engines(model: BpeModel, cacheBytes?: number): Engines | undefined {
  if (module === undefined) return undefined;
  return { twin: new ByteBpeEncoder(model), wasm: new WasmBpeEncoder(module, model, cacheBytes) };
}

export const NO_ENGINE = "this runtime cannot run the WebAssembly encoder";

/** Asserts that both give the same ids for `bytes[start, end)`; returns how many. */
export function assertSame({ twin, wasm }: Engines, bytes: Uint8Array, start = 0, end = bytes.length): number {
  const expected = new Uint32Array(twin.maxTokens(end - start));
  const actual = new Uint32Array(wasm.maxTokens(end - start));
  const count = twin.encode(bytes, start, end, expected, 0);
  const made = wasm.encode(bytes, start, end, actual, 0);
  if (count === made && Buffer.compare(view(expected, count), view(actual, made)) === 0) return count;
  const text = JSON.stringify(Buffer.from(bytes.subarray(start, Math.min(end, start + 600))).toString("latin1"));
  assert.deepEqual(
    [...actual.subarray(0, made)],
    [...expected.subarray(0, count)],
    `ids of ${text} (bytes as Latin-1)`,
  );
  return count;
}

function view(ids: Uint32Array, count: number): Uint8Array {
  return new Uint8Array(ids.buffer, ids.byteOffset, count * 4);
}
