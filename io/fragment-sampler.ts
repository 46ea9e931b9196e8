/** The sampler of fragments of this thread: WebAssembly where it runs, else the twin in TypeScript. The one place that chooses. */
import { type FragmentSampler, type FragmentShape, PlainFragmentSampler } from "../kernels/substring/sampler.ts";
import { WasmFragmentSampler } from "../kernels/wasm/substring.ts";
import { wasmModule } from "./wasm.ts";

export function fragmentSampler(shape: FragmentShape): FragmentSampler {
  const module = wasmModule("substring");
  return module === undefined ? new PlainFragmentSampler(shape) : new WasmFragmentSampler(module, shape);
}
