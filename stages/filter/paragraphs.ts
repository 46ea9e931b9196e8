/**
 * Judges each paragraph of a text by a classifier: a line, with the blank lines behind it.
 *
 * Invariant: what stays is bytes of the text in their order; blank lines before the first paragraph belong to it. A text of which nothing stays falls for the reason of its last
 * paragraph; one without paragraphs is judged as it is. Price: as of a text, and the fixed price of one a paragraph.
 */
import type { Batch } from "../../batch/batch.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import { isValid, type Utf8Column } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import type { Drop } from "../define.ts";

const NEWLINE = 0x0a;

/** Judges one text after another. */
export interface TextJudge<Reason extends string> {
  readonly labels: readonly string[];
  judge(bytes: Uint8Array, start: number, end: number): void;
  /** Of the text that was judged last: the best label, -1 where it has none, its score, and why it goes. */
  readonly label: number;
  readonly score: number;
  readonly reason: Reason | undefined;
}

export interface ParagraphRules {
  /** Whether paragraphs go that do not stay, and texts of which nothing does; else all stay and are only judged. */
  readonly cuts: boolean;
  /** Whether all scores are of one label, so that the mean is over all that stays. */
  readonly oneLabel?: boolean;
  /** A paragraph was judged. */
  readonly judged?: () => void;
}

/** Takes label and score of a living row; label -1: it has neither. */
export type RowVerdict = (row: number, label: number, score: number) => void;

/** Judges the paragraphs of the living rows of `texts`; returns what stays of them, nothing where nothing is cut. */
export function judgeParagraphs<Reason extends string>(
  { rows, alive }: Batch,
  texts: Utf8Column,
  judge: TextJudge<Reason>,
  { cuts, oneLabel = false, judged }: ParagraphRules,
  verdict: RowVerdict,
  drop: Drop<Reason>,
): Utf8Column | undefined {
  const { data, offsets } = texts;
  const kept = new Utf8Builder(cuts ? data.length : 0, rows);
  for (let row = 0; row < rows; row++) {
    const isThere = isValid(texts, row);
    if (alive.has(row)) {
      const start = isThere ? int32At(offsets, row) : 0;
      const end = isThere ? int32At(offsets, row + 1) : 0;
      const weights = new Weights();
      let isKept = false;
      let at = start;
      do {
        const next = endOfParagraph(data, at, end);
        judge.judge(data, at, next);
        if (next > at) judged?.();
        if (!cuts || judge.reason === undefined) {
          isKept = true;
          if (cuts) kept.appendPart(data.subarray(at, next));
          weights.add(judge, next - at);
        }
        at = next;
      } while (at < end);
      weights.tell(row, oneLabel, verdict);
      if (!isKept && judge.reason !== undefined) drop(row, judge.reason, judge.score, judge.labels[judge.label]);
    }
    if (isThere) kept.endRow();
    else kept.appendNull();
  }
  return cuts ? kept.finish() : undefined;
}

/** Bytes of what stays of a text and their scores, by label. */
class Weights {
  readonly #ofLabel = new Map<number, { bytes: number; sum: number }>();

  add({ label, score }: { readonly label: number; readonly score: number }, bytes: number): void {
    if (label < 0) return;
    const known = this.#ofLabel.get(label) ?? { bytes: 0, sum: 0 };
    // An empty text has a score too.
    const weight = Math.max(1, bytes);
    this.#ofLabel.set(label, { bytes: known.bytes + weight, sum: known.sum + weight * score });
  }

  /** The label with most bytes, of equal ones the first of the model, and the mean of its scores, or of all. */
  tell(row: number, oneLabel: boolean, verdict: RowVerdict): void {
    const [best] = [...this.#ofLabel].sort(([a, x], [b, y]) => y.bytes - x.bytes || a - b);
    if (best === undefined) {
      verdict(row, -1, Number.NaN);
      return;
    }
    const counted = oneLabel ? [...this.#ofLabel.values()] : [best[1]];
    const sumOf = (value: "bytes" | "sum"): number => counted.reduce((sum, weight) => sum + weight[value], 0);
    verdict(row, best[0], sumOf("sum") / sumOf("bytes"));
  }
}

/** Where the next line that is not blank begins, behind a first one that is not. */
function endOfParagraph(data: Uint8Array, start: number, end: number): number {
  let lineStart = start;
  let isFilled = false;
  for (let at = start; at < end; at++) {
    if (data[at] !== NEWLINE) continue;
    const isBlank = isBlankLine(data, lineStart, at);
    if (!isBlank && isFilled) return lineStart;
    isFilled ||= !isBlank;
    lineStart = at + 1;
  }
  return isFilled && !isBlankLine(data, lineStart, end) ? lineStart : end;
}

/** Whether there are only spaces, tabs and the like. */
function isBlankLine(data: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((data[at] ?? 0) > 0x20) return false;
  return true;
}
