/**
 * Judges one text after another by its language: the best label, and whether it stays.
 *
 * Invariant: the best label is the first of all that fastText lists, as datatrove takes it. Price: see kernels/fasttext/classifier.ts.
 */
import type { Classifier } from "../../kernels/fasttext/classifier.ts";
import type { Assets } from "../define.ts";
import { labelPositions, openFasttext } from "../fasttext-model.ts";
import type { LanguageOptions, LanguageReason } from "./language-options.ts";

export class LanguageJudge {
  readonly labels: readonly string[];
  readonly #classifier: Classifier;
  readonly #wanted: readonly number[] | undefined;
  readonly #minScore: number;
  readonly #minTopScore: number | null;
  readonly #top: [label: string, score: number][] = [];
  /** Of the text that was judged last: the best label, -1 where it has none, and its score. */
  label = -1;
  score = Number.NaN;
  /** The best score of a wanted language. */
  #wantedScore = Number.NaN;

  constructor({ model, languages, min_score, min_top_score }: LanguageOptions, assets: Assets) {
    const { labels, classifier } = openFasttext(assets, model);
    this.labels = labels;
    if (languages !== null) this.#wanted = labelPositions(languages, labels, assets.name(model));
    this.#minScore = min_score;
    this.#minTopScore = min_top_score;
    this.#classifier = classifier({
      newlines: "space",
      watched: this.#wanted ?? [],
      bounds: [min_score],
      listsAll: true,
    });
  }

  judge(bytes: Uint8Array, start: number, end: number): void {
    this.#top.length = 0;
    this.label = -1;
    this.score = Number.NaN;
    this.#wantedScore = Number.NaN;
    if (this.#minTopScore !== null) this.#judgeAll(bytes, start, end, this.#minTopScore);
    else if (this.#classifier.judge(bytes, start, end)) {
      this.label = this.#classifier.label;
      this.score = this.#classifier.score;
      this.#wantedScore = this.#wanted === undefined ? this.score : Math.max(...this.#classifier.scores);
    }
  }

  /** Why the text that was judged last goes. */
  get reason(): LanguageReason | undefined {
    if (this.label < 0) return "no_language";
    if (this.#wantedScore > this.#minScore) return undefined;
    return this.#wanted === undefined || this.#wanted.includes(this.label) ? "score_too_low" : "other_language";
  }

  /** JSON of the languages whose scores are above the bound, the best first. */
  top(): string {
    return `{${this.#top.map(([label, score]) => `${JSON.stringify(label)}:${score}`).join(",")}}`;
  }

  #judgeAll(bytes: Uint8Array, start: number, end: number, minTopScore: number): void {
    const count = this.#classifier.predict(bytes, start, end, -1, 0);
    for (let i = 0; i < count; i++) {
      const label = this.#classifier.labelAt(i);
      const score = this.#classifier.scoreAt(i);
      if (i === 0) {
        this.label = label;
        this.score = score;
      }
      if (this.#wanted !== undefined && !this.#wanted.includes(label)) continue;
      if (!(score <= this.#wantedScore)) this.#wantedScore = score;
      if (score > minTopScore) this.#top.push([this.labels[label] ?? "", score]);
    }
  }
}
