/** The rules that look for whole items: what is found, what is not, what is counted, and what a finding tells. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { makeFixture } from "../../../bench/support/contamination.ts";
import { flagged, openRule, scoreOf, writeItems } from "../../../bench/support/contamination-score.ts";
import { type EvaluationItem, readEvaluationItems } from "../../../bench/support/evaluation-items.ts";
import { NO_RESOURCES, type StageState, type TransformOperator } from "../../../stages/define.ts";
import stage from "../../../stages/filter/decontaminate.ts";
import { batchOf } from "../../batch-of.ts";
import { temporaryFolder } from "../../io/temporary.ts";
import { ROOT } from "../../project-root.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";

const SAMPLES = join(ROOT, "../shared/samples");

async function open(items: readonly object[], folder: string, options: Readonly<Record<string, unknown>> = {}) {
  const file = join(folder, "items.jsonl");
  writeFileSync(file, items.map((item) => `${JSON.stringify(item)}\n`).join(""));
  const benchmarks = [{ name: "set", file, answer: "answer", passage: "passage" }];
  const given = stage.options.parse({ benchmarks, ...options });
  const operator = stage.create(given, { ...NO_RESOURCES, assets: LOCAL_ASSETS, seed: [0, 0] });
  await operator.prepare?.();
  return operator;
}

interface Found {
  readonly row: number;
  readonly item: number;
  readonly score: number;
  readonly match: string;
  readonly answer?: boolean;
  readonly before: string;
  readonly start: number;
  readonly end: number;
}

function findings(operator: TransformOperator, texts: readonly string[]): Found[] {
  const found: Found[] = [];
  const dropped: number[] = [];
  operator.apply(
    batchOf(texts),
    (row) => dropped.push(row),
    (row, finding) => found.push({ row, ...(finding as unknown as Omit<Found, "row">) }),
  );
  assert.deepEqual(
    dropped,
    found.map(({ row }) => row),
  );
  return found;
}

const LONG =
  "A robe takes two bolts of blue fiber and half that much white fiber, so how many bolts in total does it take to make one?";
const SHORT = "What animal eats only fresh bamboo all day?";
const ITEMS = [
  { question: LONG, answer: "three bolts", passage: null },
  { question: SHORT, answer: "a panda", passage: null },
  { question: "How to wrap soap", answer: "fold the plastic over each side of the soap", passage: null },
  { question: "Who?", answer: "me", passage: null },
] as const;

test("cover: copies that were wrapped, inlined, re-punctuated or edited are found; half of a short one is not", async (t) => {
  const operator = await open(ITEMS, temporaryFolder(t));
  const edited = LONG.replace("blue", "red").replace("total", "all");
  const texts = [
    `Before. ${LONG} After.`,
    `Before.\n\n${LONG.replace(/ (\S+) (\S+) (\S+) /g, " $1\n$2 $3\n")}`,
    `text ${LONG.toUpperCase().replace(/[,?]/g, " - ")} text`,
    edited,
    LONG.split(" ").slice(0, 9).join(" "),
    `So: ${SHORT}`,
    SHORT.replace("bamboo", "grass"),
    "Nothing of all that.",
  ];
  const found = findings(operator, texts);
  assert.deepEqual(
    found.map(({ row, item }) => [row, item]),
    [
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 0],
      [5, 1],
    ],
  );
  const [first, , , changed] = found;
  assert.equal(first?.match, LONG.slice(0, -1));
  assert.equal(first?.before, "Before. ");
  assert.equal(Buffer.from(texts[0] ?? "").toString("utf8", first?.start, first?.end), first?.match);
  assert.equal(first?.score, 1);
  assert.equal(first?.answer, false);
  assert.ok((changed?.score ?? 1) < 0.95);
});

test("a question under eight words is judged with its answer, and one that is short with it is counted", async (t) => {
  const operator = await open(ITEMS, temporaryFolder(t));
  const texts = [
    "How to wrap soap: fold the plastic over each side of the soap",
    "How to wrap soap, and other arts",
    "fold the plastic over each of the paper",
    "Who? me",
  ];
  assert.deepEqual(
    findings(operator, texts).map(({ row, item, answer }) => [row, item, answer]),
    [[0, 2, true]],
  );
  const counts = operator.finish?.() as { readonly benchmarks: StageState };
  assert.deepEqual(counts.benchmarks, { set: { items: 4, items_too_short: 1, contaminated_rows: 1 } });
});

test("one n-gram of a text covers an item once, however often the item repeats it", async (t) => {
  const question = "the top edge of the box and the top edge of the lid and the top edge of the jar go there";
  const operator = await open([{ question, answer: null }], temporaryFolder(t));
  assert.deepEqual(findings(operator, ["It is the top edge of the page."]), []);
  assert.equal(findings(operator, [question]).length, 1);
});

test("numbers alone are no evidence, whatever they cover", async (t) => {
  const operator = await open([{ question: "1 2 3 4 5 6 7 8 9 10 11", answer: "12" }], temporaryFolder(t));
  assert.deepEqual(findings(operator, ["Pages: 1 2 3 4 5 6 7 8 9 10 11 12"]), []);
});

test("n-grams that two texts of a sample have cover nothing", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "sample.jsonl");
  const licence = "the software is provided as is without warranty of any kind express or implied";
  writeFileSync(file, `${JSON.stringify({ text: licence })}\n${JSON.stringify({ text: `Note: ${licence}.` })}\n`);
  const items = [{ question: licence, answer: null }];
  assert.equal(findings(await open(items, folder), [licence]).length, 1);
  assert.deepEqual(findings(await open(items, folder, { common: { file } }), [licence]), []);
  const part = { file, max_bytes: Buffer.byteLength(licence) };
  assert.equal(findings(await open(items, folder, { common: part }), [licence]).length, 1);
});

test("cover_strict asks for more: an edited copy that cover finds", async (t) => {
  const folder = temporaryFolder(t);
  const changes = [
    ["blue", "red"],
    ["white", "green"],
    ["how", "so"],
    ["it take", "it need"],
  ] as const;
  const edited = changes.reduce((text, [from, to]) => text.replace(from, to), LONG);
  assert.equal(findings(await open(ITEMS, folder), [edited]).length, 1);
  assert.equal(findings(await open(ITEMS, folder, { rule: "cover_strict" }), [edited]).length, 0);
  assert.equal(findings(await open(ITEMS, folder, { rule: "cover_strict" }), [LONG]).length, 1);
});

test("decon: question and answer, and passage before them; the question alone stays below its share", async (t) => {
  const passage = "Robes are sewn of fiber, and a bolt is what fiber is sold by in the shops of this town today.";
  const items = [
    { question: LONG, answer: "It takes three bolts in all of them", passage: null },
    { question: LONG.replaceAll("bolts", "rolls").replace("blue", "green"), answer: "seven rolls", passage },
  ];
  const operator = await open(items, temporaryFolder(t), { rule: "decon" });
  const second = items[1]?.question ?? "";
  const found = findings(operator, [
    `${LONG} It takes three bolts in all of them.`,
    LONG,
    `${passage}\n\n${second}\n\nseven rolls`,
    `${second} Not many.`,
  ]);
  assert.deepEqual(
    found.map(({ row, item }) => [row, item]),
    [
      [0, 0],
      [2, 1],
    ],
  );
  assert.ok(found.every(({ score }) => score > 0.8));
});

test("the right one of a list of answers is told by its position", async (t) => {
  const file = join(temporaryFolder(t), "items.jsonl");
  const row = {
    query: "How to wrap soap",
    choices: ["with a small hammer and nails", "fold the plastic over each side"],
    gold: 1,
  };
  writeFileSync(file, `${JSON.stringify(row)}\n`);
  const benchmarks = [{ name: "set", file, columns: ["query"], answer: "choices", answer_index: "gold" }];
  const operator = await openRule([], { benchmarks }, LOCAL_ASSETS);
  const texts = ["How to wrap soap with a small hammer and nails", "How to wrap soap: fold the plastic over each side"];
  assert.deepEqual(
    findings(operator, texts).map(({ row: found }) => found),
    [1],
  );
  writeFileSync(file, `${JSON.stringify({ ...row, gold: 2 })}\n`);
  await assert.rejects(openRule([], { benchmarks }, LOCAL_ASSETS), /has no answer at gold of choices in row 0/);
});

const HOSTS = [
  "One plain text.\n\nIt has two paragraphs of no great length.",
  "Another one.\n\nNobody has read it yet.",
];

test("a fixture follows from its seed, and has every kind", () => {
  const items: EvaluationItem[] = Array.from({ length: 12 }, (_, row) => ({
    suite: "s",
    row,
    question: `How many of the ${row + 2} apples that Tom has in his large red basket are left when he eats ${row} of them and gives two away to Mary?`,
    answer: `He has ${row} apples left, because he has eaten some of them and given two away to her.`,
    passage: "Tom likes apples.",
    prompt: "The prompt.",
  }));
  const made = (seed: number) =>
    makeFixture({ items, isIndexed: ({ row }) => row % 2 === 0, hosts: HOSTS, perSuite: 4, seed });
  assert.deepEqual(made(3), made(3));
  assert.notDeepEqual(made(3), made(4));
  assert.equal(new Set(made(3).map(({ kind }) => kind)).size, 15);
});

test("precision and recall on 14 evaluation sets", {
  skip: !existsSync(SAMPLES) && "SKIPPED: no ../shared",
}, async (t) => {
  const items = readEvaluationItems(join(SAMPLES, "eval"));
  assert.equal(items.length, 28_458);
  const c4 = gunzipSync(readFileSync(join(SAMPLES, "c4/c4_demo-300rows.jsonl.gz"))).toString("utf8");
  const hosts = c4
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { readonly text: string }).text);
  const isIndexed = ({ row }: EvaluationItem): boolean => row % 4 === 0;
  const fixture = makeFixture({ items, isIndexed, hosts, perSuite: 6, seed: 1 });
  const benchmarks = writeItems(temporaryFolder(t), items.filter(isIndexed));
  const operator = await openRule(benchmarks, {}, LOCAL_ASSETS);
  const { precision, recall, kinds } = scoreOf(
    fixture,
    flagged(
      operator,
      fixture.map(({ text }) => text),
    ),
  );
  assert.ok(precision >= 0.98 && recall >= 0.9, `precision ${precision}, recall ${recall}`);
  assert.ok((kinds.get("wrapped") ?? 0) >= 0.95 && (kinds.get("inlined") ?? 0) >= 0.95);
  assert.ok((kinds.get("replaced-1-in-10") ?? 0) >= 0.6);
  assert.equal(flagged(operator, hosts).size, 0);
});
