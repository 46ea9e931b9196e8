import assert from "node:assert/strict";
import test from "node:test";
import { DataError } from "../../../batch/errors.ts";
import {
  metricsCsv,
  olmixRatios,
  parseMetrics,
  parseRatios,
  type RatioTable,
  ratiosCsv,
  storesDigest,
} from "../../../mixtures/experiments/tables.ts";

const sources = {
  web: { store: "aaaa", tokens: 1000, epochs: 0.5, parts: ["p1", "p2"] },
  "code,py": { store: "bbbb", tokens: 20, epochs: 4 },
};
const table: RatioTable = {
  columns: ["stable/web", "stable/code,py", "decay/web", "decay/code,py"],
  rows: [
    {
      run: "mix-000",
      name: 'the "base"\nline',
      ratios: [0.7, 0.3, 1 / 3, 2 / 3],
      made_over: { stores: storesDigest(sources), budget_tokens: 10_000, sources },
    },
    { run: "mix-001", name: " b ", ratios: [1, 0, 0.123457, 0.876543] },
  ],
};

test("ratios come back equal, with the stores they were made over", () => {
  const text = ratiosCsv(table);
  const back = parseRatios(text, "ratios.csv");
  assert.deepEqual(back, { ...table, rows: [table.rows[0], { ...table.rows[1], name: "b" }] });
  assert.match(text, /^run_id,name,stable\/web,"stable\/code,py",/);
});

test("olmix's table has runs and shares alone", () => {
  const [header] = olmixRatios(table).split("\n");
  assert.equal(header, 'run_id,name,stable/web,"stable/code,py",decay/web,"decay/code,py"');
  assert.equal(parseRatios(olmixRatios(table), "ratios.csv").rows[0].made_over, undefined);
});

test("metrics come back equal; what was not measured is NaN", () => {
  const metrics = {
    metrics: ["loss/web", "tokens:web"],
    rows: [
      { run: "a", name: "a", values: [2.5, Number.NaN] },
      { run: "b", name: "b", values: [1e-7, 3] },
    ],
  };
  assert.deepEqual(parseMetrics(metricsCsv(metrics), "metrics.csv"), metrics);
});

test("olmix's older form and RegMix's are read", () => {
  const olmix = parseRatios("\ufeffrun,name,index,web,code\r\nx1,first,0,.25,.75\r\nx2,second,1,1,\r\n", "ratios.csv");
  assert.deepEqual(olmix.columns, ["web", "code"]);
  assert.deepEqual(
    olmix.rows.map(({ run, name, ratios }) => [run, name, ratios]),
    [
      ["x1", "first", [0.25, 0.75]],
      ["x2", "second", [1, 0]],
    ],
  );
  const regmix = parseRatios("index,train_the_pile_arxiv,train_the_pile_github\n1,0.5,0.498", "train_mixture_1m.csv");
  assert.deepEqual(regmix.rows[0], { run: "1", name: "1", ratios: [0.5, 0.498] });
  const leaves = parseRatios("run_id,dclm:science,dclm:art\nr,0.5,0.5\n", "ratios.csv");
  assert.deepEqual(leaves.columns, ["dclm:science", "dclm:art"]);
});

for (const [text, code, line] of [
  ["run_id,web\n", "table/empty", 1],
  ["web,code\n1,0\n", "table/no-run-column", 1],
  ["run_id,web,web\na,1,0\n", "table/duplicate-column", 1],
  ["run_id,web,code\na,1,0\nb,1\n", "table/ragged", 3],
  ["run_id,web,code\na,1,0\na,1,0\n", "table/run-twice", 3],
  ['run_id,web,code\na,1,"0\n', "table/not-csv", 2],
  ["run_id,web,code\na,1,zero\n", "table/not-a-number", 2],
  ["run_id,web,code\na,0.5,0.4\n", "table/bad-share", 2],
  ["run_id,web,code\na,1.2,-0.2\n", "table/bad-share", 2],
  ["run_id,web,stores,store:web\na,1,0000000000000000,x\n", "table/stores-changed", 2],
] as const) {
  test(`${JSON.stringify(text)} is refused as ${code}`, () => {
    assert.throws(
      () => parseRatios(text, "ratios.csv"),
      (error) => {
        assert.ok(error instanceof DataError);
        assert.deepEqual([error.code, error.details.place], [code, { file: "ratios.csv", line, column: 1 }]);
        return true;
      },
    );
  });
}
