/**
 * Scores texts by a classifier in ONNX, such as FineWeb-Edu's, through a runtime that is an optional peer.
 *
 * A request, not an annotation: the runtime is asynchronous, and its floats are the processor's own affair, so like a service's they are kept in a journal: what was scored stays so on any host,
 * and a run that is killed scores no text twice. What is asked is token ids, not texts. Invariant: with one row a batch a score depends on the text alone, so on one kind of processor
 * the same bytes come out for any number of workers. Price: the model's; tokenizing and journal are nothing beside it.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import type { Column } from "../../batch/column.ts";
import { isValid } from "../../batch/column.ts";
import { DataError } from "../../batch/errors.ts";
import { ACTIVATIONS, integerScore } from "../../kernels/classifier-scores.ts";
import type { WordPieceTokenizer } from "../../kernels/wordpiece/tokenizer.ts";
import { type Answer, type Assets, assetPath, defineStage, request } from "../define.ts";
import { newColumnOption } from "../new-column.ts";
import { readClassifierTokenizer } from "./classifier-tokenizer.ts";
import { OnnxScorer } from "./onnx-scorer.ts";

const options = z.strictObject({
  model: assetPath().describe(
    "classifier of texts as one .onnx file, with inputs input_ids, attention_mask, token_type_ids",
  ),
  tokenizer: assetPath().describe("its tokenizer.json, a WordPiece one as BERT's kin have it"),
  column: z.string().min(1).default("text").describe("column of texts that is scored"),
  max_tokens: z.int().min(3).default(512).describe("tokens of a text that are read, those around it included"),
  output: z.string().min(1).nullable().default(null).describe("output of the model that is read; null: its first"),
  label: z.int().min(0).default(0).describe("position of the label whose score is kept"),
  activation: z
    .enum(ACTIVATIONS)
    .default("none")
    .describe(
      "what becomes of the logits: `none`, as of a regression such as FineWeb-Edu's; `softmax` over all labels; `sigmoid`",
    ),
  score_column: newColumnOption.default("score").describe("column for the score"),
  int_score_column: newColumnOption
    .nullable()
    .default("int_score")
    .describe("column for the score as an integer, cut at the bounds and rounded, a half to the even one; null: none"),
  min_int_score: z.int().default(0).describe("least integer score"),
  max_int_score: z.int().default(5).describe("largest integer score"),
  batch_rows: z
    .int()
    .min(1)
    .max(1024)
    .default(1)
    .describe(
      "texts that the model reads at once; more may be faster, and last bits then depend on which came together",
    ),
  concurrency: z.int().min(1).max(4096).default(16).describe("texts that wait for the model at once, a worker"),
});
type Options = z.output<typeof options>;

/** The model and its tokenizer, opened when they are first needed. */
class Classifier {
  readonly #options: Options;
  readonly #assets: Assets;
  #tokenizer: WordPieceTokenizer | undefined;
  #scorer: Promise<OnnxScorer> | undefined;

  constructor(given: Options, assets: Assets) {
    this.#options = given;
    this.#assets = assets;
  }

  get tokenizer(): WordPieceTokenizer {
    const { tokenizer } = this.#options;
    this.#tokenizer ??= readClassifierTokenizer(this.#assets.name(tokenizer), this.#assets.bytes(tokenizer));
    return this.#tokenizer;
  }

  get scorer(): Promise<OnnxScorer> {
    const { model, batch_rows, output, label, activation } = this.#options;
    this.#scorer ??= OnnxScorer.open(this.#assets.name(model), () => this.#assets.bytes(model), {
      batchRows: batch_rows,
      padding: this.tokenizer.padding,
      output,
      label,
      activation,
    });
    return this.#scorer;
  }
}

export default defineStage({
  name: "annotate/onnx-score",
  version: 1,
  kind: "request",
  summary: "Scores texts by a classifier in ONNX, such as FineWeb-Edu's.",
  reference: "FineWeb-Edu: Penedo et al. 2024, section 4",
  options,
  checkAssets: async ({ tokenizer }, files) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of files.stream(tokenizer)) pieces.push(piece);
    readClassifierTokenizer(files.name(tokenizer), Buffer.concat(pieces));
  },
  reads: ({ column }) => [column],
  writes: ({ score_column, int_score_column }) => [
    { name: score_column, kind: "float32" as const },
    ...(int_score_column === null ? [] : [{ name: int_score_column, kind: "int32" as const }]),
  ],
  reasons: {},
  create: (given, { assets }) => {
    const { column, max_tokens, concurrency } = given;
    const classifier = new Classifier(given, assets);
    return request({
      concurrency,
      attempts: 1,
      retry_ms: 0,
      question: (batch, row) => {
        const texts = batch.utf8(column);
        if (!isValid(texts, row)) return undefined;
        const [start = 0, end = 0] = texts.offsets.subarray(row, row + 2);
        return classifier.tokenizer.encode(texts.data, start, end, max_tokens);
      },
      ask: async (ids) => (await classifier.scorer).score(tokensOf(ids)),
      apply: (batch, answer) => columnsOf(batch, answer, given),
    });
  },
  examples: [
    {
      columns: { body: null },
      options: {
        model: "test/golden/onnx/classifier.onnx",
        tokenizer: "test/golden/onnx/tokenizer.json",
        column: "body",
      },
      writes: { score: null, int_score: null },
    },
  ],
});

function tokensOf(question: Answer): readonly number[] {
  if (Array.isArray(question)) return question as readonly number[];
  throw new Error("a question is token ids");
}

/** A row of which nothing was asked has no score. */
function columnsOf(
  batch: Batch,
  answer: (row: number) => Answer | undefined,
  { score_column, int_score_column, min_int_score, max_int_score, model }: Options,
): ReadonlyMap<string, Column> {
  const scores = new Float32Array(batch.rows);
  const integers = new Int32Array(batch.rows);
  const validity = new Uint8Array((batch.rows + 7) >> 3);
  for (let row = 0; row < batch.rows; row++) {
    const score = answer(row);
    if (score === undefined) continue;
    if (typeof score !== "number" || !Number.isFinite(score)) throw notFinite(model.asset);
    scores[row] = score;
    integers[row] = integerScore(score, min_int_score, max_int_score);
    validity[row >> 3] = (validity[row >> 3] ?? 0) | (1 << (row & 7));
  }
  const columns = new Map<string, Column>([[score_column, { kind: "float32", values: scores, validity }]]);
  if (int_score_column !== null) {
    columns.set(int_score_column, { kind: "int32", values: integers, validity: validity.slice() });
  }
  return columns;
}

function notFinite(name: string): DataError {
  return new DataError({
    code: "data/onnx-score",
    what: `${name} gives a text a score that is no number`,
    fix: "check the model: its weights may have overflowed when it was exported",
  });
}
