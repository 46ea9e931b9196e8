/**
 * The third round of a barrier that compares fragments: the runs of a partition that samples leave open, compared symbol by symbol.
 *
 * Ranges are triples (document, first fragment, fragment behind the last), dealt to the span that they are of. Invariant: the same fragments for any number of
 * partitions, parts and workers. Memory: the stated budget, half of it for contexts and half for a table of fragments, however many runs share a k-gram: where they
 * do not fit, see split-contexts.ts.
 */
import { join } from "node:path";
import { uint32At } from "../../batch/numbers.ts";
import { commitMarker, createIntermediate } from "../../io/local/commit.ts";
import { cutParts } from "../../kernels/dedup/key-slots.ts";
import {
  ContextComparer,
  type DuplicateVisitor,
  INDEX_WORDS,
  MAX_CONTEXTS,
  TABLE_BYTES,
  type Volume,
} from "../../kernels/substring/compare-contexts.ts";
import { allPlaces } from "../../kernels/substring/context-clip.ts";
import { CONTEXT, CONTEXT_HEAD } from "../../kernels/substring/context-record.ts";
import type { FragmentShape } from "../../kernels/substring/sampler.ts";
import { groupAt } from "../../plan/plan.ts";
import { DealtWriter, dealtWords, readDealt } from "../../store/dealt-file.ts";
import { matchFiles } from "../../store/layout.ts";
import { vouchers } from "../../store/marker.ts";
import type { WorkerContext } from "../context.ts";
import type { CompareMarker, CompareTask } from "../protocol.ts";
import { fragmentsOf } from "./refine.ts";
import { ContextSplitter, type EachContext, type SplitPlace, wordsOf } from "./split-contexts.ts";

const SLOT_BITS = 12;
/** A table of fewer would only be filled more often. */
const LEAST_TABLE = 1 << 6;

export function compareFragments(task: CompareTask, context: WorkerContext): CompareMarker {
  const group = groupAt(context.plan, task.group);
  const folder = context.layout.match(group.fingerprint);
  const { shape } = fragmentsOf(context, group);
  const half = context.setup.match_memory_bytes / 2;
  const budgetWords = Math.min(Math.floor(half / 4), MAX_CONTEXTS * leastWords(shape));
  const tableFragments = Math.max(LEAST_TABLE, Math.min(1 << 20, Math.floor(half / TABLE_BYTES)));
  const comparer = new ContextComparer({ ...shape, tableFragments });
  const pending = createIntermediate(join(folder, matchFiles.duplicates(task.partition)));
  let marker: CompareMarker;
  try {
    const ranges = new DealtWriter(pending, task.inputs);
    const visitor: DuplicateVisitor = (input, document, first, end) => {
      const range = ranges.add(input, 3);
      range[0] = document;
      range[1] = first;
      range[2] = end;
    };
    const splitter = new ContextSplitter(shape, budgetWords, comparer, splitPlace(folder, task.partition), visitor);
    const all: EachContext = (take) => eachContext(task, folder, group.partitions, take);
    const most = mostOf(task, folder, group.partitions, shape);
    if (wordsOf(most) <= budgetWords) splitter.compare(all, most, allPlaces(shape));
    else {
      for (const { each, volume } of partsOf(all, budgetWords)) splitter.compare(each, volume, allPlaces(shape));
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

/** What a partition may have at most: its words are known, and how few a context has. */
function mostOf({ inputs, partition }: CompareTask, folder: string, partitions: number, shape: FragmentShape): Volume {
  let words = 0;
  for (let input = 0; input < inputs; input++) {
    words += dealtWords(vouchers(folder, matchFiles.refined(input))(matchFiles.contexts(input)), partitions, partition);
  }
  return { words, contexts: Math.ceil(words / (leastWords(shape) - INDEX_WORDS)) };
}

/** Parts of a partition by the hash of their k-grams, each within the budget or a share of the hashes that cannot be cut. */
function* partsOf(all: EachContext, budgetWords: number): Generator<{ each: EachContext; volume: Volume }> {
  const sizes = new Float64Array(1 << SLOT_BITS);
  const counts = new Float64Array(1 << SLOT_BITS);
  all((words, at) => {
    const slot = slotOf(words, at);
    sizes[slot] = (sizes[slot] ?? 0) + uint32At(words, at) + INDEX_WORDS;
    counts[slot] = (counts[slot] ?? 0) + 1;
  });
  for (const { from, to, records } of cutParts(sizes, budgetWords)) {
    const each: EachContext = (take) =>
      all((words, at) => {
        const slot = slotOf(words, at);
        if (slot >= from && slot < to) take(words, at);
      });
    const contexts = counts.subarray(from, to).reduce((sum, count) => sum + count, 0);
    yield { each, volume: { words: records - INDEX_WORDS * contexts, contexts } };
  }
}

/** Words of the smallest context, with what it takes beside itself. */
function leastWords({ length, symbol_bytes }: FragmentShape): number {
  return CONTEXT_HEAD + INDEX_WORDS + Math.ceil((length * symbol_bytes) / 4);
}

function splitPlace(folder: string, partition: number): SplitPlace {
  return {
    path: (depth) => join(folder, matchFiles.split(partition, depth)),
    vouch: { folder, marker: matchFiles.compared(partition) },
  };
}

function slotOf(words: Uint32Array, at: number): number {
  return uint32At(words, at + CONTEXT.low) >>> (32 - SLOT_BITS);
}

/** Shows `take` the contexts of a partition in ascending order of addresses. */
function eachContext(
  { inputs, partition }: CompareTask,
  folder: string,
  partitions: number,
  take: (words: Uint32Array, at: number) => void,
): void {
  for (let input = 0; input < inputs; input++) {
    const file = vouchers(folder, matchFiles.refined(input))(matchFiles.contexts(input));
    for (const words of readDealt(file, partitions, partition)) {
      for (let at = 0; at < words.length; at += uint32At(words, at)) take(words, at);
    }
  }
}
