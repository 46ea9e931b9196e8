/**
 * Judges each paragraph of a text: a line, with the blank lines behind it.
 *
 * Invariant: what stays is bytes of the text in their order; blank lines before the first paragraph belong to it. A text of which nothing stays falls for the reason of its last
 * paragraph. Price: as of a text, and the fixed price of one a paragraph.
 */
import type { Batch } from "../../batch/batch.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import type { Column } from "../../batch/column.ts";
import type { Drop } from "../define.ts";
import type { LanguageColumns } from "./language-columns.ts";
import type { LanguageJudge } from "./language-judge.ts";
import type { LanguageOptions, LanguageReason } from "./language-options.ts";

const NEWLINE = 0x0a;

export function judgeParagraphs(
  batch: Batch,
  judge: LanguageJudge,
  { label_only, min_top_score }: LanguageOptions,
  columns: LanguageColumns,
  drop: Drop<LanguageReason>,
): ReadonlyMap<string, Column> {
  const { data, offsets } = batch.text;
  const texts = new Utf8Builder(label_only ? 0 : data.length, batch.rows);
  for (let row = 0; row < batch.rows; row++) {
    const end = batch.alive.has(row) ? (offsets[row + 1] ?? 0) : 0;
    const weights = new Map<number, { bytes: number; sum: number }>();
    const tops: string[] = [];
    let reason: LanguageReason | undefined = "no_language";
    let isKept = false;
    for (let at = offsets[row] ?? 0; at < end; ) {
      const next = endOfParagraph(data, at, end);
      judge.judge(data, at, next);
      reason = judge.reason;
      if (min_top_score !== null) tops.push(judge.top());
      if (reason === undefined || label_only) {
        isKept = true;
        if (!label_only) texts.appendPart(data.subarray(at, next));
        const weight = weights.get(judge.label) ?? { bytes: 0, sum: 0 };
        weights.set(judge.label, { bytes: weight.bytes + next - at, sum: weight.sum + (next - at) * judge.score });
      }
      at = next;
    }
    if (batch.alive.has(row)) {
      setHeaviest(row, weights, columns);
      columns.addTop(`[${tops.join(",")}]`);
      if (!isKept && !label_only) drop(row, reason ?? "no_language", judge.score, judge.labels[judge.label]);
    }
    texts.endRow();
    columns.endRow();
  }
  const made = columns.finish();
  return label_only ? made : made.set("text", texts.finish());
}

/** The language with most bytes; of equal ones that whose label is first in the model. */
function setHeaviest(
  row: number,
  weights: ReadonlyMap<number, { readonly bytes: number; readonly sum: number }>,
  columns: LanguageColumns,
): void {
  const known = [...weights].filter(([label]) => label >= 0).sort(([a, x], [b, y]) => y.bytes - x.bytes || a - b);
  const [best] = known;
  if (best === undefined) return;
  const [label, { bytes, sum }] = best;
  columns.set(row, label, sum / bytes);
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
