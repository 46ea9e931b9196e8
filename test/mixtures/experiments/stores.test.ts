import assert from "node:assert/strict";
import test from "node:test";
import { alignRatios } from "../../../mixtures/experiments/stores.ts";
import {
  type RatioRow,
  type RatioTable,
  type SourceStore,
  storesDigest,
} from "../../../mixtures/experiments/tables.ts";

type Sources = Readonly<Record<string, SourceStore>>;
const store = (name: string, tokens: number, parts?: readonly string[]): SourceStore => ({
  store: name,
  tokens,
  epochs: 1,
  ...(parts && { parts }),
});
const row = (run: string, ratios: readonly number[], sources?: Sources): RatioRow => ({
  run,
  name: run,
  ratios,
  ...(sources && { made_over: { stores: storesDigest(sources), sources } }),
});
const table = (columns: readonly string[], ...rows: RatioRow[]): RatioTable => ({ columns, rows });
const plain = { unions: [], tokens: {} };

const OLD = { web: store("w1", 100), py: store("p1", 30), js: store("j1", 10) };
const OLD_COLUMNS = Object.keys(OLD);

test("rows over the same stores go through, and epochs are no difference", () => {
  const other = { ...OLD, web: { ...OLD.web, epochs: 3, tokens: 100 } };
  const { rows, remapped, stores } = alignRatios(
    [table(OLD_COLUMNS, row("a", [0.5, 0.3, 0.2], OLD), row("b", [0.6, 0.2, 0.2], other))],
    plain,
  );
  assert.deepEqual(
    [rows.map(({ ratios }) => ratios), remapped],
    [
      [
        [0.5, 0.3, 0.2],
        [0.6, 0.2, 0.2],
      ],
      [],
    ],
  );
  assert.equal(stores?.stores, storesDigest(OLD));
});

test("a row that read another store is refused, by name", () => {
  const now = { ...OLD, web: store("w2", 90) };
  const tables = [
    table(OLD_COLUMNS, row("a", [0.5, 0.3, 0.2], OLD)),
    table(OLD_COLUMNS, row("b", [0.5, 0.3, 0.2], now)),
  ];
  assert.throws(() => alignRatios(tables, plain), /mix\/other-stores.*run a read web from store w1, and now it is w2/);
  // One that gave it no weight says what it said.
  const without = [table(OLD_COLUMNS, row("a", [0, 0.6, 0.4], OLD)), tables[1]];
  const { rows, remapped } = alignRatios(without, plain);
  assert.deepEqual([rows[0].ratios, remapped], [[0, 0.6, 0.4], ["a"]]);
  assert.throws(
    () => alignRatios([table(OLD_COLUMNS, row("a", [0.5, 0.3, 0.2])), tables[1]], plain),
    /mix\/unknown-stores.*run a/,
  );
  assert.throws(() => alignRatios([tables[0], tables[0]], plain), /mix\/run-twice/);
});

test("the stores that are wanted may be named", () => {
  const now = { ...OLD, web: store("w2", 90) };
  const tables = [table(OLD_COLUMNS, row("a", [0.5, 0.3, 0.2], OLD))];
  const stores = { stores: storesDigest(now), sources: now };
  assert.throws(() => alignRatios(tables, { ...plain, stores }), /mix\/other-stores/);
});

test("a source that is new had no weight", () => {
  const now = { ...OLD, math: store("m1", 5) };
  const { columns, rows } = alignRatios(
    [
      table(OLD_COLUMNS, row("a", [0.5, 0.3, 0.2], OLD)),
      table([...OLD_COLUMNS, "math"], row("b", [0.4, 0.3, 0.2, 0.1], now)),
    ],
    plain,
  );
  assert.deepEqual(columns, ["web", "py", "js", "math"]);
  assert.deepEqual(rows[0].ratios, [0.5, 0.3, 0.2, 0]);
});

const JOINED = { web: store("w1", 100), code: store("c1", 40) };
const joinedRow = table(["web", "code"], row("b", [0.7, 0.3], JOINED));
const oldRow = table(OLD_COLUMNS, row("a", [0.5, 0.3, 0.2], OLD));

test("a union that is told gets what its parts had, and a split parts by tokens", () => {
  const unions = [{ whole: "code", parts: ["py", "js"] }];
  const joined = alignRatios([oldRow, joinedRow], { ...plain, unions });
  assert.deepEqual([joined.columns, joined.rows[0].ratios, joined.remapped], [["web", "code"], [0.5, 0.5], ["a"]]);
  const split = alignRatios([joinedRow, oldRow], { ...plain, unions });
  assert.deepEqual(split.columns, ["web", "py", "js"]);
  assert.ok(
    Math.abs(split.rows[0].ratios[1] - 0.3 * 0.75) < 1e-15 && Math.abs(split.rows[0].ratios[2] - 0.3 * 0.25) < 1e-15,
  );
  assert.throws(() => alignRatios([oldRow, joinedRow], plain), /mix\/other-stores.*run a read py/);
  assert.throws(
    () => alignRatios([oldRow, joinedRow], { ...plain, unions: [{ whole: "code", parts: ["py", "rust"] }] }),
    /flag\/no-union.*there is no source rust/,
  );
});

test("unions and splits are seen by the pieces of stores", () => {
  const parts = { web: store("w1", 100), py: store("p1", 30, ["f1", "f2"]), js: store("j1", 10, ["f3"]) };
  const whole = { web: store("w1", 100), code: store("c1", 40, ["f3", "f1", "f2"]) };
  const before = table(OLD_COLUMNS, row("a", [0.5, 0.3, 0.2], parts));
  const after = table(["web", "code"], row("b", [0.7, 0.3], whole));
  assert.deepEqual(alignRatios([before, after], plain).rows[0].ratios, [0.5, 0.5]);
  const split = alignRatios([after, before], plain);
  assert.deepEqual(split.columns, ["web", "py", "js"]);
  assert.ok(Math.abs(split.rows[0].ratios[1] - 0.225) < 1e-15);
  // A piece more is another source.
  const more = { web: whole.web, code: store("c2", 45, ["f1", "f2", "f3", "f4"]) };
  assert.throws(
    () => alignRatios([before, table(["web", "code"], row("b", [0.7, 0.3], more))], plain),
    /mix\/other-stores/,
  );
});

test("what was filtered anew has other pieces; the same pieces in another store are the same text", () => {
  const before = { web: store("w1", 100, ["f1"]), py: store("p1", 30, ["f2"]), js: store("j1", 10, ["f3"]) };
  const old = table(OLD_COLUMNS, row("a", [0.5, 0.3, 0.2], before));
  const filtered = { ...before, web: store("w2", 90, ["f1 filtered"]) };
  assert.throws(
    () => alignRatios([old, table(OLD_COLUMNS, row("b", [1, 0, 0], filtered))], plain),
    /mix\/other-stores/,
  );
  const joined = { web: store("w2", 90, ["f1"]), code: store("c1", 40, ["f2", "f3"]) };
  const { rows: aligned } = alignRatios([old, table(["web", "code"], row("b", [1, 0], joined))], plain);
  assert.deepEqual(aligned[0].ratios, [0.5, 0.5]);
  // Another name for the same store is no change.
  const renamed = { crawl: before.web, py: before.py, js: before.js };
  const after = table(["crawl", "py", "js"], row("b", [1, 0, 0], renamed));
  const { columns, rows } = alignRatios([old, after], plain);
  assert.deepEqual(
    [columns, rows[0].ratios],
    [
      ["py", "js", "crawl"],
      [0.3, 0.2, 0.5],
    ],
  );
});

test("tables that say nothing of stores are mapped where it is told, in every stage", () => {
  const columns = ["s/web", "s/py", "s/js", "d/web", "d/py", "d/js"];
  const before = table(columns, row("a", [0.5, 0.3, 0.2, 1, 0, 0]));
  const after = table(["s/web", "s/code", "d/web", "d/code"], row("b", [0.5, 0.5, 0.2, 0.8]));
  const unions = [{ whole: "code", parts: ["py", "js"] }];
  const joined = alignRatios([before, after], { unions, tokens: {} });
  assert.deepEqual(joined.rows[0].ratios, [0.5, 1, 0.5, 0]);
  assert.deepEqual(joined.columns, ["s/web", "d/web", "s/code", "d/code"]);
  const split = alignRatios([after, before], { unions, tokens: { py: 3, js: 1 } });
  assert.deepEqual(split.rows[0].ratios, [0.5, 0.2, 0.375, 0.125, 0.6000000000000001, 0.2]);
  assert.throws(() => alignRatios([after, before], { unions, tokens: {} }), /flag\/tokens-needed/);
  assert.throws(() => alignRatios([before, table(["web"], row("b", [1]))], plain), /mix\/other-stages/);
});
