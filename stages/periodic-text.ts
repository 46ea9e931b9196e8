/**
 * Texts that repeat themselves with a short period, for the stage that drops them and the one that keeps them out of
 * training.
 *
 * Owns the options of both and {@link PeriodicText}. Invariant: a text that a tokenizer cuts the same way over and over
 * is, but for its first and last token, a text that repeats its bytes, so bytes find what tokens find wherever
 * `max_period` has room for it; tokens are there to decide as OLMo-core does. Price: that of the search, and of
 * tokenizing.
 */
import { z } from "zod";
import type { Batch } from "../batch/batch.ts";
import { release } from "../batch/memory.ts";
import { int32At, uint8At } from "../batch/numbers.ts";
import { PeriodicRuns } from "../kernels/quality/periodic.ts";
import type { Assets } from "./assets.ts";
import { encodingOption, fileOption, openVocabulary, vocabularyRef } from "./tokenize/vocabulary-option.ts";

/** OLMo-core's, in tokens; and room for as many tokens in bytes. */
const MAX_PERIOD = { tokens: 13, bytes: 64 } as const;

export const periodicOptions = {
  unit: z
    .enum(["bytes", "tokens"])
    .default("bytes")
    .describe("what repeats: bytes of the text, or the tokens that a tokenizer makes of it"),
  min_period: z.int().min(1).default(1).describe("shortest period, in units"),
  max_period: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe(`longest period, in units; by default ${MAX_PERIOD.bytes} bytes or ${MAX_PERIOD.tokens} tokens`),
  min_repeats: z.int().min(3).default(32).describe("so many times in a row, or more often, is a repeat"),
  tokenizer: fileOption,
  encoding: encodingOption,
};

type PeriodicOptions = z.output<z.ZodObject<typeof periodicOptions>>;

/** Whether the options name a tokenizer where tokens are counted, and none elsewhere. */
export function namesItsTokenizer({ unit, tokenizer, encoding }: PeriodicOptions): boolean {
  const named = Number(tokenizer !== undefined) + Number(encoding !== undefined);
  return named === (unit === "tokens" ? 1 : 0);
}

/** What {@link namesItsTokenizer} says where it says no. */
export const TOKENIZER_ERROR = "tokens, and nothing else, need exactly one of tokenizer and encoding";

/**
 * What was found in a row. Its ranges are good until the next row is asked for, in units from the start of the row's
 * text.
 */
export interface Periodic {
  readonly runs: PeriodicRuns;
  /** Units of the text. */
  readonly units: number;
}

export class PeriodicText {
  readonly #options: PeriodicOptions;
  readonly #assets: Assets;
  readonly #runs: PeriodicRuns;

  constructor(options: PeriodicOptions, assets: Assets) {
    const { unit, min_period, max_period = MAX_PERIOD[unit], min_repeats } = options;
    this.#options = options;
    this.#assets = assets;
    this.#runs = new PeriodicRuns({ minPeriod: min_period, maxPeriod: max_period, minRepeats: min_repeats });
  }

  /** Calls `found` for each living row of `batch`. */
  each(batch: Batch, found: (row: number, periodic: Periodic) => void): void {
    const { unit, tokenizer, encoding } = this.#options;
    const { text, alive } = batch;
    const runs = this.#runs;
    if (unit === "bytes") {
      alive.forEach((row) => {
        const start = int32At(text.offsets, row);
        const bytes = text.data.subarray(start, int32At(text.offsets, row + 1));
        runs.find(bytes, 0, bytes.length);
        wholeCharacters(runs, bytes);
        found(row, { runs, units: bytes.length });
      });
      return;
    }
    const { encoder } = openVocabulary(vocabularyRef(tokenizer, encoding), this.#assets);
    // The token that ends each document is not of the text.
    const { values, offsets } = encoder.encodeDocuments(text, alive, 0);
    alive.forEach((row) => {
      const tokens = values.subarray(int32At(offsets, row), int32At(offsets, row + 1) - 1);
      runs.find(tokens, 0, tokens.length);
      found(row, { runs, units: tokens.length });
    });
    release(values);
  }
}

/** Moves borders that stand inside a character into the run, so that ranges are of whole characters. */
function wholeCharacters(runs: PeriodicRuns, bytes: Uint8Array): void {
  const isInside = (at: number) => at < bytes.length && (uint8At(bytes, at) & 0xc0) === 0x80;
  for (let i = 0; i < runs.count; i++) {
    let start = int32At(runs.starts, i);
    let end = int32At(runs.ends, i);
    while (start < end && isInside(start)) start++;
    while (end > start && isInside(end)) end--;
    runs.starts[i] = start;
    runs.ends[i] = end;
  }
}
