/**
 * Where tokenizers lie: a `tokenizer.json` on disk, or one of the encodings the `tiktoken` package ships as JSON.
 *
 * Owns the mapping from a recipe's `tokenizer` to one file, whose bytes are the stage's asset and go into the fingerprint. tiktoken is
 * read as data only: its WebAssembly is never loaded.
 */
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { RecipeError } from "../batch/errors.ts";
import { ByteBpeEncoder } from "../kernels/bpe/encoder.ts";
import { loadTokenizer as loadFromBytes, type Tokenizer } from "../kernels/bpe/tokenizer.ts";
import { WasmBpeEncoder } from "../kernels/wasm/bpe.ts";
import { wasmModule } from "./wasm.ts";

/** The tiktoken encodings a recipe can name. */
export const ENCODINGS = ["cl100k_base", "o200k_base", "p50k_base", "r50k_base", "gpt2"] as const;

/** A tokenizer as a recipe names it: exactly one of the two. */
export interface TokenizerRef {
  /** Path of a `tokenizer.json`, or of a folder that holds one. */
  readonly file?: string | undefined;
  /** One of {@link ENCODINGS}. */
  readonly encoding?: string | undefined;
}

/** The file that holds the tokenizer: the path itself, or the encoding's JSON file inside the tiktoken package. */
export function tokenizerLocation(ref: TokenizerRef): string {
  if (ref.file !== undefined) return isFolder(ref.file) ? path.join(ref.file, "tokenizer.json") : ref.file;
  if (ENCODINGS.some((name) => name === ref.encoding)) {
    return createRequire(import.meta.url).resolve(`tiktoken/encoders/${ref.encoding}.json`);
  }
  throw new RecipeError({
    code: "recipe/unknown-encoding",
    what: `there is no tiktoken encoding ${JSON.stringify(ref.encoding)}`,
    fix: `name one of ${ENCODINGS.join(", ")}, or a tokenizer.json with "file"`,
  });
}

/**
 * The bytes of the tokenizer's file.
 *
 * @throws RecipeError `recipe/no-tokenizer` where it cannot be read
 */
export function readTokenizer(ref: TokenizerRef): Uint8Array {
  const location = tokenizerLocation(ref);
  try {
    return readFileSync(location);
  } catch (cause) {
    throw new RecipeError(
      {
        code: "recipe/no-tokenizer",
        what: `the tokenizer file ${location} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? cause}`,
        fix: "download the tokenizer.json of the model the data is for, or name a tiktoken encoding",
      },
      { cause },
    );
  }
}

/**
 * Loads the tokenizer `ref` names from its file's `bytes`; messages call it by its encoding or file name. It encodes in
 * WebAssembly where the runtime can.
 */
export function loadTokenizer(ref: TokenizerRef, bytes: Uint8Array): Tokenizer {
  return loadFromBytes(bytes, {
    name: ref.encoding ?? path.basename(ref.file ?? "tokenizer.json"),
    createEncoder: (model) => {
      const module = wasmModule("bpe");
      return module === undefined ? new ByteBpeEncoder(model) : new WasmBpeEncoder(module, model);
    },
  });
}

function isFolder(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
}
