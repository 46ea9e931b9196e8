/** How texts are sketched for MinHash: options that dedup and an index of keys share, and what makes the sketches. */
import { z } from "zod";
import { wasmModule } from "../../io/wasm.ts";
import { drawPermutations } from "../../kernels/minhash/permutations.ts";
import { SHINGLE_HASHES } from "../../kernels/minhash/shingles.ts";
import { MinHash } from "../../kernels/minhash/signature.ts";
import { DatatroveSketcher, FastSketcher, type Sketcher, type SketchShape } from "../../kernels/minhash/sketch.ts";
import { WasmDatatroveSketcher, WasmFastSketcher, WasmMinHash } from "../../kernels/wasm/minhash.ts";
import { segmenter } from "../../kernels/words/index.ts";
import { WORD_RULES, type WordRules } from "../../kernels/words/types.ts";

/** Largest signature: a bound on memory and time that no sensible banding reaches. */
const MAX_SLOTS = 4096;

export const sketchOptions = {
  ngram: z.int().min(1).max(100).default(5).describe("words per shingle; rows with fewer words are never dropped"),
  bands: z.int().min(1).max(1024).default(14).describe("groups of slots; rows meet where one whole group is equal"),
  rows: z.int().min(1).max(128).default(8).describe("slots per band; more make a match stricter"),
  seed: z.int().min(0).max(0xffffffff).default(1).describe("of the random permutations"),
  family: z
    .enum(["datatrove", "fast"])
    .default("datatrove")
    .describe(
      "formula of the sketch: `datatrove` gives its values, `fast` has words and hashes of its own, takes a fraction of the " +
        "time and estimates similarity more exactly; the two are not comparable",
    ),
  hash: z
    .enum(["xxh64", "sha1"])
    .default("xxh64")
    .describe("64-bit hash of a shingle in the family `datatrove`; FineWeb used sha1"),
  words: z
    .enum(WORD_RULES)
    .default("unicode")
    .describe(
      "word rules of the family `datatrove`: `unicode` for every script, `spacy-en` for the words datatrove sees in English",
    ),
};

export interface SketchOptions extends SketchShape {
  readonly family: "datatrove" | "fast";
  readonly hash: "xxh64" | "sha1";
  readonly words: WordRules;
}

/** Adds what has to be so of several options together. */
export function checkSketch<Options extends z.ZodType<SketchOptions>>(options: Options): Options {
  return options
    .refine(({ bands, rows }) => bands * rows <= MAX_SLOTS, {
      error: `bands x rows is more than ${MAX_SLOTS} slots`,
      path: ["bands"],
    })
    .refine(({ family, hash }) => family === "datatrove" || hash === "xxh64", {
      error: "the family fast has a hash of its own: leave `hash` out, or use the family datatrove",
      path: ["hash"],
    })
    .refine(({ family, words }) => family === "datatrove" || words === "unicode", {
      error: "the family fast has word rules of its own: leave `words` out, or use the family datatrove",
      path: ["words"],
    });
}

/** As much of the sketch in WebAssembly as it has: all but sha1 and `spacy-en` words. */
export function createSketcher(options: SketchOptions): Sketcher {
  const { family, hash, words, bands, rows, seed } = options;
  const module = wasmModule("minhash");
  if (family === "fast") return module ? new WasmFastSketcher(module, options) : new FastSketcher(options);
  if (module && hash === "xxh64" && words === "unicode") return new WasmDatatroveSketcher(module, options);
  const permutations = drawPermutations(bands * rows, seed);
  const signature = module ? new WasmMinHash(module, permutations) : new MinHash(permutations);
  return new DatatroveSketcher(options, SHINGLE_HASHES[hash], segmenter(words), signature);
}
