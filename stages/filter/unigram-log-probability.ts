/**
 * Judges texts by how common their words are: the mean logarithm of each word's share in a large corpus.
 *
 * Exact to datatrove's UnigramLogProbFilter with `words: spacy-en`, where marks of punctuation are words that no table
 * has. With `unicode` words they are none, so means are higher. Invariant: a text without words is kept, its mean being
 * 0. Price: 5 ns a byte with the words; the table once for all threads.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { DataError } from "../../batch/errors.ts";
import { int32At, uint8At } from "../../batch/numbers.ts";
import { TABLES_START } from "../../io/shared-tables.ts";
import { lowerText } from "../../kernels/lower-case.ts";
import { TextBuffer } from "../../kernels/normalize.ts";
import { BadFrequencies, WordFrequencies } from "../../kernels/quality/word-frequencies.ts";
import { WORD_RULES } from "../../kernels/words/types.ts";
import { type AssetRef, type Assets, assetPath, type Drop, defineStage, filter } from "../define.ts";
import { DocumentWords } from "./document-words.ts";
import { MeasuredBounds } from "./measured-bounds.ts";
import { documentOpener } from "./quality-kernels.ts";

const PUBLISHED = "https://ai2-s2-research-public.s3-us-west-2.amazonaws.com/lucas/google-1T-unigram/unigram_freq.csv";

const options = z.strictObject({
  frequencies: assetPath()
    .prefault(PUBLISHED)
    .describe(
      "table of words: a header with `word` and `count`, a word a line in lower case. By default the one that peS2o " +
        "and datatrove use, fetched from where it is published",
    ),
  words: z.enum(WORD_RULES).default("unicode").describe("word rules; spacy-en for the same decisions as datatrove"),
  min_log_probability: z
    .number()
    .default(-10)
    .describe("a text stays whose mean natural logarithm of its words' shares is above this"),
  unseen_share: z.number().gt(0).max(1).default(1e-9).describe("share of words that the table does not have"),
});

const FREQUENCIES = "data:,word,count%0Athe,6%0Asea,2%0Acold,2";

function open(frequencies: AssetRef, unseen: number, assets: Assets): WordFrequencies {
  const file = assets.bytes(frequencies);
  try {
    const memory = assets.tables(WordFrequencies.bytesFor(file), (buffer) => {
      new WordFrequencies(file, unseen, buffer, TABLES_START).fill();
    });
    return new WordFrequencies(file, unseen, memory.buffer, TABLES_START);
  } catch (error) {
    if (!(error instanceof BadFrequencies)) throw error;
    throw new DataError(
      {
        code: "data/word-frequencies",
        what: `${assets.name(frequencies)} is no table of word frequencies: ${error.message}`,
        fix: "write `word,count` in the first line, and below it a word and its count a line",
      },
      { cause: error },
    );
  }
}

export default defineStage({
  name: "filter/unigram-log-probability",
  version: 1,
  kind: "filter",
  summary: "Drops texts whose words are too rare on average.",
  reference: "peS2o, Soldaini and Lo 2023; datatrove 0.10.1 UnigramLogProbFilter",
  options,
  tables: ({ frequencies }) => ({ frequencies }),
  reads: ["text"],
  writes: [],
  reasons: { words_too_rare: "the mean logarithm of the words' shares is not above min_log_probability" },
  create: ({ frequencies, words, min_log_probability, unseen_share }, { assets }) => {
    const openDocument = documentOpener();
    const documentWords = new DocumentWords(words);
    const lower = new TextBuffer();
    let table: WordFrequencies | undefined;

    /** The logarithm of the share of a word as it is written. */
    const logOf = (frequencies: WordFrequencies, bytes: Uint8Array, start: number, end: number): number => {
      for (let at = start; at < end; at++) {
        const byte = uint8At(bytes, at);
        if (byte >= 0x80 || (byte >= 0x41 && byte <= 0x5a)) {
          lowerText(bytes, start, end, lower);
          return frequencies.log(lower.bytes, 0, lower.length);
        }
      }
      return frequencies.log(bytes, start, end);
    };

    const bounds = new MeasuredBounds();
    const rare = bounds.min("words_too_rare", "min_log_probability", min_log_probability, { unit: "score" });
    const judge = (batch: Batch, drop: Drop<"words_too_rare">): void => {
      table ??= open(frequencies, unseen_share, assets);
      const shares = table;
      const { data, offsets } = batch.text;
      const batchWords = documentWords.of(batch);
      batch.alive.forEach((row) => {
        const document = openDocument(data, int32At(offsets, row), int32At(offsets, row + 1));
        const { starts, ends, count } = batchWords.load(document, row);
        let sum = 0;
        for (let word = 0; word < count; word++) {
          sum += logOf(shares, data, int32At(starts, word), int32At(ends, word));
        }
        const mean = count === 0 ? 0 : sum / count;
        if (rare.judged(mean, !(mean > min_log_probability))) drop(row, "words_too_rare", mean);
        bounds.settle(batch, row);
      });
    };
    return filter<"words_too_rare">(judge, { measured: () => bounds.finish() });
  },
  examples: [
    { text: "The sea, the cold sea.", options: { frequencies: FREQUENCIES }, keeps: true },
    { text: "Lsd xqv the blqx.", options: { frequencies: FREQUENCIES }, drops: "words_too_rare" },
    { text: "THE SEA", options: { frequencies: FREQUENCIES, min_log_probability: -1.5 }, keeps: true },
    { text: "", options: { frequencies: FREQUENCIES }, keeps: true },
  ],
});
