/** What review shows of a run: hits of rows that stayed and of rows that fell, whatever their texts hold. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { openRun, reviewRun } from "../../index.ts";
import { cliIn } from "../cli/in-process.ts";
import { temporaryFolder } from "../workers/fixture.ts";

const QUESTION = "How many eggs do the ducks of Janet lay on a cold day in June?";
const OTHER = "Which of these bolts of blue fiber is the one that a robe takes?";
const RECIPE = `schema: 1
name: r
pipelines:
  look:
    - { use: filter/decontaminate, benchmarks: &sets [ { name: ducks, file: ducks.jsonl, answer: answer }, { name: robes, file: robes.jsonl } ], drop: false }
    - { use: filter/length, unit: characters, min: 80 }
  clean: [ { use: filter/decontaminate, rule: ngram, benchmarks: *sets } ]
sources:
  a: { from: "a/*.jsonl", pipeline: look }
  b: { from: b.jsonl, pipeline: clean }
outputs:
  - { name: rows, sources: [a, b], format: jsonl }
`;
const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

test("hits of every source with their fates, filtered, counted, and harmless to a terminal", async (t) => {
  const root = temporaryFolder(t);
  fs.mkdirSync(path.join(root, "a"));
  const hostile = `\u001b]0;owned\u0007 ${QUESTION.replace("ducks", "ducks\u202e")}\r\n\u001b[2J It lays sixteen of them, then, says the farmer who knows.`;
  const files: Readonly<Record<string, string>> = {
    "ducks.jsonl": lines([
      { question: "Why?", answer: null },
      { question: QUESTION, answer: "sixteen" },
    ]),
    "robes.jsonl": lines([{ question: OTHER }]),
    "a/0.jsonl": lines([
      { id: "x", text: "A plain text of more than enough characters to be kept by the filter on length." },
    ]),
    "a/1.jsonl": lines([{ text: hostile }, { text: OTHER }]),
    "b.jsonl": lines([{ text: `So: ${OTHER}` }, { text: "Nothing." }]),
    "r.yaml": RECIPE,
  };
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(root, name), text);
  const shardmill = cliIn(t, root);
  const ran = await shardmill("run", "r.yaml", "--quiet");
  assert.equal(ran.status, 0, ran.stderr);
  const { benchmarks, findings } = reviewRun(openRun("r", root), { count: 10 });
  assert.deepEqual(benchmarks, [
    { benchmark: "ducks", hits: 1, items_hit: 1, items: 2, items_too_short: 1 },
    { benchmark: "robes", hits: 2, items_hit: 1, items: 1, items_too_short: 0 },
  ]);
  assert.deepEqual(
    findings.map(({ address, fate, benchmark, item, score }) => [address, fate, benchmark, item, score]),
    [
      ["a/1.jsonl#0", "kept", "ducks", 1, 1],
      ["a/1.jsonl#1", "dropped", "robes", 0, 1],
      ["b/b.jsonl#0", "dropped", "robes", 0, undefined],
    ],
  );
  const [first] = findings;
  assert.match(first?.match ?? "", /^How many eggs do the ducks\u202e of Janet/);
  assert.equal(first?.answer, true);
  assert.equal(first?.item_text, `${QUESTION}\nsixteen`);

  const shown = await shardmill("review", "r");
  assert.equal(shown.status, 0);
  assert.match(shown.stdout, /ducks +1 +1 +2 +1\n +robes +2 +1 +1 +0\n/);
  assert.match(shown.stdout, /a\/1\.jsonl#0 {2}kept {2}decontaminate {2}ducks item 1 {2}score 1 \(needs 0\.\d+\)/);
  assert.match(
    shown.stdout,
    /\\u001b\]0;owned\\u0007 «How many eggs do the ducks\\u202e of +│ How many eggs do the ducks/,
  );
  assert.ok(![..."\u0007\u001b\r\u202e"].some((control) => shown.stdout.includes(control)));
  const one = await shardmill("review", "r", "--benchmark", "robes", "-n", "1", "--json");
  const told = JSON.parse(one.stdout) as {
    readonly benchmarks: readonly unknown[];
    readonly findings: readonly unknown[];
  };
  assert.deepEqual([told.benchmarks.length, told.findings.length], [1, 1]);
  assert.deepEqual(reviewRun(openRun("r", root), { count: 10, min_score: 1, source: "b" }).findings.length, 1);
  const wrong = await shardmill("review", "r", "--benchmark", "robe");
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /run\/no-such-benchmark[\s\S]*did you mean `robes`/);
  assert.equal((await shardmill("review", "r", "--min-score", "2")).status, 2);
  assert.equal((await shardmill("verify", "r")).status, 0);
});
