/** All phases of exact substrings over documents in memory, as tasks do them: sampled by span, grouped and compared by partition. */
import { ContextComparer, type DuplicateVisitor } from "../../../kernels/substring/compare-contexts.ts";
import { CONTEXT, contextWords, writeContext } from "../../../kernels/substring/context-record.ts";
import { unite } from "../../../kernels/substring/cuts.ts";
import { LargeSamples } from "../../../kernels/substring/large-samples.ts";
import { SampleGroups } from "../../../kernels/substring/sample-groups.ts";
import {
  type FragmentSampler,
  type FragmentShape,
  gramOf,
  PlainFragmentSampler,
} from "../../../kernels/substring/sampler.ts";
import { COPY, DocumentVerdicts, UNSETTLED } from "../../../kernels/substring/unsettled.ts";

export interface Variant {
  readonly length: number;
  readonly gram?: number;
  readonly symbol_bytes?: 1 | 4;
  readonly partitions?: number;
  /** Documents of a span. */
  readonly span?: number;
  readonly memory_records?: number;
  readonly maxPaired?: number;
  readonly tableFragments?: number;
  /** In place of comparing all in memory. */
  readonly compare?: (contexts: readonly Uint32Array[], shape: FragmentShape, visitor: DuplicateVisitor) => void;
  readonly sampler?: (shape: FragmentShape) => FragmentSampler;
}

export interface Found {
  /** By document: ranges of fragments that are duplicates, united. */
  readonly duplicates: [number, number][][];
  readonly records: number;
  readonly context_bytes: number;
  readonly words: number;
  /** The most slices that records were taken in which share a k-gram. */
  readonly slices: number;
}

interface SampledDocument {
  readonly words: number[];
  readonly first: number;
}

export function findDuplicates(documents: readonly Uint8Array[], variant: Variant): Found {
  const { length, symbol_bytes = 1, partitions = 1, span = 1e9, memory_records = 1e9 } = variant;
  const { maxPaired, tableFragments } = variant;
  const shape = { length, gram: variant.gram ?? gramOf(length), symbol_bytes };
  const sampler = variant.sampler?.(shape) ?? new PlainFragmentSampler(shape);
  const spans: { keys: number[][]; documents: SampledDocument[] }[] = [];
  documents.forEach((document, index) => {
    const input = Math.floor(index / span);
    spans[input] ??= { keys: [], documents: [] };
    const { keys, documents: sampled } = spans[input];
    const first = keys.length;
    const words: number[] = [];
    sampler.sample(document, 0, document.length, {
      keys: (found) => {
        for (let at = 0; at < found.length; at += 4) keys.push([...found.subarray(at, at + 4)]);
      },
      words: (found) => words.push(...found),
    });
    sampled.push({ words, first });
  });
  let slices = 0;
  const verdicts = spans.map(({ keys }) => new Uint8Array(keys.length));
  const partitionOf = (high: number) => Math.floor((high * partitions) / 2 ** 32);
  for (let partition = 0; partition < partitions; partition++) {
    const records = spans.map(({ keys }) =>
      Uint32Array.from(keys.flatMap((key, number) => (partitionOf(key[0]) === partition ? [...key, number] : []))),
    );
    const groups = new SampleGroups();
    for (const part of records) groups.count(part);
    for (const part of groups.parts(memory_records)) {
      if (part.records > memory_records) {
        // So little memory that every class is a slice of its own, about.
        const samples = new LargeSamples(part, 40 * memory_records);
        for (const each of records) samples.count(each);
        slices = Math.max(slices, samples.slices);
        for (let slice = 0; slice < samples.slices; slice++) {
          samples.open(slice);
          for (const [input, each] of records.entries())
            samples.visit(each, input, (place, record, isSettled) => {
              verdicts[place][record] = isSettled ? COPY : UNSETTLED;
            });
        }
        continue;
      }
      groups.open(part);
      for (const [input, each] of records.entries()) groups.place(each, input);
      groups.visit((input, record, isSettled) => {
        verdicts[input][record] = isSettled ? COPY : UNSETTLED;
      });
    }
  }
  const duplicates: [number, number][][] = documents.map(() => []);
  const contexts: Uint32Array[] = [];
  let contextBytes = 0;
  const document = new DocumentVerdicts();
  spans.forEach(({ keys, documents: sampled }, input) => {
    sampled.forEach(({ words, first }, index) => {
      const number = input * span + index || index;
      const bytes = documents[number];
      const runs = document.settle(Uint32Array.from(words), 0, words.length, verdicts[input], first, (from, to) => {
        duplicates[number].push([from, to]);
      });
      for (const run of runs) {
        const to = (run.start + run.count + length - 1) * symbol_bytes;
        const out = new Uint32Array(contextWords(run, to - run.start * symbol_bytes));
        const [high, low] = keys[first + run.record];
        writeContext(out, { high, low, input, document: number }, run, bytes, run.start * symbol_bytes, to);
        contexts.push(out);
        contextBytes += out.byteLength;
      }
    });
  });
  const told = (_input: number, number: number, from: number, to: number): void => {
    duplicates[number].push([from, to]);
  };
  const comparer = new ContextComparer({
    ...shape,
    ...(maxPaired !== undefined && { maxPaired }),
    ...(tableFragments !== undefined && { tableFragments }),
  });
  for (let partition = 0; partition < partitions; partition++) {
    const own = contexts.filter((words) => partitionOf(words[CONTEXT.high]) === partition);
    if (variant.compare !== undefined) {
      variant.compare(own, shape, told);
      continue;
    }
    for (const words of own) comparer.add(words, 0);
    comparer.compare(told);
  }
  return {
    duplicates: duplicates.map(unite),
    records: spans.reduce((sum, { keys }) => sum + keys.length, 0),
    context_bytes: contextBytes,
    slices,
    words: spans.reduce((sum, each) => sum + each.documents.reduce((all, { words }) => all + words.length, 0), 0),
  };
}
