import assert from "node:assert/strict";
import { test } from "node:test";
import { tableFromArrays, tableToIPC } from "apache-arrow";
import { DataError } from "../../../batch/errors.ts";
import stage, { arrowSource } from "../../../stages/read/arrow.ts";
import { GOLDEN_METADATA, GOLDEN_ROWS, golden, goldenRow, goldenText } from "./golden.ts";
import { contextOf, type Row, readAll } from "./reading.ts";

const parse = (given: Record<string, unknown>) => stage.options.parse(given);
const texts = (rows: readonly Row[]) => rows.map((row) => row.text);

async function read(
  files: Record<string, Uint8Array>,
  given: Record<string, unknown> = {},
  target?: { bytes: number; rows: number },
) {
  const context = contextOf(files);
  const rows = await readAll(arrowSource(parse(given), target), context);
  for (const opened of context.opened) assert.equal(opened.closed, 1);
  return { rows, problems: context.problems };
}

const usable = [...Array(GOLDEN_ROWS).keys()].filter((i) => goldenText(i) !== null);

test("an independent writer's file: large strings, dictionaries, every kind", async () => {
  const { rows, problems } = await read({ "a.arrow": golden("large.arrow") }, { metadata: GOLDEN_METADATA });
  const names = ["at", ...Object.keys(goldenRow(0))];
  assert.deepEqual(
    rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name]]))),
    usable.map((i) => ({ at: `0:${i}`, ...goldenRow(i) })),
  );
  assert.deepEqual(
    problems.map(({ kind, row }) => [kind, row]),
    [
      ["missing_text", 7],
      ["missing_text", 57],
    ],
  );
});

test("streams of string views, plain and zstd", async () => {
  for (const name of ["views.arrows", "zstd.arrows"]) {
    const metadata = ["language", "score", "seen", "meta"];
    for (const target of [undefined, { bytes: 1, rows: 9 }, { bytes: 1e9, rows: 7 }]) {
      const { rows } = await read({ [name]: golden(name) }, { metadata }, target);
      assert.deepEqual(
        rows,
        usable.map((i) => {
          const { text, language, score, seen, meta } = goldenRow(i);
          return { at: `0:${i}`, text, id: `id ${i}`, language, score, seen, meta };
        }),
      );
    }
  }
});

test("skip and limit over record batches and files", async () => {
  const files = { "a.arrow": golden("large.arrow"), "b.arrow": golden("large.arrow") };
  const all = await read(files);
  const place = (row: Row) => Number(String(row.at).split(":")[0]) * GOLDEN_ROWS + Number(String(row.at).split(":")[1]);
  for (const [skip, limit] of [
    [0, 5],
    [40, 10],
    [55, 20],
    [119, 5],
    [500, 1],
  ]) {
    const { rows } = await read(files, { skip, limit });
    assert.deepEqual(
      rows,
      all.rows.filter((row) => place(row) >= skip && place(row) < skip + limit),
      `${skip} ${limit}`,
    );
  }
});

test("tables made here, as file and as stream", async () => {
  const table = tableFromArrays({ text: ["a", "", "é😀"], id: Int32Array.of(5, 6, 7) });
  for (const format of ["file", "stream"] as const) {
    const { rows, problems } = await read({ "a.arrow": tableToIPC(table, format) });
    assert.deepEqual(rows, [
      { at: "0:0", text: "a", id: "5" },
      { at: "0:2", text: "é😀", id: "7" },
    ]);
    assert.deepEqual(
      problems.map(({ kind, row }) => [kind, row]),
      [["empty_text", 1]],
    );
  }
});

test("columns that are not there or hold no strings", async () => {
  const file = tableToIPC(tableFromArrays({ txt: ["a"], n: Int32Array.of(1) }), "file");
  const refused = async (given: Record<string, unknown>, code: string) =>
    assert.rejects(read({ "a.arrow": file }, given), (error) => error instanceof DataError && error.code === code);
  await refused({}, "data/missing-column");
  await refused({ text: "n" }, "data/text-not-string");
  await refused({ text: "txt", metadata: ["x"] }, "data/missing-column");
  assert.deepEqual(texts((await read({ "a.arrow": file }, { text: "txt", metadata: ["n"] })).rows), ["a"]);
});

test("damaged and cut files give a named error or rows, never anything else", async () => {
  let refusedCount = 0;
  let seed = 7;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (let round = 0; round < 120; round++) {
    const file = Buffer.from(golden(["large.arrow", "views.arrows", "zstd.arrows"][round % 3]));
    let damaged: Buffer = file;
    if (round % 2) damaged = file.subarray(0, random(file.length));
    else for (let i = 0; i < 10; i++) file[random(file.length)] = random(256);
    try {
      await read({ "a.arrow": damaged }, { metadata: ["score", "meta", "seen"] });
    } catch (error) {
      assert.ok(error instanceof DataError, `round ${round}: ${error instanceof Error ? error.stack : error}`);
      refusedCount++;
    }
  }
  assert.ok(refusedCount > 60, `${refusedCount}`);
});
