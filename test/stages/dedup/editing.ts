/** Runs an editing stage that compares parts over texts in memory: keys, first copies by address, cuts, rules. */

import type { BarrierOperator } from "../../../stages/define.ts";
import { Edits } from "../../../workers/tasks/span/edits.ts";
import { PartCutList } from "./part-cut-list.ts";
import { batchOf } from "./phases.ts";

export interface Edited {
  /** By row; undefined where the row fell. */
  readonly texts: (string | undefined)[];
  readonly reasons: Map<number, string>;
  readonly cut_bytes: number;
}

export function edit(operator: BarrierOperator, texts: readonly string[]): Edited {
  if (operator.verdict !== "edit" || operator.unit !== "parts") throw new Error("the barrier cuts no parts");
  const batch = batchOf(texts);
  batch.numberFrom(0);
  const cuts = new PartCutList();
  const seen = new Set<string>();
  for (let row = 0; row < batch.rows; row++) {
    operator.parts(batch, row, (key, start, end) => {
      if (key === undefined) return cuts.addTail(row, start, end);
      const name = key.join();
      if (seen.has(name)) cuts.add(row, start, end);
      seen.add(name);
    });
  }
  const edits = new Edits(cuts, operator);
  const reasons = new Map<number, string>();
  const { data, offsets } = edits.apply(batch, (row, reason = "nothing_left") => reasons.set(row, reason));
  return {
    texts: texts.map((_, row) =>
      reasons.has(row) ? undefined : Buffer.from(data.subarray(offsets[row], offsets[row + 1])).toString(),
    ),
    reasons,
    cut_bytes: edits.counts.bytes,
  };
}
