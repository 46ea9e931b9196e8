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
 * With `against` rows that share a band with a row of a saved index fall when they are sketched: near to the reference itself, not to what is near to it.
 * Price: a row leaves 12 bytes per band, with `verify` 2 more per slot; per word 70 ns, in the family `fast` 10, without WebAssembly 450 and 150.
 */
import { z } from "zod";
import { isValid } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { equalSlots } from "../../kernels/dedup/leaders.ts";
import { assetPath, barrier, defineStage } from "../define.ts";
import { ReferenceIndex } from "./reference-index.ts";
import { scopeOption } from "./shared-options.ts";
import { checkSketch, createSketcher, sketchOptions } from "./sketch-options.ts";
import { hasRanks, NO_RANKS, precedenceOption, survival, survivorColumns, survivorOption } from "./survivor-options.ts";

export default defineStage({
  name: "dedup/minhash",
  version: 1,
  kind: "barrier",
  summary: "Drops rows that are near-duplicates of an earlier row, by MinHash over word n-grams",
  reference: "datatrove 0.10 MinHash (Broder 1997; FineWeb, Penedo et al. 2024)",
  options: checkSketch(
    z
      .strictObject({
        ...sketchOptions,
        verify: z
          .union([z.number().min(0).max(1), z.literal("text")])
          .optional()
          .describe(
            "what is asked beside a common band: a number is the estimated similarity, the share of equal slots, before rows are united; `text` " +
              "compares texts, and only rows fall all of whose text stands in pieces in a row that stays. Off by default",
          ),
        survivor: survivorOption("`longest` with `verify: text`, else `first`"),
        precedence: precedenceOption(),
        against: z
          .union([assetPath(), z.array(assetPath()).min(1)])
          .optional()
          .describe(
            "index of keys, or several, that an output with `format: minhash-index` of these options has written: a row that shares a band with one of " +
              "its rows falls at once",
          ),
        scope: scopeOption("rows compared with each other"),
      })
      .refine(hasRanks, NO_RANKS),
  ),
  reads: (given) => ["text", ...survivorColumns(given)],
  writes: [],
  reasons: ({ against }) => ({
    near_duplicate: "agrees with another row, which survives, in a whole band",
    ...(against && {
      near_reference: "agrees with a row of the reference in a whole band; the value is its number there",
    }),
  }),
  exchange: ({ scope, verify, survivor = verify === "text" ? "longest" : "first", precedence }) => ({
    scope,
    verdict: "drop",
    reason: "near_duplicate",
    ...survival({ survivor, precedence }, verify === "text"),
  }),
  tables: ({ against, family, hash, words, ngram, bands, rows, seed }) =>
    against && { against, family, hash, words, ngram, bands, rows, seed },
  create: ({ verify, against, ...options }, { assets }) => {
    const sketcher = createSketcher(options);
    const { family, hash, words, ngram, bands, rows, seed } = options;
    const files = against === undefined ? [] : Array.isArray(against) ? against : [against];
    let reference: ReferenceIndex | undefined;
    const slots = options.bands * options.rows;
    return barrier({
      key_bytes: 8,
      keys_per_row: options.bands,
      sketch: ({ text }, row, out) =>
        isValid(text, row) &&
        sketcher.sketch(text.data, int32At(text.offsets, row), int32At(text.offsets, row + 1), out),
      ...(files.length > 0 && {
        judge: (keys: Uint32Array) => {
          reference ??= new ReferenceIndex(files, { family, hash, words, ngram, bands, rows, seed }, assets);
          const row = reference.find(keys);
          return row < 0 ? undefined : { reason: "near_reference", value: row };
        },
      }),
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
