/** Stages of plugins, of every kind that works on rows: what the contract promises them, and what it holds them to. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { RunError } from "../../batch/errors.ts";
import { openRun, peekRun, prepare, run } from "../../index.ts";
import { TOKENIZER, temporaryFolder } from "./fixture.ts";

const INDEX = new URL("../../bundle/index.js", import.meta.url).href;
const ZOD = pathToFileURL(path.resolve("node_modules/zod/index.js")).href;

const IMPORTS = `import { annotate, defineStage, filter, request, rewrite, transform, Utf8Builder, utf8String } from ${JSON.stringify(INDEX)};
import { z } from ${JSON.stringify(ZOD)};
const texts = (batch, make) => {
  const out = new Utf8Builder();
  for (let row = 0; row < batch.rows; row++) out.appendString(batch.alive.has(row) ? make(utf8String(batch.text, row)) : "");
  return out.finish();
};
const stage = (name, kind, more) => defineStage({
  name: "local/" + name, version: 1, kind, summary: name, options: z.strictObject({}), reads: ["text"], writes: [], reasons: {}, examples: [], ...more,
});
`;

const EVERY_KIND = `export default [
  stage("words", "filter", {
    options: z.strictObject({ max: z.int().default(9).describe("longest word"), word: z.string().nullable().default(null).describe("word that goes") }),
    reasons: ({ word }) => word === null ? { long_word: "a word is too long" } : { long_word: "a word is too long", the_word: "it holds the word" },
    create: ({ max, word }) => {
      let longest = 0;
      return filter((batch, drop) => {
        for (let row = 0; row < batch.rows; row++) {
          for (const one of utf8String(batch.text, row).split(" ")) {
            longest = Math.max(longest, one.length);
            if (one.length > max) drop(row, "long_word", one.length, one.repeat(40));
            else if (one === word) drop(row, "the_word", undefined, one);
          }
        }
      }, { finish: () => { const state = { longest }; longest = 0; return state; } });
    },
    merge: (states) => ({ longest: Math.max(...states.map((state) => state.longest)) }),
  }),
  stage("loud", "rewrite", { create: () => rewrite((batch) => texts(batch, (text) => text.toUpperCase())) }),
  stage("size", "annotate", {
    writes: [{ name: "size", kind: "int32" }],
    create: () => annotate((batch) => new Map([["size", { kind: "int32", values: Int32Array.from({ length: batch.rows }, (_, row) => utf8String(batch.text, row).length) }]])),
  }),
  stage("half", "transform", {
    writes: [{ name: "text", kind: "utf8" }, { name: "cut", kind: "bool" }], reasons: { nothing: "nothing is left" },
    create: () => transform((batch, drop) => {
      const cut = new Uint8Array(batch.rows);
      const text = texts(batch, (text) => text.slice(0, 12));
      for (let row = 0; row < batch.rows; row++) {
        cut[row] = Number(utf8String(batch.text, row).length > 12);
        if (utf8String(text, row) === "") drop(row, "nothing");
      }
      return new Map([["text", text], ["cut", { kind: "bool", values: cut }]]);
    }),
  }),
  stage("ask", "request", {
    writes: [{ name: "answer", kind: "utf8" }],
    create: () => request({
      concurrency: 2, attempts: 1, retry_ms: 0,
      question: (batch, row) => utf8String(batch.text, row),
      ask: async (question) => question.length % 2 === 0 ? "even" : "odd",
      apply: (batch, answer) => {
        const out = new Utf8Builder();
        for (let row = 0; row < batch.rows; row++) { const given = answer(row); given === undefined ? out.appendNull() : out.appendString(given); }
        return new Map([["answer", out.finish()]]);
      },
    }),
  }),
];
`;

async function build(t: TestContext, plugin: string, pipeline: string): Promise<string> {
  const root = temporaryFolder(t);
  const rows = ["a small text here", "an extraordinarily long word", "it says drop", "tiny", "ends well"];
  fs.writeFileSync(
    path.join(root, "rows.jsonl"),
    rows.map((text, i) => `${JSON.stringify({ id: `r${i}`, text })}\n`).join(""),
  );
  fs.writeFileSync(path.join(root, "package.json"), '{ "type": "module" }');
  fs.writeFileSync(path.join(root, "plugin.js"), IMPORTS + plugin);
  fs.writeFileSync(
    path.join(root, "recipe.yaml"),
    `schema: 1
name: kinds
plugins: [ ./plugin.js ]
pipelines: { all: ${pipeline} }
sources: { rows: { from: rows.jsonl, pipeline: all } }
outputs: [ { name: rows, sources: [rows], format: { use: jsonl, codec: none } } ]
`,
  );
  const { plan, environment, registry } = await prepare(path.join(root, "recipe.yaml"), { out: root, dataRoot: root });
  await run(plan, { root, workers: 0, environment, registry, keep_intermediates: true });
  return root;
}

function filesOf(root: string, pattern: RegExp): string[] {
  const names = fs.readdirSync(root, { recursive: true, encoding: "utf8" });
  return names.filter((name) => pattern.test(name)).map((name) => fs.readFileSync(path.join(root, name), "utf8"));
}

test("stages of every kind, one after the other", async (t) => {
  const stages =
    "{ use: local/words, word: drop }, { use: local/loud }, { use: local/size }, { use: local/half }, { use: local/ask }";
  const root = await build(t, EVERY_KIND, `[ ${stages} ]`);
  const [rows] = filesOf(root, /^store\/output-.*jsonl$/);
  assert.deepEqual(
    rows
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
    [
      { id: "r0", text: "A SMALL TEXT", size: 17, cut: true, answer: "even" },
      { id: "r3", text: "TINY", size: 4, cut: false, answer: "even" },
      { id: "r4", text: "ENDS WELL", size: 9, cut: false, answer: "odd" },
    ],
  );
  const [store] = filesOf(root, /store\.done\.json$/).map((text) => JSON.parse(text) as { counts: unknown });
  assert.match(JSON.stringify(store.counts), /"state":\{"longest":15\}/, "states of spans are merged");
});

test("a verdict's detail reaches the ledger and peek, cut at 256 bytes; reasons follow the options", async (t) => {
  const root = await build(t, EVERY_KIND, "[ { use: local/words, word: drop } ]");
  const dropped = await peekRun(openRun("kinds", root), { count: 10, dropped: "all", dataRoot: root });
  assert.deepEqual(
    dropped.map(({ text, verdict }) => [text, verdict]),
    [
      [
        "an extraordinarily long word",
        { stage: "words", reason: "long_word", value: 15, detail: "extraordinarily".repeat(18).slice(0, 256) },
      ],
      ["it says drop", { stage: "words", reason: "the_word", detail: "drop" }],
    ],
  );
  await assert.rejects(
    build(
      t,
      EVERY_KIND.replace('"the_word", undefined', '"another", undefined'),
      "[ { use: local/words, word: drop } ]",
    ),
    /local\/words gave a reason it does not declare: another/,
  );
});

const BROKEN: readonly [string, string, RegExp][] = [
  [
    "a column that it does not declare",
    'new Map([["size", { kind: "int32", values: new Int32Array(batch.rows) }], ["more", { kind: "int32", values: new Int32Array(batch.rows) }]])',
    /returned the column more, which it does not declare/,
  ],
  [
    "a column of another kind",
    'new Map([["size", { kind: "float64", values: new Float64Array(batch.rows) }]])',
    /returned size as float64, and declares it as int32/,
  ],
  ["no column", "new Map()", /did not return the column size, which it declares/],
  [
    "a column of another length",
    'new Map([["size", { kind: "int32", values: new Int32Array(batch.rows + 1) }]])',
    /column size has the wrong number of rows/,
  ],
];

for (const [what, columns, problem] of BROKEN) {
  test(`a stage that returns ${what} ends the run, and is named`, async (t) => {
    const plugin = `export default stage("size", "annotate", { writes: [{ name: "size", kind: "int32" }], create: () => annotate((batch) => ${columns}) });\n`;
    await assert.rejects(build(t, plugin, "[ { use: local/size } ]"), (error) => {
      assert.ok(error instanceof RunError && error.code === "run/stage-failed", String(error));
      assert.match(error.message, /local\/size failed on one of 5 rows/);
      assert.match(error.message, problem);
      return true;
    });
  });
}

test("a stage that changes a text behind marked ranges is refused in the plan", async (t) => {
  await assert.rejects(
    build(t, EVERY_KIND, "[ { use: annotate/completion-loss, after: here }, { use: local/loud } ]"),
    /recipe\/stale-ranges[\s\S]*local\/loud changes the texts of source rows behind the stage that marks their loss_ranges/,
  );
});

test("a column of a name that the documents table needs for itself is refused in the plan", async (t) => {
  const root = temporaryFolder(t);
  fs.writeFileSync(path.join(root, "rows.jsonl"), '{"text":"a","bytes":1}\n');
  fs.writeFileSync(
    path.join(root, "recipe.yaml"),
    `schema: 1
name: taken
tokenizer: ${TOKENIZER}
sources: { rows: { from: rows.jsonl, metadata: [bytes] } }
training_stages: [ { name: one, tokens: 64, sequence_length: 16, weights: { rows: 1 } } ]
`,
  );
  await assert.rejects(
    prepare(path.join(root, "recipe.yaml"), { out: root, dataRoot: root }),
    /recipe\/taken-column[\s\S]*source rows carries a column bytes/,
  );
});
