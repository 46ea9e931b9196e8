/**
 * dedup/minhash: rows that share most of their word n-grams with an earlier row.
 *
 * Owns the sketch: text -> normalised text -> words -> shingles -> MinHash signature -> one key per band. Two rows are
 * united when all slots of one band agree: with Jaccard similarity s of their shingles, with probability
 * 1 - (1 - s^rows)^bands, which for 14 x 8 is one half at s = 0.685 and 0.92 at s = 0.8. The band's number is mixed into
 * its key, so keys of different bands never meet. Clusters close transitively; the row with the lowest address survives.
 *
 * Normalisation, shingle hash and signature are datatrove's bit for bit; with `words: spacy-en` so are the words, and
 * hence every value. datatrove keeps another row of a cluster, depending on the order of its pairs.
 * Price: 0.4 microseconds per word, half of it for the signature; a row leaves 12 bytes per band.
 */
import { z } from "zod";
import { isValid } from "../../batch/column.ts";
import { BandKeys } from "../../kernels/minhash/bands.ts";
import { drawPermutations } from "../../kernels/minhash/permutations.ts";
import { SHINGLE_HASHES, Shingler } from "../../kernels/minhash/shingles.ts";
import { MinHash } from "../../kernels/minhash/signature.ts";
import { simplifyText, TextBuffer } from "../../kernels/normalize.ts";
import { segmenter } from "../../kernels/words/index.ts";
import { WORD_RULES, WordSpans } from "../../kernels/words.ts";
import { barrier, defineStage } from "../define.ts";

/** Largest signature: a bound on memory and time that no sensible banding reaches. */
const MAX_SLOTS = 4096;

export default defineStage({
  name: "dedup/minhash",
  version: 1,
  summary: "Drops rows that are near-duplicates of an earlier row, by MinHash over word n-grams",
  reference: "datatrove 0.10 MinHash (Broder 1997; FineWeb, Penedo et al. 2024)",
  options: z
    .strictObject({
      ngram: z.int().min(1).max(100).default(5).describe("words per shingle; rows with fewer words are never dropped"),
      bands: z.int().min(1).max(1024).default(14).describe("groups of slots; rows meet where one whole group is equal"),
      rows: z.int().min(1).max(128).default(8).describe("slots per band; more make a match stricter"),
      seed: z.int().min(0).max(0xffffffff).default(1).describe("of the random permutations"),
      family: z
        .enum(["datatrove"])
        .default("datatrove")
        .describe("formula of the signature; families are not comparable"),
      hash: z.enum(["xxh64", "sha1"]).default("xxh64").describe("64-bit hash of a shingle; FineWeb used sha1"),
      words: z
        .enum(WORD_RULES)
        .default("unicode")
        .describe("word rules: `unicode` for every script, `spacy-en` for the words datatrove sees in English"),
      scope: z
        .enum(["source", "pipeline"])
        .default("source")
        .describe("rows compared with each other: those of one source, or of every source that uses the pipeline"),
    })
    .refine(({ bands, rows }) => bands * rows <= MAX_SLOTS, {
      error: `bands x rows is more than ${MAX_SLOTS} slots`,
      path: ["bands"],
    }),
  reads: ["text"],
  writes: [],
  reasons: { near_duplicate: "agrees with an earlier row in a whole band" },
  create: ({ ngram, bands, rows, seed, hash, words, scope }) => {
    const normalized = new TextBuffer();
    const { segment } = segmenter(words);
    const spans = new WordSpans();
    const shingler = new Shingler(ngram, SHINGLE_HASHES[hash]);
    const minhash = new MinHash(drawPermutations(bands * rows, seed));
    const bandKeys = new BandKeys(bands, rows);
    return barrier({
      key_bytes: 8,
      keys_per_row: bands,
      scope,
      sketch: ({ text }, row, out) => {
        if (!isValid(text, row)) return false;
        simplifyText(text.data, text.offsets[row], text.offsets[row + 1], normalized);
        segment(normalized.bytes, 0, normalized.length, spans);
        minhash.reset();
        shingler.add(normalized.bytes, spans, minhash);
        if (!minhash.finish()) return false;
        bandKeys.write(minhash.signature, out);
        return true;
      },
    });
  },
  examples: [{ text: "The only document is never a duplicate of anything at all.", keeps: true }],
});
