/**
 * The third round of a barrier that compares fragments: the runs of a partition that samples leave open, compared symbol by symbol.
 *
 * Ranges are triples (document, first fragment, fragment behind the last), dealt to the span that they are of. Invariant: the same fragments for any number of
 * partitions, parts and workers. Memory: the stated budget, but for the runs that share a k-gram, which are held together, and a table of fragments.
 */
import { join } from "node:path";
import { uint32At } from "../../batch/numbers.ts";
import { commitMarker, createIntermediate } from "../../io/local/commit.ts";
import { cutParts } from "../../kernels/dedup/key-slots.ts";
import { ContextComparer } from "../../kernels/substring/compare-contexts.ts";
import { CONTEXT } from "../../kernels/substring/context-record.ts";
import { groupAt } from "../../plan/plan.ts";
import { DealtWriter, readDealt } from "../../store/dealt-file.ts";
import { matchFiles } from "../../store/layout.ts";
import { vouchers } from "../../store/marker.ts";
import type { WorkerContext } from "../context.ts";
import type { CompareMarker, CompareTask } from "../protocol.ts";
import { fragmentsOf } from "./refine.ts";

const SLOT_BITS = 12;

export function compareFragments(task: CompareTask, context: WorkerContext): CompareMarker {
  const group = groupAt(context.plan, task.group);
  const folder = context.layout.match(group.fingerprint);
  const comparer = new ContextComparer(fragmentsOf(context, group).shape);
  const pending = createIntermediate(join(folder, matchFiles.duplicates(task.partition)));
  let marker: CompareMarker;
  try {
    const ranges = new DealtWriter(pending, task.inputs);
    const sizes = new Uint32Array(1 << SLOT_BITS);
    eachContext(task, folder, group.partitions, (words, at) => {
      const slot = slotOf(words, at);
      sizes[slot] = uint32At(sizes, slot) + uint32At(words, at);
    });
    for (const { from, to } of cutParts(sizes, context.setup.match_memory_bytes / 4)) {
      eachContext(task, folder, group.partitions, (words, at, input) => {
        const slot = slotOf(words, at);
        if (slot >= from && slot < to) comparer.add(words, at, input);
      });
      comparer.compare((input, document, first, end) => {
        const range = ranges.add(input, 3);
        range[0] = document;
        range[1] = first;
        range[2] = end;
      });
    }
    ranges.finish();
    marker = { files: [pending.commit()], ranges: ranges.records };
  } catch (error) {
    pending.abort();
    throw error;
  }
  commitMarker(join(folder, matchFiles.compared(task.partition)), marker);
  return marker;
}

function slotOf(words: Uint32Array, at: number): number {
  return uint32At(words, at + CONTEXT.low) >>> (32 - SLOT_BITS);
}

/** Shows `take` the contexts of a partition in ascending order of addresses. */
function eachContext(
  { inputs, partition }: CompareTask,
  folder: string,
  partitions: number,
  take: (words: Uint32Array, at: number, input: number) => void,
): void {
  for (let input = 0; input < inputs; input++) {
    const file = vouchers(folder, matchFiles.refined(input))(matchFiles.contexts(input));
    for (const words of readDealt(file, partitions, partition)) {
      for (let at = 0; at < words.length; at += uint32At(words, at)) take(words, at, input);
    }
  }
}
