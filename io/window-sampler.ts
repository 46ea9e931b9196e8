/** The sampler of windows of this thread: WebAssembly where it runs, else the twin in TypeScript. The one place that chooses. */
import { PlainWindowSampler, type WindowSampler, type WindowShape } from "../kernels/substring/sampler.ts";
import { WasmWindowSampler } from "../kernels/wasm/substring.ts";
import { wasmModule } from "./wasm.ts";

export function windowSampler(shape: WindowShape): WindowSampler {
  const module = wasmModule("substring");
  return module === undefined ? new PlainWindowSampler(shape) : new WasmWindowSampler(module, shape);
}
