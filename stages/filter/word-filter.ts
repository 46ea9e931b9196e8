/**
 * A filter that judges each text and its words by measured bounds, as those of Gopher and FineWeb do.
 *
 * Price: a call a row; words are segmented when they are asked for, once for all such filters of a batch.
 */
import type { Utf8Column } from "../../batch/column.ts";
import type { WordRules } from "../../kernels/words/types.ts";
import { type Drop, type FilterOperator, filter } from "../define.ts";
import { type BatchWords, DocumentWords } from "./document-words.ts";
import type { MeasuredBounds } from "./measured-bounds.ts";

/** Drops the row where the text goes. */
type JudgeRow<Reason extends string> = (row: number, words: BatchWords, texts: Utf8Column, drop: Drop<Reason>) => void;

export function wordFilter<Reason extends string>(
  rules: WordRules,
  bounds: MeasuredBounds,
  judge: JudgeRow<Reason>,
): FilterOperator {
  const documentWords = new DocumentWords(rules);
  return filter<Reason>(
    (batch, drop) => {
      const { text } = batch;
      const words = documentWords.of(batch);
      for (let row = 0; row < batch.rows; row++) {
        if (!batch.alive.has(row)) continue;
        judge(row, words, text, drop);
        bounds.settle(batch, row);
      }
    },
    { measured: () => bounds.finish() },
  );
}
