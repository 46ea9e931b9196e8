/**
 * Scores token ids by an ONNX model, several rows at a time where they come together.
 *
 * Rows that are asked for while the model works wait, and go as one batch of at most `batchRows`, filled up with padding that the attention mask hides. Invariant: with one row a
 * batch a score depends on the row alone. Price: the model's, some 50 ms a row of 512 tokens and core for 100 million parameters.
 */
import { RecipeError } from "../../batch/errors.ts";
import { type OnnxSession, openOnnx } from "../../io/onnx-runtime.ts";
import { type Activation, classifierScore } from "../../kernels/classifier-scores.ts";

export interface ScorerOptions {
  readonly batchRows: number;
  readonly padding: number;
  /** Null: the first. */
  readonly output: string | null;
  readonly label: number;
  readonly activation: Activation;
}

interface Waiting {
  readonly ids: readonly number[];
  readonly resolve: (score: number) => void;
  readonly reject: (error: unknown) => void;
}

export class OnnxScorer {
  readonly #name: string;
  readonly #session: OnnxSession;
  readonly #options: ScorerOptions;
  readonly #output: string;
  readonly #waiting: Waiting[] = [];
  #isRunning = false;

  /** `session` is opened from `bytes` where none is given. */
  static async open(name: string, bytes: () => Uint8Array, options: ScorerOptions): Promise<OnnxScorer> {
    return new OnnxScorer(name, await openOnnx(name, bytes()), options);
  }

  constructor(name: string, session: OnnxSession, options: ScorerOptions) {
    this.#name = name;
    this.#session = session;
    this.#options = options;
    const strange = session.inputNames.find((input) => !INPUTS.includes(input));
    if (strange !== undefined) throw unusable(name, `it has an input ${strange}, known are ${INPUTS.join(", ")}`);
    if (!session.inputNames.includes("input_ids")) throw unusable(name, "it has no input input_ids");
    const output = options.output ?? session.outputNames[0];
    if (output === undefined || !session.outputNames.includes(output)) {
      throw unusable(name, `it has no output ${output ?? ""}, but ${session.outputNames.join(", ")}`);
    }
    this.#output = output;
  }

  /** The score of a row of token ids. */
  score(ids: readonly number[]): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ids, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  /** Runs the model until nobody waits. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    // Whoever asks in this turn goes along.
    await Promise.resolve();
    for (;;) {
      const rows = this.#waiting.splice(0, this.#options.batchRows);
      if (rows.length === 0) break;
      try {
        const scores = await this.#scores(rows.map(({ ids }) => ids));
        for (const [i, { resolve }] of rows.entries()) resolve(scores[i] ?? Number.NaN);
      } catch (error) {
        for (const { reject } of rows) reject(error);
      }
    }
    this.#isRunning = false;
  }

  async #scores(rows: readonly (readonly number[])[]): Promise<readonly number[]> {
    const columns = Math.max(...rows.map((ids) => ids.length));
    const size = rows.length * columns;
    const inputs = new Map(this.#session.inputNames.map((input) => [input, new Int32Array(size)]));
    const ids = inputs.get("input_ids")?.fill(this.#options.padding);
    const mask = inputs.get("attention_mask");
    for (const [row, values] of rows.entries()) {
      ids?.set(values, row * columns);
      mask?.fill(1, row * columns, row * columns + values.length);
    }
    const logits = await this.#session.run(inputs, rows.length, columns, this.#output);
    const labels = logits.length / rows.length;
    const { label, activation } = this.#options;
    if (!Number.isInteger(labels) || label >= labels) {
      throw unusable(
        this.#name,
        `its output ${this.#output} has ${labels} labels a text, and label ${label} is asked for`,
      );
    }
    return rows.map((_, row) => classifierScore(logits, row * labels, labels, label, activation));
  }
}

const INPUTS: readonly string[] = ["input_ids", "attention_mask", "token_type_ids"];

function unusable(name: string, why: string): RecipeError {
  return new RecipeError({
    code: "recipe/onnx-model",
    what: `${name} cannot be used as a classifier of texts: ${why}`,
    fix: "export a sequence classifier, such as with `optimum-cli export onnx --task text-classification`",
  });
}
