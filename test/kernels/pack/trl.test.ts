import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { PackPlan } from "../../../kernels/pack/plan.ts";
import { mapBatches, planBfd, planWrapped } from "../../../kernels/pack/trl.ts";

interface Case {
  readonly name?: string;
  readonly lengths: readonly number[];
  readonly max_length: number;
  readonly strategy: string;
  readonly num_proc?: number;
  readonly batch_rows?: number;
  readonly input_ids: readonly (readonly number[])[];
  readonly seq_lengths?: readonly (readonly number[])[];
}

const ONE_BATCH = { batch_rows: 1_000_000, num_proc: 1 };

function packed(lengths: readonly number[], capacity: number, strategy: string, batches = ONE_BATCH): PackPlan {
  const rows = Uint32Array.from(lengths);
  if (strategy === "wrapped") return planWrapped(rows, capacity, batches);
  return planBfd(rows, capacity, strategy === "bfd" ? "truncate" : "split", batches);
}

/** Ids of packed rows, where the ids of all rows are consecutive; and the lengths of their pieces. */
function rowsOf(plan: PackPlan, lengths: readonly number[]): { ids: number[][]; pieces: number[][] } {
  const first = [0];
  for (const length of lengths) first.push(first[first.length - 1] + length);
  const ids: number[][] = [];
  const pieces: number[][] = [];
  for (let row = 0; row < plan.windows; row++) {
    const own: number[] = [];
    const own_lengths: number[] = [];
    for (let piece = plan.window_pieces[row]; piece < plan.window_pieces[row + 1]; piece++) {
      const start = first[plan.piece_document[piece]] + plan.piece_start[piece];
      for (let i = 0; i < plan.piece_length[piece]; i++) own.push(start + i);
      own_lengths.push(plan.piece_length[piece]);
    }
    ids.push(own);
    pieces.push(own_lengths);
  }
  return { ids, pieces };
}

function sha256(ids: readonly number[]): string {
  return createHash("sha256")
    .update(new Uint8Array(Int32Array.from(ids).buffer))
    .digest("hex");
}

function check(cases: readonly Case[]): void {
  for (const { name, lengths, max_length, strategy, num_proc, batch_rows, input_ids, seq_lengths } of cases) {
    const batches = num_proc === undefined ? ONE_BATCH : { num_proc, batch_rows: batch_rows ?? 1000 };
    const { ids, pieces } = rowsOf(packed(lengths, max_length, strategy, batches), lengths);
    const where = `${name} ${strategy} at ${max_length}, ${JSON.stringify(batches)}`;
    assert.deepEqual(ids, input_ids, where);
    if (seq_lengths !== undefined) assert.deepEqual(pieces, seq_lengths, where);
  }
}

test("bfd, bfd_split and wrapped pack as TRL does, in one batch and in several", () => {
  check(JSON.parse(readFileSync("test/golden/rows/numpy.json", "utf8")).packing);
});

test("the shared goldens of TRL's packers", (t) => {
  const shared = "../shared/golden";
  if (!existsSync(`${shared}/packing.json`)) return t.skip("../shared/golden is not here");
  const read = (name: string) => JSON.parse(readFileSync(`${shared}/${name}`, "utf8"));
  check(read("packing.json").cases);
  let known: readonly number[] = [];
  for (const large of read("packing-large.json").cases) {
    known = large.lengths ?? known;
    const { ids, pieces } = rowsOf(packed(known, large.max_length, large.strategy), known);
    assert.equal(sha256(ids.flat()), large.sha256_ids_i32le);
    assert.equal(sha256(ids.map((row) => row.length)), large.sha256_row_lengths_i32le);
    if (large.sha256_seq_lengths_i32le !== undefined)
      assert.equal(sha256(pieces.flat()), large.sha256_seq_lengths_i32le);
  }
  const { lengths, max_length, bfd, wrapped, bfd_num_proc_3 } = read("packing-batches.json");
  const ids = (strategy: string, num_proc: number): number[][] =>
    rowsOf(packed(lengths, max_length, strategy, { batch_rows: 1000, num_proc }), lengths).ids;
  const one = ids("bfd", 1);
  assert.equal(one.length, bfd.rows);
  assert.equal(sha256(one.flat()), bfd.sha256_ids_i32le);
  const joined = ids("wrapped", 1);
  assert.equal(sha256(joined.flat()), wrapped.sha256_ids_i32le);
  assert.deepEqual(
    joined.flatMap((row, i) => (row.length === max_length ? [] : [[i, row.length]])),
    wrapped.row_lengths_not_64,
  );
  assert.equal(sha256(ids("bfd", 3).flat()), bfd_num_proc_3.sha256_ids_i32le);
});

test("batches are contiguous, and parts differ by a row at most", () => {
  assert.deepEqual(
    [...mapBatches(7, { batch_rows: 2, num_proc: 3 })],
    [
      [0, 2],
      [2, 3],
      [3, 5],
      [5, 7],
    ],
  );
  assert.deepEqual([...mapBatches(0, { batch_rows: 2, num_proc: 3 })], []);
  assert.deepEqual(
    [...mapBatches(2, { batch_rows: 9, num_proc: 5 })],
    [
      [0, 1],
      [1, 2],
    ],
  );
});
