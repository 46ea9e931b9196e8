/**
 * Judges texts by a fastText classifier, such as a language or a quality model, and keeps label and score as columns.
 *
 * Labels and scores are those of fastText's own code; see kernels/fasttext/classifier.ts. Invariant: a score is the probability plus 1e-5, as fastText reports it. A text
 * in which the model knows nothing has neither label nor score. Price: 50 to 100 ns a word for a language model; the model once for all threads.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { type Column, isValid } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import type { Classifier } from "../../kernels/fasttext/classifier.ts";
import { NEWLINES } from "../../kernels/fasttext/text-line.ts";
import { type Assets, assetPath, type Drop, defineStage, transform } from "../define.ts";
import { checkLabels, fasttextTables, labelPositions, openFasttext } from "../fasttext-model.ts";
import { MeasuredBounds } from "./measured-bounds.ts";
import { judgeParagraphs, type TextJudge } from "./paragraphs.ts";

const options = z.strictObject({
  model: assetPath().describe("supervised fastText model, .bin or .ftz, of any loss, quantized or not"),
  column: z.string().min(1).default("text").describe("column of texts that is judged"),
  unit: z
    .enum(["document", "paragraph"])
    .default("document")
    .describe(
      "what is judged: the `document`; or each `paragraph`, a line of it: then those that do not stay are cut out of the text, the label is the one with most bytes " +
        "of what stays, and its score the mean over that, weighted by bytes; with `score_of` over all that stays",
    ),
  newlines: z
    .enum(NEWLINES)
    .default("space")
    .describe(
      "what a newline in a text is: `space`, as most callers of fastText make of it; `end`: only the first line is read; `nothing`: it is " +
        "taken out, which glues words together, as datatrove's classifier filter does",
    ),
  score_of: z
    .string()
    .nullable()
    .default(null)
    .describe("label whose score is judged and kept, whatever the best label is; null: that of the best label"),
  labels: z
    .array(z.string())
    .min(1)
    .nullable()
    .default(null)
    .describe("labels that stay, with or without `__label__`: the best one must be among them; null: all"),
  min_score: z.number().nullable().default(null).describe("drop rows whose score is below"),
  max_score: z.number().nullable().default(null).describe("drop rows whose score is above"),
  label_column: z.string().min(1).nullable().default("label").describe("column for the best label; null: none"),
  score_column: z.string().min(1).nullable().default("score").describe("column for the score; null: none"),
});
type Options = z.output<typeof options>;

const REASONS = {
  no_label: "the model knows nothing in the text, so it has neither label nor score",
  other_label: "the best label is not among labels",
  score_too_low: "the score is below min_score",
  score_too_high: "the score is above max_score",
};
type Reason = keyof typeof REASONS;

/** Whether texts lose paragraphs: where nothing is asked of them, all stay. */
function cutsParagraphs({ unit, labels, min_score, max_score }: Options): boolean {
  return unit === "paragraph" && (labels !== null || min_score !== null || max_score !== null);
}

function reasonsOf({ labels, min_score, max_score }: Options): Partial<typeof REASONS> {
  const used: Partial<Record<Reason, string>> = {};
  if (labels !== null || min_score !== null || max_score !== null) used.no_label = REASONS.no_label;
  if (labels !== null) used.other_label = REASONS.other_label;
  if (min_score !== null) used.score_too_low = REASONS.score_too_low;
  if (max_score !== null) used.score_too_high = REASONS.score_too_high;
  return used;
}

/** The model, and what of it the options speak of. */
class Judge implements TextJudge<Reason> {
  readonly labels: readonly string[];
  readonly #classifier: Classifier;
  readonly #options: Options;
  readonly #kept: ReadonlySet<number> | undefined;
  readonly #min: ReturnType<MeasuredBounds["min"]>;
  readonly #max: ReturnType<MeasuredBounds["max"]>;
  /** Of the text that was judged last: the best label, -1 where it has none, and the score. */
  label = -1;
  score = Number.NaN;

  constructor(options: Options, assets: Assets, measured: MeasuredBounds) {
    const { model, newlines, labels, score_of, min_score, max_score } = options;
    this.#options = options;
    this.#min = measured.min("score_too_low", "min_score", min_score, { unit: "score" });
    this.#max = measured.max("score_too_high", "max_score", max_score, { unit: "score" });
    const opened = openFasttext(assets, model);
    const name = assets.name(model);
    this.labels = opened.labels;
    if (labels !== null) this.#kept = new Set(labelPositions(labels, opened.labels, name));
    const watched = score_of === null ? [] : labelPositions([score_of], opened.labels, name);
    const bounds = [min_score, max_score].filter((bound) => bound !== null);
    this.#classifier = opened.classifier({ newlines, watched, bounds });
  }

  judge(bytes: Uint8Array, start: number, end: number): void {
    const classifier = this.#classifier;
    const isKnown = classifier.judge(bytes, start, end);
    this.label = isKnown ? classifier.label : -1;
    this.score = isKnown ? (classifier.scores[0] ?? classifier.score) : Number.NaN;
  }

  /** Why the text that was judged last goes. */
  get reason(): Reason | undefined {
    const { labels, min_score, max_score } = this.#options;
    if (this.label < 0) return (labels ?? min_score ?? max_score) === null ? undefined : "no_label";
    if (this.#kept !== undefined && !this.#kept.has(this.label)) return "other_label";
    if (this.#min.fails(this.score)) return "score_too_low";
    return this.#max.fails(this.score) ? "score_too_high" : undefined;
  }
}

export default defineStage({
  name: "filter/fasttext",
  version: 2,
  kind: "transform",
  summary: "Judges texts by a fastText classifier, such as a language or quality model; keeps label and score.",
  reference: "Joulin et al. 2016, 2017; fastText 0.9.2",
  options,
  tables: ({ model }) => fasttextTables(model),
  checkAssets: ({ model, labels, score_of }, files) =>
    checkLabels(files, model, [...(labels ?? []), ...(score_of === null ? [] : [score_of])]),
  reads: ({ column }) => [column],
  writes: (given) => [
    ...(given.label_column === null ? [] : [{ name: given.label_column, kind: "dictionary" as const }]),
    ...(given.score_column === null ? [] : [{ name: given.score_column, kind: "float32" as const }]),
    ...(cutsParagraphs(given) ? [{ name: given.column, kind: "utf8" as const }] : []),
  ],
  reasons: reasonsOf,
  create: (options, { assets }) => {
    const bounds = new MeasuredBounds();
    let opened: Judge | undefined;
    return transform<Reason>(
      (batch, drop) => {
        opened ??= new Judge(options, assets, bounds);
        return judged(batch, opened, options, drop, bounds);
      },
      { measured: () => bounds.finish() },
    );
  },
  examples: [
    {
      text: "Everyone has the right to life, liberty and security of person.",
      options: { model: "test/golden/fasttext/hs-quantized.ftz" },
      writes: { label: "en" },
    },
    {
      text: "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.",
      options: { model: "test/golden/fasttext/hs-quantized.ftz", labels: ["en", "fr"] },
      drops: "other_label",
    },
    {
      text: "Everyone has the right to life.",
      options: { model: "test/golden/fasttext/two.bin", score_of: "other", min_score: 0.5 },
      drops: "score_too_low",
    },
    {
      text: "Everyone has the right to life, liberty and security of person.\nJeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.\n",
      options: { model: "test/golden/fasttext/hs-quantized.ftz", labels: ["de"], unit: "paragraph" },
      becomes: "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.\n",
      writes: { label: "de" },
    },
    {
      text: "unheard words",
      options: { model: "test/golden/fasttext/pruned-whole.ftz", max_score: 0 },
      drops: "score_too_high",
    },
  ],
});

/** Judges the living rows and makes the columns; a dead row has neither label nor score. */
function judged(
  batch: Batch,
  judge: Judge,
  options: Options,
  drop: Drop<Reason>,
  bounds: MeasuredBounds,
): ReadonlyMap<string, Column> {
  const { column, unit, label_column, score_column, score_of } = options;
  const { rows, alive } = batch;
  const texts = batch.utf8(column);
  const codes = new Int32Array(rows);
  const values = new Float32Array(rows);
  const validity = new Uint8Array((rows + 7) >> 3);
  const verdict = (row: number, label: number, score: number): void => {
    if (label < 0) return;
    codes[row] = label;
    values[row] = score;
    validity[row >> 3] = (validity[row >> 3] ?? 0) | (1 << (row & 7));
  };
  const columns = new Map<string, Column>();
  if (unit === "paragraph") {
    const rules = { cuts: cutsParagraphs(options), oneLabel: score_of !== null };
    const left = judgeParagraphs(batch, texts, judge, rules, verdict, drop);
    if (left !== undefined) columns.set(column, left);
  } else {
    alive.forEach((row) => {
      const isThere = isValid(texts, row);
      judge.judge(texts.data, isThere ? int32At(texts.offsets, row) : 0, isThere ? int32At(texts.offsets, row + 1) : 0);
      const { label, score, reason } = judge;
      verdict(row, label, score);
      if (reason !== undefined) drop(row, reason, score, judge.labels[label]);
      bounds.settle(batch, row);
    });
  }
  if (label_column !== null) columns.set(label_column, { kind: "dictionary", codes, values: judge.labels, validity });
  if (score_column !== null) columns.set(score_column, { kind: "float32", values, validity });
  return columns;
}
