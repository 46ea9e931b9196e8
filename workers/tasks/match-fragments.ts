/**
 * The first round of a barrier that compares fragments: which sampled runs of a partition have a copy before them, and which may have one.
 *
 * A verdict is a word, dealt to the span that it is about: twice the record's number, one more where the run is a copy. Invariant: the same verdicts for any number
 * of partitions, parts and workers. Memory: the stated budget, however many records share a sample: where they do not fit, only the first of each run is held.
 */
import { Bitmap } from "../../batch/bitmap.ts";
import { int32Values } from "../../batch/column.ts";
import { entryAt } from "../../batch/entry.ts";
import { int32At } from "../../batch/numbers.ts";
import { decodeArrow } from "../../io/formats/arrow-table.ts";
import { readVouched } from "../../io/local/vouched.ts";
import { LargeSamples } from "../../kernels/substring/large-samples.ts";
import { type RecordSet, SampleGroups, type VerdictVisitor } from "../../kernels/substring/sample-groups.ts";
import { type DealtSink, DealtWriter } from "../../store/dealt-file.ts";
import { KeyFile } from "../../store/key-file.ts";
import { vouch } from "../../store/marker.ts";
import type { ClusterCounts, MatchTask, PartsInput, RootsSlice } from "../protocol.ts";
import { RootsFile } from "../roots.ts";

const READ_BYTES = 256 << 10;

/** Writes the verdicts of a partition; returns what it holds. */
export function writeVerdicts(task: MatchTask, memory_bytes: number, sink: DealtSink): ClusterCounts {
  const groups = new SampleGroups();
  const verdicts = new DealtWriter(sink, task.inputs.length);
  const buffer = new Uint32Array(READ_BYTES / 4);
  const skipped = skippedRecords(task);
  const read = (take: (records: Uint32Array, input: number, skip: RecordSet | undefined) => void): void => {
    for (const [input, { file }] of task.inputs.entries()) {
      const keys = new KeyFile(vouch(file));
      try {
        if (keys.records(task.partition) === 0) continue;
        const skip = skipped(input);
        for (const records of keys.read(task.partition, buffer)) take(records, input, skip);
      } finally {
        keys.close();
      }
    }
  };
  read((records, _input, skip) => groups.count(records, skip));
  const visitor: VerdictVisitor = (input, record, isCopy) => {
    verdicts.add(input, 1)[0] = 2 * record + Number(isCopy);
  };
  let [clusters, members, largest] = [0, 0, 0];
  const most = Math.max(1, Math.floor(memory_bytes / groups.record_bytes));
  for (const part of groups.parts(most)) {
    if (part.records <= most) {
      groups.open(part);
      read((records, input, skip) => groups.place(records, input, skip));
      groups.visit(visitor);
      continue;
    }
    const samples = new LargeSamples(part, memory_bytes);
    read((records, _input, skip) => samples.count(records, skip));
    const { slices } = samples;
    for (let slice = 0; slice < slices; slice++) {
      samples.open(slice);
      read((records, input, skip) => samples.visit(records, input, visitor, skip));
    }
    const found = samples.figures;
    clusters += found.groups;
    members += found.members;
    largest = Math.max(largest, found.largest);
  }
  verdicts.finish();
  return {
    clusters: clusters + groups.groups,
    members: members + groups.members,
    largest: Math.max(largest, groups.largest),
  };
}

/** The records of an input whose rows an earlier barrier dropped. */
function skippedRecords({ members }: MatchTask): (input: number) => RecordSet | undefined {
  const places = members.flatMap(({ earlier, parts = [] }) => parts.map((file) => ({ earlier, file })));
  return (input) => {
    const { earlier, file } = entryAt(places, input, "span");
    return earlier.length === 0 ? undefined : droppedRecords(file, earlier);
  };
}

function droppedRecords({ file, firstDocument }: PartsInput, earlier: readonly RootsSlice[]): RecordSet {
  const { rows, columns } = decodeArrow(readVouched(vouch(file)), file.name);
  const documents = int32Values(columns, "document");
  const records = int32Values(columns, "records");
  const dropped = new Bitmap(records.reduce((sum, count) => sum + count, 0));
  const last = rows === 0 ? -1 : int32At(documents, rows - 1);
  for (const slice of earlier) {
    const from = slice.first + firstDocument;
    const roots = new RootsFile(slice.file).read(from, last + 1);
    for (let row = 0, record = 0; row < rows; row++) {
      const end = record + int32At(records, row);
      const document = int32At(documents, row);
      if (roots[document] !== from + document) for (let at = record; at < end; at++) dropped.set(at);
      record = end;
    }
  }
  return dropped;
}
