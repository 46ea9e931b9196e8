/**
 * What peek shows of runs: finished, failed, of several sources and spans; every figure is held against the rows
 * that were written.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { ShardmillError } from "../../batch/errors.ts";
import { type OpenRun, openRun, peekProblems, peekRun, peekWindows, prepare, run, verifyRun } from "../../index.ts";
import { seal, unseal } from "../../io/local/seal.ts";
import { spanFiles } from "../../store/layout.ts";
import { TOKENIZER, temporaryFolder } from "../workers/fixture.ts";

const HEAD = `schema: 1
name: r
seed: 1
tokenizer: ${TOKENIZER}
limits: { max_epochs: 100 }
`;

interface RunSettings {
  readonly spanBytes?: number;
  readonly maxErrors?: number;
}

/** Runs a recipe over files; a failure is returned, not thrown. */
async function runOf(
  t: TestContext,
  recipe: string,
  files: Readonly<Record<string, string>>,
  { spanBytes, maxErrors = 0 }: RunSettings = {},
): Promise<{ readonly root: string; readonly opened: OpenRun; readonly failure?: unknown }> {
  const root = temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(root, name), text);
  const failure = await attempt(root, recipe, { ...(spanBytes && { spanBytes }), maxErrors });
  return { root, opened: openRun("r", root), ...(failure === undefined ? {} : { failure }) };
}

async function attempt(root: string, recipe: string, { spanBytes, maxErrors = 0 }: RunSettings): Promise<unknown> {
  fs.writeFileSync(path.join(root, "r.yaml"), HEAD + recipe);
  const { plan, environment, registry } = await prepare(path.join(root, "r.yaml"), { out: root, dataRoot: root });
  try {
    const span_bytes = spanBytes === undefined ? {} : { span_bytes: spanBytes };
    await run(plan, { root, workers: 0, environment, registry, max_errors: maxErrors, ...span_bytes });
    return undefined;
  } catch (error) {
    return error;
  }
}

const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

const refused = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ShardmillError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

test("near-duplicates in Chinese and Thai: two are kept, and each of the others names the row that stayed", async (t) => {
  const chinese = "今天天气很好我们去公园散步看到很多花和树还有小孩子在玩耍大家都很高兴回家以后吃了晚饭然后看书";
  const thai = "สวัสดีครับวันนี้อากาศดีมากเราไปเดินเล่นที่สวนสาธารณะกันเถอะ".repeat(3);
  const rows = [
    { id: "1", text: `${chinese}睡觉` },
    { id: "2", text: `${chinese}休息` },
    { id: "3", text: `${chinese.replace("散步", "漫步")}睡觉` },
    { id: "th1", text: thai },
    { id: "th2", text: `${thai}ครับ` },
  ];
  const { root, opened } = await runOf(
    t,
    `pipelines: { p: [ { use: dedup/minhash } ] }
sources: { s: { from: "a.jsonl", pipeline: p } }
training_stages: [ { name: only, tokens: 16, sequence_length: 4, weights: { s: 1 } } ]
`,
    { "a.jsonl": lines(rows) },
  );
  const kept = await peekRun(opened, { count: 10, dataRoot: root });
  assert.deepEqual(
    kept.map(({ address, id, fate }) => [address, id, fate]),
    [
      ["s/a.jsonl#0", "1", "kept"],
      ["s/a.jsonl#3", "th1", "kept"],
    ],
  );
  const dropped = await peekRun(opened, { count: 10, dropped: "all", dataRoot: root });
  assert.deepEqual(
    dropped.map(({ id, verdict }) => [id, verdict?.reason, verdict?.survivor]),
    [
      ["2", "near_duplicate", { address: "s/a.jsonl#0", id: "1" }],
      ["3", "near_duplicate", { address: "s/a.jsonl#0", id: "1" }],
      ["th2", "near_duplicate", { address: "s/a.jsonl#3", id: "th1" }],
    ],
  );
});

const ACROSS = `pipelines: { p: [ { use: dedup/exact, scope: pipeline }, { use: dedup/minhash, scope: pipeline } ] }
sources: { b: { from: b.jsonl, pipeline: p }, a: { from: a.jsonl, pipeline: p } }
`;
const ACROSS_ROWS = {
  "b.jsonl": lines([
    { id: "3", text: "shared text one two three four five six" },
    { id: "4", text: "only in b one two three four five" },
  ]),
  "a.jsonl": lines([
    { id: "1", text: "shared text one two three four five six" },
    { id: "2", text: "only in a, seven eight nine ten" },
  ]),
};

for (const [what, tail] of [
  ["tokens", "training_stages: [ { name: only, tokens: 16, sequence_length: 4, weights: { a: 1, b: 1 } } ]\n"],
  ["rows alone", "outputs: [ { name: rows } ]\n"],
] as const) {
  test(`a duplicate of another source names it by address and id; a run of ${what}`, async (t) => {
    const { root, opened } = await runOf(t, ACROSS + tail, ACROSS_ROWS);
    const [dropped, ...others] = await peekRun(opened, { count: 10, dropped: "exact", dataRoot: root });
    assert.deepEqual(others, []);
    assert.equal(dropped?.address, "a/a.jsonl#0");
    assert.deepEqual(dropped?.verdict, {
      stage: "exact",
      reason: "duplicate",
      survivor: { address: "b/b.jsonl#0", id: "3" },
    });
    const kept = await peekRun(opened, { count: 10, dataRoot: root });
    assert.deepEqual(
      kept.map(({ id, fate }) => [id, fate]),
      [
        ["3", "kept"],
        ["4", "kept"],
        ["2", "kept"],
      ],
    );
  });
}

/** Rows of every fate, in several spans of one file. */
function mixedRows(): { readonly text: string; readonly bad: readonly number[]; readonly empty: readonly number[] } {
  const bad: number[] = [];
  const empty: number[] = [];
  const rows = Array.from({ length: 300 }, (_, i) => {
    if (i % 59 === 58) {
      bad.push(i);
      return '{"text": broken\n';
    }
    if (i % 31 === 30) {
      empty.push(i);
      return '{"text":""}\n';
    }
    const words = i % 7 === 6 ? "short" : `words of row ${i % 50} that are the same in some others ${i % 50}`;
    return `${JSON.stringify({ id: `doc-${i}`, text: words, url: `u${i}` })}\n`;
  });
  return { text: rows.join(""), bad, empty };
}

const MIXED = `pipelines: { p: [ { use: filter/length, unit: words, min: 3 }, { use: dedup/exact } ] }
sources: { s: { from: "a.jsonl", pipeline: p, metadata: [url] } }
training_stages: [ { name: only, tokens: 64, sequence_length: 4, weights: { s: 1 } } ]
validation: { fraction: 0.3 }
`;

test("rows of a file in many spans: each fate by listing, by address and by id; problem rows with their line", async (t) => {
  const { text, bad, empty } = mixedRows();
  const { root, opened, failure } = await runOf(t, MIXED, { "a.jsonl": text }, { spanBytes: 1500, maxErrors: 100 });
  assert.equal(failure, undefined);
  const look = { count: 1000, dataRoot: root };
  const rowOf = (address: string): number => Number(address.split("#")[1]);

  const problems = peekProblems(opened, { count: 1000 });
  assert.deepEqual(
    problems.filter(({ kind }) => kind === "bad_json").map(({ address }) => rowOf(address)),
    bad,
  );
  assert.deepEqual(
    problems.filter(({ kind }) => kind === "empty_text").map(({ address }) => rowOf(address)),
    empty,
  );
  assert.equal(problems.length, bad.length + empty.length);
  const [first] = problems;
  assert.equal(text.slice(first?.byte).split("\n")[0], text.split("\n")[rowOf(first?.address ?? "")]);

  const kept = await peekRun(opened, look);
  const heldOut = await peekRun(opened, { ...look, held_out: true });
  const short = await peekRun(opened, { ...look, dropped: "length:too_short" });
  const copies = await peekRun(opened, { ...look, dropped: "exact" });
  const manifest = JSON.parse(fs.readFileSync(path.join(root, "runs/r/manifests/only.json"), "utf8"));
  const { counts } = manifest.sources.s;
  assert.deepEqual(
    [kept.length, heldOut.length, short.length, copies.length, problems.length],
    [
      counts.kept,
      counts.held_out,
      counts.dropped.length.too_short,
      counts.dropped.exact.duplicate,
      counts.errors.bad_json + counts.errors.empty_text,
    ],
  );
  assert.ok(heldOut.length > 0 && copies.length > 0);
  const all = [...kept, ...heldOut, ...short, ...copies];
  assert.equal(new Set(all.map(({ address }) => address)).size, 300 - problems.length);
  for (const { address, id } of all) assert.equal(id, `doc-${rowOf(address)}`);

  // The first row of a text stays.
  const texts = text.split("\n").map((line, row) => (bad.includes(row) || line === "" ? "" : JSON.parse(line).text));
  for (const { address, verdict } of copies) {
    const row = texts.indexOf(texts[rowOf(address)]);
    assert.deepEqual(verdict?.survivor, { address: `s/a.jsonl#${row}`, id: `doc-${row}` });
  }

  for (const found of [kept.at(-1), heldOut.at(-1), short.at(-1), copies.at(-1)]) {
    assert.deepEqual(await peekRun(opened, { ...look, address: found?.address }), [found]);
    assert.deepEqual(await peekRun(opened, { ...look, id: found?.id }), [found]);
  }
  const [unusable] = await peekRun(opened, { ...look, address: `s/a.jsonl#${bad[3]}` });
  assert.deepEqual([unusable?.fate, unusable?.problem?.kind], ["unusable", "bad_json"]);
  const [url] = await peekRun(opened, { ...look, column: "url", address: "s/a.jsonl#7" });
  assert.equal(url?.text, "u7");
});

test("verify holds the ledger of problem rows against what the span counted", async (t) => {
  const { text } = mixedRows();
  const { opened } = await runOf(t, MIXED, { "a.jsonl": text }, { maxErrors: 100 });
  assert.deepEqual(await verifyRun(opened), []);
  const { layout, plan } = opened;
  const folder = layout.ingest(plan.sources[0]?.ingest ?? "");
  const marker = path.join(folder, spanFiles.marker(0));
  const value = unseal(fs.readFileSync(marker)) as { errors: Record<string, number>; rows: number };
  value.errors.bad_json = 0;
  fs.writeFileSync(marker, seal(value));
  const found = (await verifyRun(opened)).filter(({ file }) => file === spanFiles.problems(0));
  assert.deepEqual(
    found.map(({ code, what }) => [code, what]),
    [["verify/rows-recorded", "does not hold the rows its span could not use"]],
  );
});

test("what the plan does not know is an error with a suggestion", async (t) => {
  const { root, opened } = await runOf(t, MIXED, { "a.jsonl": mixedRows().text }, { maxErrors: 100 });
  const look = { count: 5, dataRoot: root };
  const cases = [
    [{ dropped: "exat" }, "run/no-such-stage", /did you mean `exact`/],
    [{ dropped: "length:to_short" }, "run/no-such-reason", /did you mean `too_short`/],
    [{ source: "S" }, "run/no-such-source", /did you mean `s`/],
    [{ column: "ulr" }, "run/no-such-column", /did you mean `url`/],
    [{ address: "s/a.json#1" }, "run/no-such-address", /did you mean `s\/a\.jsonl`/],
    [{ address: "s/a.jsonl" }, "run/no-such-address", /SOURCE\/SHARD#ROW/],
    [{ address: "s/a.jsonl#300" }, "run/no-such-row", /was read to row 299/],
    [{ id: "doc-300" }, "run/no-such-id", /called doc-300/],
  ] as const;
  for (const [asked, code, message] of cases) {
    await assert.rejects(peekRun(opened, { ...look, ...asked }), refused(code, message));
  }
  const windows = peekWindows(opened, { count: 1000 }).length;
  assert.throws(
    () => peekWindows(opened, { count: 1, window: windows }),
    refused("run/no-such-window", new RegExp(`0 to ${windows - 1}`)),
  );
});

test("a run that failed shows what there is: rows that are not dropped so far, verdicts, problems", async (t) => {
  const { text, bad } = mixedRows();
  const settings = { spanBytes: 1500, maxErrors: 2 };
  const { root, opened, failure } = await runOf(t, MIXED, { "a.jsonl": text }, settings);
  assert.ok(failure instanceof ShardmillError);
  assert.equal(failure.code, "data/bad-json");
  const look = { count: 1000, dataRoot: root };
  const alive = await peekRun(opened, look);
  assert.ok(alive.length > 0);
  assert.deepEqual(new Set(alive.map(({ fate }) => fate)), new Set(["undecided"]));
  assert.ok((await peekRun(opened, { ...look, dropped: "length" })).length > 0);
  assert.deepEqual(await peekRun(opened, { ...look, dropped: "exact" }), []);
  const problems = peekProblems(opened, { count: 10 }).filter(({ kind }) => kind === "bad_json");
  // Two are in spans that were read, the third ended its span and the run.
  assert.deepEqual(
    problems.map(({ address }) => address),
    bad.slice(0, 3).map((row) => `s/a.jsonl#${row}`),
  );
  assert.throws(() => peekWindows(opened, { count: 1 }), refused("run/not-packed", /no windows/));
});

test("bad rows of a span that failed are listed and found by address, the empty ones before too, until it is done", async (t) => {
  const recipe = `sources: { s: { from: "a.jsonl" } }
training_stages: [ { name: only, tokens: 8, sequence_length: 4, weights: { s: 1 } } ]
`;
  const text = `{"text":"a row of words"}\n{"text":""}\nnot json\n{"text": 5}\n`;
  const { root, opened, failure } = await runOf(t, recipe, { "a.jsonl": text });
  assert.ok(failure instanceof ShardmillError);
  assert.equal(failure.code, "data/bad-json");
  const kinds = (run: OpenRun) => peekProblems(run, { count: 9 }).map(({ address, kind }) => [address, kind]);
  const met = [
    ["s/a.jsonl#1", "empty_text"],
    ["s/a.jsonl#2", "bad_json"],
  ];
  assert.deepEqual(kinds(opened), met);
  const look = { count: 1, dataRoot: root };
  const [row] = await peekRun(opened, { ...look, address: "s/a.jsonl#2" });
  assert.deepEqual([row?.fate, row?.problem?.kind], ["unusable", "bad_json"]);
  await assert.rejects(
    peekRun(opened, { ...look, address: "s/a.jsonl#3" }),
    refused("run/no-such-row", /read that far/),
  );
  assert.equal(await attempt(root, recipe, { maxErrors: 2 }), undefined);
  assert.deepEqual(kinds(openRun("r", root)), [...met, ["s/a.jsonl#3", "text_not_string"]]);
  const left = (fs.readdirSync(path.join(root, "store"), { recursive: true }) as string[]).filter((name) =>
    name.includes("failed"),
  );
  assert.deepEqual(left, []);
});

test("a file that was rewritten, with its size and time as they were, is never shown as what was kept", async (t) => {
  const recipe = `sources: { s: { from: "a.jsonl" } }
training_stages: [ { name: only, tokens: 16, sequence_length: 16, weights: { s: 1 } } ]
`;
  const row = (word: string): string => `{"id":"1","text":"${word} version of the row"}\n`;
  const { root, opened } = await runOf(t, recipe, { "a.jsonl": row("first") });
  const file = path.join(root, "a.jsonl");
  const rewrite = (word: string): void => {
    const { atime, mtime } = fs.statSync(file);
    fs.writeFileSync(file, row(word));
    fs.utimesSync(file, atime, mtime);
  };
  rewrite("OTHER");
  await assert.rejects(peekRun(opened, { count: 5, dataRoot: root }), refused("data/changed", /not the file/));
  await assert.rejects(
    peekRun(opened, { count: 5, dataRoot: root, address: "s/a.jsonl#0" }),
    refused("data/changed", /not the file/),
  );
  assert.equal(await attempt(root, recipe, {}), undefined);
  const [kept] = await peekRun(openRun("r", root), { count: 5, dataRoot: root });
  assert.equal(kept?.text, "OTHER version of the row");
  const windows = peekWindows(openRun("r", root), { count: 10 }).map((window) => window.text);
  assert.ok(windows.some((shown) => shown.includes("OTHER version")));
  assert.ok(windows.every((shown) => !shown.includes("first")));
});

test("where stages change texts, what is shown is said to be what was read", async (t) => {
  const recipe = `pipelines: { p: [ { use: rewrite/join-columns, template: "{title}: {text}" } ] }
sources: { s: { from: "a.jsonl", pipeline: p, metadata: [title] } }
training_stages: [ { name: only, tokens: 16, sequence_length: 4, weights: { s: 1 } } ]
`;
  const { root, opened } = await runOf(t, recipe, { "a.jsonl": lines([{ title: "T", text: "some words of a row" }]) });
  const [kept] = await peekRun(opened, { count: 1, dataRoot: root });
  assert.deepEqual([kept?.text, kept?.rewritten_by], ["some words of a row", ["join-columns"]]);
});
