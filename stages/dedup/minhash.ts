/**
 * dedup/minhash: rows that share most of their word n-grams with an earlier row.
 *
 * Owns the sketch: text -> normalised text -> words -> shingles -> MinHash signature -> one key per band. Two rows are
 * united when all slots of one band agree: with Jaccard similarity s of their shingles, with probability
 * 1 - (1 - s^rows)^bands, which for 14 x 8 is one half at s = 0.685 and 0.92 at s = 0.8. The band's number is mixed into
 * its key, so keys of different bands never meet. Clusters close transitively; the row with the lowest address survives.
 * With `verify: 0.75` the whole signatures, slots cut to 16 bits, have to agree in that share of their slots as well, which keeps
 * rows apart that only a chance or a common passage brought into one band. With `verify: text` only rows fall that say nothing which a row that
 * stays does not say: another operation, see docs/dedup.md.
 *
 * In the family `datatrove` normalisation, shingle hash and signature are datatrove's bit for bit; with `words: spacy-en` so
 * are the words, and hence every value. datatrove keeps another row of a cluster, depending on the order of its pairs.
 * Price: a row leaves 12 bytes per band, with `verify` 2 more per slot; per word 70 ns, in the family `fast` 10, without WebAssembly 450 and 150.
 */
import { z } from "zod";
import { isValid } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { wasmModule } from "../../io/wasm.ts";
import { equalSlots } from "../../kernels/dedup/leaders.ts";
import { drawPermutations } from "../../kernels/minhash/permutations.ts";
import { SHINGLE_HASHES } from "../../kernels/minhash/shingles.ts";
import { MinHash } from "../../kernels/minhash/signature.ts";
import { DatatroveSketcher, FastSketcher, type Sketcher, type SketchShape } from "../../kernels/minhash/sketch.ts";
import { WasmDatatroveSketcher, WasmFastSketcher, WasmMinHash } from "../../kernels/wasm/minhash.ts";
import { segmenter } from "../../kernels/words/index.ts";
import { WORD_RULES, type WordRules } from "../../kernels/words/types.ts";
import { barrier, defineStage } from "../define.ts";

/** Largest signature: a bound on memory and time that no sensible banding reaches. */
const MAX_SLOTS = 4096;

export default defineStage({
  name: "dedup/minhash",
  version: 1,
  kind: "barrier",
  summary: "Drops rows that are near-duplicates of an earlier row, by MinHash over word n-grams",
  reference: "datatrove 0.10 MinHash (Broder 1997; FineWeb, Penedo et al. 2024)",
  options: z
    .strictObject({
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
      verify: z
        .union([z.number().min(0).max(1), z.literal("text")])
        .optional()
        .describe(
          "what is asked beside a common band: a number is the estimated similarity, the share of equal slots, before rows are united; `text` " +
            "compares texts, and only rows fall all of whose text stands in pieces in a row that stays. Off by default",
        ),
      survivor: z
        .union([
          z.enum(["first", "longest"]),
          z.strictObject({
            column: z.string().min(1).describe("column of numbers"),
            order: z.enum(["largest", "smallest"]).default("largest").describe("which number survives"),
          }),
        ])
        .optional()
        .describe(
          "which row of a cluster survives: the `first` by address, the `longest` text, or by a column; of equal rows the first. `longest` with " +
            "`verify: text`, else `first`",
        ),
      precedence: z
        .array(z.string().min(1))
        .min(1)
        .optional()
        .describe(
          "with `scope: pipeline`: sources by rank, the highest first; of a cluster a row of the highest one survives. Sources that are not named come last",
        ),
      scope: z
        .enum(["source", "pipeline"])
        .default("source")
        .describe("rows compared with each other: those of one source, or of every source that uses the pipeline"),
    })
    .refine(({ bands, rows }) => bands * rows <= MAX_SLOTS, {
      error: `bands x rows is more than ${MAX_SLOTS} slots`,
      path: ["bands"],
    })
    .refine(({ scope, precedence }) => scope === "pipeline" || precedence === undefined, {
      error: "rows of one source have one rank: use `scope: pipeline`, or leave `precedence` out",
      path: ["precedence"],
    })
    .refine(({ family, hash }) => family === "datatrove" || hash === "xxh64", {
      error: "the family fast has a hash of its own: leave `hash` out, or use the family datatrove",
      path: ["hash"],
    })
    .refine(({ family, words }) => family === "datatrove" || words === "unicode", {
      error: "the family fast has word rules of its own: leave `words` out, or use the family datatrove",
      path: ["words"],
    }),
  reads: ({ survivor }) => ["text", ...(typeof survivor === "object" ? [survivor.column] : [])],
  writes: [],
  reasons: { near_duplicate: "agrees with another row, which survives, in a whole band" },
  exchange: ({ scope, verify, survivor = verify === "text" ? "longest" : "first", precedence }) => ({
    scope,
    verdict: "drop",
    reason: "near_duplicate",
    ...((survivor !== "first" || verify === "text") && { election: { survivor, text: verify === "text" } }),
    ...(precedence && { precedence }),
  }),
  create: ({ verify, ...options }) => {
    const sketcher = createSketcher(options, wasmModule("minhash"));
    const slots = options.bands * options.rows;
    return barrier({
      key_bytes: 8,
      keys_per_row: options.bands,
      sketch: ({ text }, row, out) =>
        isValid(text, row) &&
        sketcher.sketch(text.data, int32At(text.offsets, row), int32At(text.offsets, row + 1), out),
      ...(typeof verify === "number" && {
        verify: {
          slots,
          signature: (out: Uint16Array) => sketcher.signature(out),
          similar: (signatures: Uint16Array, a: number, b: number) =>
            equalSlots(signatures, a, b, slots) / slots >= verify,
        },
      }),
    });
  },
  examples: [{ text: "The only document is never a duplicate of anything at all.", keeps: true }],
});

interface SketchOptions extends SketchShape {
  readonly family: "datatrove" | "fast";
  readonly hash: "xxh64" | "sha1";
  readonly words: WordRules;
}

/** As much of the sketch in WebAssembly as it has: all but sha1 and `spacy-en` words. */
function createSketcher(options: SketchOptions, module: WebAssembly.Module | undefined): Sketcher {
  const { family, hash, words, bands, rows, seed } = options;
  if (family === "fast") return module ? new WasmFastSketcher(module, options) : new FastSketcher(options);
  if (module && hash === "xxh64" && words === "unicode") return new WasmDatatroveSketcher(module, options);
  const permutations = drawPermutations(bands * rows, seed);
  const signature = module ? new WasmMinHash(module, permutations) : new MinHash(permutations);
  return new DatatroveSketcher(options, SHINGLE_HASHES[hash], segmenter(words), signature);
}
