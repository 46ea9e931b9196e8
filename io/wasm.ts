/**
 * The WebAssembly modules the build compiled, by name; undefined where this runtime cannot run them.
 *
 * A kernel without its module uses its TypeScript twin: the same bytes, slower. `SHARDMILL_WASM=off` asks for the twins.
 */
import { readFileSync } from "node:fs";
import { builtFile } from "./built-file.ts";

/** Compiled code holds nothing of who runs it: all stages of a thread share it, optimised once. */
const compiled = new Map<string, WebAssembly.Module | undefined>();

/** The compiled module `dist/kernels/wasm/NAME.wasm`. Price: compiling some tens of kB, once per thread. */
export function wasmModule(name: string): WebAssembly.Module | undefined {
  if (process.env.SHARDMILL_WASM === "off" || typeof WebAssembly === "undefined") return undefined;
  if (!compiled.has(name)) compiled.set(name, compile(name));
  return compiled.get(name);
}

function compile(name: string): WebAssembly.Module | undefined {
  const bytes = readFileSync(builtFile(`kernels/wasm/${name}.wasm`));
  // False where the engine lacks SIMD: processors without it are old, but they are.
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : undefined;
}
