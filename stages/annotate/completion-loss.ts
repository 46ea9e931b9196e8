/**
 * Marks what follows a marker as the part of a text that is trained on: the answers, not the questions.
 *
 * Owns the column `loss_ranges`, which tokenizing turns into the loss lane. Invariant: a range begins right behind a marker and ends before the next
 * `until`, or at the end of the text; a text without a marker has none, so nothing of it is trained on. Price: one search of the text for each
 * marker. It counts rows of which nothing is trained on, and the bytes that are.
 */
import { z } from "zod";
import { RangeListBuilder } from "../../batch/builder.ts";
import { int32At } from "../../batch/numbers.ts";
import { annotate, defineStage, type StageState } from "../define.ts";

const options = z.strictObject({
  after: z.string().min(1).describe("marker in front of what is trained on: `### Answer:`"),
  until: z
    .string()
    .min(1)
    .optional()
    .describe("text that ends it again, such as the marker of the next question; by default it goes on to the end"),
  include_until: z.boolean().default(false).describe("train on `until` too: for a marker that ends a turn"),
});

interface Counts {
  readonly rows: number;
  readonly rows_untrained: number;
  readonly text_bytes: number;
  readonly trained_bytes: number;
}

const NOTHING: Counts = { rows: 0, rows_untrained: 0, text_bytes: 0, trained_bytes: 0 };

export default defineStage({
  name: "annotate/completion-loss",
  version: 1,
  kind: "annotate",
  summary: "Trains only on what follows a marker: answers, completions, turns.",
  options,
  reads: ["text"],
  writes: [{ name: "loss_ranges", kind: "range_list" }],
  reasons: {},
  create: ({ after, until, include_until }) => {
    const opening = Buffer.from(after);
    const closing = until === undefined ? undefined : Buffer.from(until);
    let counts = { ...NOTHING };

    /** Calls `range` for what is trained on in `text`. */
    const find = (text: Buffer, range: (start: number, end: number) => void): void => {
      for (let at = text.indexOf(opening); at >= 0; ) {
        const start = at + opening.length;
        const close = closing === undefined ? -1 : text.indexOf(closing, start);
        if (closing === undefined || close < 0) {
          range(start, text.length);
          return;
        }
        range(start, include_until ? close + closing.length : close);
        at = text.indexOf(opening, close + (include_until ? closing.length : 0));
      }
    };

    return annotate(
      ({ text, rows, alive }) => {
        const ranges = new RangeListBuilder();
        for (let row = 0; row < rows; row++) {
          if (alive.has(row)) {
            const from = int32At(text.offsets, row);
            const bytes = int32At(text.offsets, row + 1) - from;
            let isTrained = false;
            find(Buffer.from(text.data.buffer, text.data.byteOffset + from, bytes), (start, end) => {
              if (start === end) return;
              ranges.append([start, end]);
              isTrained = true;
              counts.trained_bytes += end - start;
            });
            counts.rows++;
            counts.text_bytes += bytes;
            if (!isTrained) counts.rows_untrained++;
          }
          ranges.endRow();
        }
        return new Map([["loss_ranges", ranges.finish()]]);
      },
      {
        finish: () => {
          const state: StageState = { ...counts };
          counts = { ...NOTHING };
          return state;
        },
      },
    );
  },
  merge: (states) => {
    const all = states as readonly StageState[] as unknown as readonly Counts[];
    const sum = (key: keyof Counts) => all.reduce((total, counts) => total + counts[key], 0);
    return {
      rows: sum("rows"),
      rows_untrained: sum("rows_untrained"),
      text_bytes: sum("text_bytes"),
      trained_bytes: sum("trained_bytes"),
    };
  },
  examples: [
    { text: "Q: 1+1?\nA: 2", options: { after: "A:" }, writes: { loss_ranges: [10, 12] } },
    {
      text: "Q: 1+1?\nA: 2\nQ: 2+2?\nA: 4\n",
      options: { after: "A:", until: "Q:" },
      writes: { loss_ranges: [10, 13, 23, 26] },
    },
    {
      text: "<user>hi<end><model>hello<end>",
      options: { after: "<model>", until: "<end>", include_until: true },
      writes: { loss_ranges: [20, 30] },
    },
    { text: "No question, no answer.", options: { after: "A:" }, writes: { loss_ranges: [] } },
  ],
});
