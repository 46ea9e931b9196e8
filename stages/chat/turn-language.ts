/**
 * The language of one turn, and whether it is among those that are wanted.
 *
 * A turn is judged by its content alone. Invariant: labels and scores are those of fastText's own code. Price: 50 to 100 ns a word.
 */
import { z } from "zod";
import type { Classifier } from "../../kernels/fasttext/classifier.ts";
import { type Assets, assetPath } from "../define.ts";
import { labelPositions, openFasttext } from "../fasttext-model.ts";

export const turnLanguageShape = {
  model: assetPath().describe("fastText model of languages, such as lid.176.ftz or GlotLID's"),
  languages: z
    .array(z.string().min(1))
    .min(1)
    .describe("labels of the model that stay, with or without `__label__`: `en`, or `eng_Latn` for GlotLID"),
  min_score: z
    .number()
    .nullable()
    .default(null)
    .describe(
      "a turn whose score is below counts as one in another language; null: the best label decides, whatever its score",
    ),
  min_chars: z
    .int()
    .min(0)
    .default(20)
    .describe("turns of fewer characters are not judged, for a model guesses there; a row without a judged turn stays"),
};
export type TurnLanguageOptions = z.output<z.ZodObject<typeof turnLanguageShape>>;

/** What was found out about a turn. */
export interface JudgedTurn {
  readonly language: string;
  readonly score: number;
  readonly isKept: boolean;
}

export class TurnLanguage {
  readonly #labels: readonly string[];
  readonly #classifier: Classifier;
  readonly #options: TurnLanguageOptions;
  readonly #kept: ReadonlySet<number>;

  constructor(options: TurnLanguageOptions, assets: Assets) {
    this.#options = options;
    const { labels, classifier } = openFasttext(assets, options.model);
    this.#labels = labels;
    this.#classifier = classifier({ newlines: "space", bounds: options.min_score === null ? [] : [options.min_score] });
    this.#kept = new Set(labelPositions(options.languages, labels, assets.name(options.model)));
  }

  /** Undefined where the turn is not judged. */
  judge(content: string): JudgedTurn | undefined {
    const { min_chars, min_score } = this.#options;
    // UTF-16 units are characters or more of them, so most texts need no count.
    if (content.length < min_chars || (content.length < 2 * min_chars && [...content].length < min_chars))
      return undefined;
    const bytes = Buffer.from(content, "utf8");
    if (!this.#classifier.judge(bytes, 0, bytes.length)) return undefined;
    const { label, score } = this.#classifier;
    const isKept = this.#kept.has(label) && (min_score === null || score >= min_score);
    return { language: this.#labels[label] ?? "", score, isKept };
  }
}
