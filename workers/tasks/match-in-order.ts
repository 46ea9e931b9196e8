/**
 * Matching of a barrier that judges in order: one task goes through the keys of all spans by address, and writes down which units fall.
 *
 * Invariant: a unit is judged when all before it have been, of all spans and members; those of rows that fell earlier do not come. Memory: the judge's, the keys of
 * one unit, 4 bytes a part of one span, and a read buffer.
 */
import { join } from "node:path";
import type { Bitmap } from "../../batch/bitmap.ts";
import { int32Values } from "../../batch/column.ts";
import { int32At, uint32At } from "../../batch/numbers.ts";
import { decodeArrow } from "../../io/formats/arrow-table.ts";
import { commitMarker, createIntermediate } from "../../io/local/commit.ts";
import { readVouched } from "../../io/local/vouched.ts";
import { groupAt } from "../../plan/plan.ts";
import type { SequenceBarrierOperator, SequenceJudge } from "../../stages/define.ts";
import { KeyFile } from "../../store/key-file.ts";
import { matchFiles } from "../../store/layout.ts";
import { vouch } from "../../store/marker.ts";
import type { WorkerContext } from "../context.ts";
import type { KeyInput, MatchMarker, MatchTask, PartsInput } from "../protocol.ts";

const READ_WORDS = 64 << 10;
/** Two words of key and the unit's number. */
const RECORD_WORDS = 3;
const FALLEN_WORDS = 16 << 10;

export function matchInOrder(
  task: MatchTask,
  operator: SequenceBarrierOperator,
  skip: Bitmap | undefined,
  context: WorkerContext,
): MatchMarker {
  const folder = context.layout.match(groupAt(context.plan, task.group).fingerprint);
  // Both lists name the spans in the same order; spans without parts may begin at the same number.
  const places = task.members.flatMap((member) => member.parts ?? []);
  const inputs = task.inputs
    .map((input, span) => ({ input, place: places[span] }))
    .toSorted((a, b) => a.input.firstDocument - b.input.firstDocument);
  const pending = createIntermediate(join(folder, matchFiles.ordered(task.partition)));
  let marker: MatchMarker;
  try {
    const judge = operator.judge(inputs.reduce((sum, { input }) => sum + keysIn(input), 0));
    const fallen = new Fallen(pending);
    for (const { input, place } of inputs) {
      const units = new Units(input);
      try {
        if (place === undefined) judgeRows(units, input.firstDocument, judge, skip, fallen);
        else judgeParts(units, place, judge, skip, fallen);
      } finally {
        units.close();
      }
    }
    judge.finish();
    fallen.flush();
    marker = { files: [pending.commit()], edges: fallen.count };
  } catch (error) {
    pending.abort();
    throw error;
  }
  commitMarker(join(folder, matchFiles.marker(task.partition)), marker);
  return marker;
}

function keysIn(input: KeyInput): number {
  const file = new KeyFile(vouch(input.file));
  try {
    return file.records(0);
  } finally {
    file.close();
  }
}

function judgeRows(units: Units, first: number, judge: SequenceJudge, skip: Bitmap | undefined, fallen: Fallen): void {
  for (let row = units.next(); row >= 0; row = units.next()) {
    if (skip?.has(first + row)) continue;
    const goes = judge.unit(units.keys, units.words);
    if (judge.endRow() || goes) fallen.add(first + row);
  }
}

function judgeParts(
  units: Units,
  place: PartsInput,
  judge: SequenceJudge,
  skip: Bitmap | undefined,
  fallen: Fallen,
): void {
  const { file, firstPart } = place;
  const { rows, columns } = decodeArrow(readVouched(vouch(file)), file.name);
  const documents = int32Values(columns, "document");
  let next = units.next();
  for (let from = 0; from < rows; ) {
    let end = from;
    const goes: number[] = [];
    const skipped = skip?.has(firstPart + from) === true;
    for (; end < rows && int32At(documents, end) === int32At(documents, from); end++) {
      const hasKeys = next === end;
      if (!skipped && judge.unit(units.keys, hasKeys ? units.words : 0)) goes.push(end);
      if (hasKeys) next = units.next();
    }
    if (!skipped && judge.endRow()) for (let part = from; part < end; part++) fallen.add(firstPart + part);
    else for (const part of goes) fallen.add(firstPart + part);
    from = end;
  }
}

/** The units of a span that have keys, one after the other. */
class Units {
  /** Keys of the unit that came last: `keys[0, words)`. */
  keys = new Uint32Array(1 << 12);
  words = 0;
  readonly #file: KeyFile;
  readonly #pieces: Iterator<Uint32Array>;
  #piece: Uint32Array = new Uint32Array(0);
  #at = 0;

  constructor(input: KeyInput) {
    this.#file = new KeyFile(vouch(input.file));
    this.#pieces = this.#file.read(0, new Uint32Array(RECORD_WORDS * READ_WORDS));
  }

  /** Number of the next unit in its span; -1 where there is none. */
  next(): number {
    this.words = 0;
    if (!this.#more()) return -1;
    const unit = uint32At(this.#piece, this.#at + 2);
    while (this.#more() && uint32At(this.#piece, this.#at + 2) === unit) {
      if (this.words + 2 > this.keys.length) this.#grow();
      this.keys[this.words++] = uint32At(this.#piece, this.#at);
      this.keys[this.words++] = uint32At(this.#piece, this.#at + 1);
      this.#at += RECORD_WORDS;
    }
    return unit;
  }

  close(): void {
    this.#file.close();
  }

  #more(): boolean {
    while (this.#at >= this.#piece.length) {
      const { done, value } = this.#pieces.next();
      if (done) return false;
      this.#piece = value;
      this.#at = 0;
    }
    return true;
  }

  #grow(): void {
    const keys = new Uint32Array(2 * this.keys.length);
    keys.set(this.keys);
    this.keys = keys;
  }
}

/** Numbers of units that fall, on their way to the disk. */
class Fallen {
  count = 0;
  readonly #sink: { write(bytes: Uint8Array): void };
  readonly #words = new Uint32Array(FALLEN_WORDS);
  #length = 0;

  constructor(sink: { write(bytes: Uint8Array): void }) {
    this.#sink = sink;
  }

  add(unit: number): void {
    if (this.#length === this.#words.length) this.flush();
    this.#words[this.#length++] = unit;
    this.count++;
  }

  flush(): void {
    this.#sink.write(new Uint8Array(this.#words.buffer, 0, 4 * this.#length));
    this.#length = 0;
  }
}
