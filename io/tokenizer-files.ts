/**
 * Tokenizers from files: a `tokenizer.json`, or one of the encodings the `tiktoken` package ships as JSON.
 *
 * A tokenizer's file is an asset of its stage: its bytes go into the fingerprint. tiktoken is read as data only: its WebAssembly is never
 * loaded.
 */
import { createRequire } from "node:module";
import { ByteBpeEncoder } from "../kernels/bpe/encoder.ts";
import { loadTokenizer as loadFromBytes, type Tokenizer } from "../kernels/bpe/tokenizer.ts";
import { WasmBpeEncoder } from "../kernels/wasm/bpe.ts";
import { wasmModule } from "./wasm.ts";

/** The tiktoken encodings a recipe can name. */
export const ENCODINGS = ["cl100k_base", "o200k_base", "p50k_base", "r50k_base", "gpt2"] as const;

/** Prefix of an asset that lies in the tiktoken package, wherever that is installed: `tiktoken:cl100k_base`. */
export const TIKTOKEN = "tiktoken:";

/** Where the file of an encoding lies on this machine. */
export function encodingFile(encoding: string): string {
  return createRequire(import.meta.url).resolve(`tiktoken/encoders/${encoding}.json`);
}

/** Loads a tokenizer from its file's bytes; messages call it `name`. It encodes in WebAssembly where the runtime can. */
export function loadTokenizer(name: string, bytes: Uint8Array): Tokenizer {
  return loadFromBytes(bytes, {
    name,
    createEncoder: (model) => {
      const module = wasmModule("bpe");
      return module === undefined ? new ByteBpeEncoder(model) : new WasmBpeEncoder(module, model);
    },
  });
}
