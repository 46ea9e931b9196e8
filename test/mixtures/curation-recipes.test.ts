/**
 * The recipes of curation that ship, as they are, over a few rows of our own writing: each file that a recipe names is put where it asks for it. A stage is only taken out
 * where it needs a runtime that is not installed, and the test says so.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import { prepare, run } from "../../index.ts";
import { findOnnxRuntime } from "../../io/onnx-runtime.ts";
import { ROOT } from "../project-root.ts";
import { http, INFO, members, record } from "../stages/read/archives.ts";
import { temporaryFolder } from "../workers/fixture.ts";

type Row = Readonly<Record<string, unknown>>;
interface Outcome {
  /** What fell, by source. */
  readonly dropped: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly rows: (output: string) => Promise<Row[]>;
}

const hasRuntime = findOnnxRuntime() !== undefined;
const jsonLines = (rows: readonly Row[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const golden = (name: string): Buffer => fs.readFileSync(path.join(ROOT, "test/golden", name));
const warc = (pages: readonly (readonly [url: string, html: string])[]): Buffer =>
  members([INFO, ...pages.map(([url, html], i) => record({ url, id: `page-${i}`, content: http(html) }))]);

function parquet(rows: readonly Row[]): Buffer {
  const writer = new ByteWriter();
  const columnData = Object.keys(rows[0]).map((name) => ({ name, data: rows.map((row) => row[name]) }));
  parquetWrite({ writer, columnData });
  return Buffer.from(writer.getBuffer());
}

/** Runs a recipe that ships in a folder with `files`; `change` is for what cannot be had here. */
async function runShipped(
  t: TestContext,
  name: string,
  files: Readonly<Record<string, string | Buffer>>,
  set: readonly string[] = [],
  change = (text: string): string => text,
): Promise<Outcome> {
  const folder = temporaryFolder(t);
  for (const [file, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), content);
  }
  const text = change(fs.readFileSync(path.join(ROOT, "mixtures/recipes", `${name}.yaml`), "utf8"));
  const root = path.join(folder, "out");
  const { plan, environment, registry } = await prepare(
    { text, name: `${name}.yaml`, folder },
    { out: root, dataRoot: folder, set },
  );
  const result = await run(plan, { workers: 0, root, environment, registry });
  for (const { name: source, errors } of result.sources) assert.deepEqual(errors, {}, source);
  return {
    dropped: Object.fromEntries(result.sources.map((source) => [source.name, source.dropped])),
    rows: async (output) => {
      const file = path.join(root, "runs", name, "outputs", output, "train-00000-of-00001.parquet");
      return parquetReadObjects({ file: await asyncBufferFromFile(file), compressors });
    },
  };
}

const ORCHARD =
  "The orchard stood on a slope above the village, and in spring the whole of it turned white within a week. My grandmother said that the trees had been planted " +
  "by monks who came over the pass with cuttings wrapped in wet moss. Nobody could tell whether that was true, but the oldest trunks were hollow and the " +
  "children hid letters in them. When the fruit was ripe the neighbours came with ladders and baskets, and for two days no other work was done in the houses. " +
  "What could not be eaten was pressed, and the juice that could not be drunk was left to turn to vinegar in the cellar, which smelled of it until the snow came.";
const FERRY =
  "The ferry left the landing at seven every morning, and those who missed it had to walk around the head of the bay, which took them most of a day. Its captain had " +
  "been a schoolteacher before the school was closed, and she still corrected the grammar of the passengers while she took their fares. In fog she steered by " +
  "the bells of the two churches, of which one was a little sharp, so that she always knew on which side of the channel they were. When the bridge was built at " +
  "last she bought the boat from the county for the price of its engine, and she takes visitors out to the seals with it until this day. The bells still ring.";
const MENU = "Home\n\nShop\n\nAbout us";
const page = (text: string): string =>
  `<nav><a href=/>Home</a> <a href=/shop>Shop</a></nav><main><p>${text.replaceAll(". ", ".</p><p>")}</p></main><footer>Imprint</footer>`;

test("curated-web: pages fall at the stage that is for them, and what stays is text with a score", async (t) => {
  const german = "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person. ".repeat(12);
  const files = {
    "block/domains.txt": "blocked.com\n",
    "lid.176.bin": golden("fasttext/hs-quantized.ftz"),
    "quality.bin": golden("fasttext/two.bin"),
    "crawl/a.warc.gz": warc([
      ["https://orchard.example/", page(`${ORCHARD} Write to the keeper at keeper@orchard.net for a basket.`)],
      ["https://www.blocked.com/", page(FERRY)],
      ["https://recht.example/", page(german)],
      [
        "https://menu.example/",
        `<div><p>The ferry left, and that was that.</p>${MENU.replaceAll("\n\n", "<br>")}</div>`,
      ],
      ["https://ferry.example/", page(FERRY)],
      ["https://copy.example/", page(FERRY)],
      ["https://mirror.example/", page(`${FERRY} So they say.`)],
      ["https://script.example/", "<script>let x = 1;</script>"],
    ]),
  };
  const { dropped, rows } = await runShipped(t, "curated-web", files, [
    // The models are small ones, made for tests, and unsure.
    "pipelines.web.language.min_score=0.3",
    "pipelines.web.quality.score_of=en",
    "pipelines.web.quality.min_score=0.01",
  ]);
  assert.deepEqual(dropped, {
    crawl: {
      "url:blocked_domain": 1,
      "main-text:no_text": 1,
      "language:other_language": 1,
      "gopher-repetition:top_3gram_too_frequent": 1,
      "exact:duplicate": 1,
      "minhash:near_duplicate": 1,
    },
  });
  const left = await rows("web");
  assert.deepEqual(
    left.map(({ url, language, minhash_cluster_size }) => [url, language, minhash_cluster_size]),
    [
      ["https://orchard.example/", "en", 1],
      ["https://ferry.example/", "en", 2],
    ],
  );
  assert.ok(left.every(({ text }) => !/Imprint|Home|keeper@orchard/.test(text as string)));
  assert.match(left[0].text as string, /Write to the keeper at \S+@\S+ for a basket\.$/);
  assert.ok(left.every(({ quality }) => typeof quality === "number" && quality > 0));
});

const scored = [
  {
    id: "a",
    text: ORCHARD,
    url: "https://a.example/",
    dump: "d",
    language: "en",
    language_score: 0.9,
    score: 3.4,
    int_score: 3,
  },
  {
    id: "b",
    text: FERRY,
    url: "https://b.example/",
    dump: "d",
    language: "en",
    language_score: 0.9,
    score: 2.4,
    int_score: 2,
  },
  {
    id: "c",
    text: MENU,
    url: "https://c.example/",
    dump: "d",
    language: "en",
    language_score: 0.9,
    score: null,
    int_score: null,
  },
];
const eduModel = {
  "fineweb-edu-classifier.onnx": golden("onnx/classifier.onnx"),
  "fineweb-edu-tokenizer.json": golden("onnx/tokenizer.json"),
};

test("fineweb-edu: rows with scores are cut at 3, without a model", async (t) => {
  const { dropped, rows } = await runShipped(t, "fineweb-edu", { ...eduModel, "scored.jsonl": jsonLines(scored) }, [
    "sources.fineweb.from=null",
    "sources.scored.from=scored.jsonl",
  ]);
  assert.deepEqual(dropped.scored, { "column:below_min": 1, "column:missing": 1 });
  assert.deepEqual(
    (await rows("fineweb-edu-cut")).map(({ id, int_score }) => [id, int_score]),
    [["a", 3n]],
  );
});

test("fineweb-edu: pages are scored by a model", { skip: !hasRuntime && "no ONNX runtime is installed" }, async (t) => {
  const files = { ...eduModel, "pages.jsonl": jsonLines(scored) };
  const { rows } = await runShipped(t, "fineweb-edu", files, [
    "sources.fineweb.from=pages.jsonl",
    "pipelines.score.column.min=0",
  ]);
  const left = await rows("fineweb-edu");
  assert.equal(left.length, 3);
  assert.ok(left.every(({ score }) => typeof score === "number"));
});

test("finemath: recall, extraction, score, 13-grams, one band", async (t) => {
  const item = "A farmer has seventeen sheep and sells all but nine of them at the market, so how many sheep are left?";
  const proof =
    "To see that the square root of two is not a fraction, suppose that it were one in lowest terms, with a numerator and a denominator that are not both even. " +
    "Then the square of the numerator would be twice that of the denominator, and so the numerator would be even, and the denominator too.";
  const urls = ["proof", "copy", "item", "chat"].map((name, i) => ({
    url: `https://${name}.example/`,
    found_by: "domain",
    int_score: i === 3 ? 1 : 3,
    score: i === 3 ? 1.2 : 3.1,
  }));
  const asked = (name: string, ...items: Row[]) => ({ [`evaluation/${name}.jsonl`]: jsonLines(items) });
  const files = {
    "finemath-urls.jsonl": jsonLines(urls),
    "finemath-classifier.onnx": eduModel["fineweb-edu-classifier.onnx"],
    "finemath-tokenizer.json": eduModel["fineweb-edu-tokenizer.json"],
    ...asked("gsm8k", { question: item }),
    ...asked("math", { problem: "Find all primes p such that p plus two and p plus six are prime as well." }),
    ...asked("mmlu", { question: "Which of these groups is not abelian, if any of them is not?" }),
    ...asked("arc", { question: "Which of these is a renewable source of energy in most countries of the world?" }),
    "crawl/a.warc.gz": warc([
      ["https://proof.example/", page(proof)],
      ["https://copy.example/", page(`${proof} Quod erat demonstrandum.`)],
      ["https://item.example/", page(`Homework. ${item.toUpperCase()} Answer below.`)],
      ["https://chat.example/", page("What a lovely day it is to talk about nothing at all.")],
      ["https://elsewhere.example/", page(proof)],
    ]),
  };
  // The score of a page, which the classifier would give, stands in the list: no runtime is asked for.
  const scores = (text: string): string =>
    text.replace(
      /\{ id: score, use: annotate\/onnx-score.*\}/,
      "{ id: score, use: annotate/look-up, table: finemath-urls.jsonl, key: url, table_key: url, " +
        "columns: [ { name: score, kind: float32 }, { name: int_score, kind: int32 } ] }",
    );
  // Two of five words differ in a few 5-grams: ten hashes meet or not; three do.
  const { dropped, rows } = await runShipped(t, "finemath", files, ["pipelines.math.minhash.rows=3"], scores);
  assert.deepEqual(dropped, {
    crawl: {
      "recall:no_answer": 1,
      "column:below_min": 1,
      "decontaminate:contaminated": 1,
      "minhash:near_duplicate": 1,
    },
  });
  const [left, ...others] = await rows("finemath-3plus");
  assert.equal(others.length, 0);
  assert.deepEqual([left.url, left.int_score], ["https://proof.example/", 3]);
});

test("cosmopedia: openings go, whatever their order; benchmarks and copies fall", async (t) => {
  const item = "Which planet of the solar system has the shortest year of all of them, and why is it?";
  const row = (completion: string) => ({
    prompt: "Write.",
    completion,
    format: "textbook",
    audience: "children",
    seed_data: "web",
  });
  const files = {
    "evaluation/benchmarks.jsonl": jsonLines([{ text: item }]),
    "generations/a.jsonl": jsonLines([
      row(`Hello, young explorers! My name is Zorg. ${FERRY}\nWelcome, friends! ${ORCHARD}`),
      row(`**Welcome, dear readers!**\n${FERRY}\nWarning: this is hot. ${ORCHARD}`),
      row(`A question for the reader: ${item}`),
      row("He said hello. My name is nobody's business! Or so they thought."),
      row("Hello! "),
    ]),
  };
  const { dropped, rows } = await runShipped(t, "cosmopedia", files);
  assert.deepEqual(dropped, {
    generations: { "openings:nothing_left": 1, "decontaminate:contaminated": 1, "minhash:near_duplicate": 1 },
  });
  assert.deepEqual(
    (await rows("cosmopedia")).map(({ text }) => text),
    [`${FERRY}\n${ORCHARD}`, "He said hello. My name is nobody's business! Or so they thought."],
  );
});

test("smoltalk: what judges said decides, and conversations come out as messages", async (t) => {
  const prompt = "Write a letter of exactly four paragraphs to the mayor of your town about the bridge.";
  const turns = [
    { role: "user", content: "Why is the sky blue?" },
    { role: "assistant", content: "Short waves are scattered more." },
  ];
  const good = {
    messages: turns,
    category: "reasoning",
    difficulty: "easy",
    quality: "good",
    guard: "safe",
    reward_model_score: 0.2,
    min_neighbor_distance: 0.3,
  };
  const files = {
    "evaluation/ifeval.jsonl": jsonLines([{ prompt }]),
    "generations/magpie-ultra/a.jsonl": jsonLines([
      good,
      { ...good, quality: "poor" },
      { ...good, difficulty: "very easy" },
      { ...good, guard: "unsafe" },
      { ...good, reward_model_score: 0.01 },
      { ...good, min_neighbor_distance: 0.01 },
      { ...good, guard: null, messages: [...turns, { role: "user", content: "And at night?" }] },
      { ...good, messages: [{ role: "user", content: prompt }, turns[1]] },
    ]),
    "generations/constraints/a.jsonl": jsonLines([
      { prompt: "In two words, please.", response: "Of course.", ifeval_strict: true },
      { prompt: "In two words, please.", response: "No.", ifeval_strict: false },
      { prompt: "In two words, please.", response: "Yes.", ifeval_strict: null },
    ]),
    "generations/rewrite/a.jsonl": jsonLines([
      { system_prompt: "Make it friendly.", prompt: "No.", response: "Alas, no!" },
    ]),
    "generations/summarize/a.jsonl": jsonLines([{ system_prompt: "Sum up.", prompt: FERRY, response: "A ferry." }]),
  };
  const { dropped, rows } = await runShipped(t, "smoltalk", files);
  assert.deepEqual(dropped, {
    "smol-magpie-ultra": {
      "quality:not_listed": 1,
      "difficulty:listed": 1,
      "guard:listed": 1,
      "reward:below_min": 1,
      "distance:below_min": 1,
      "decontaminate:contaminated": 1,
    },
    "smol-constraints": { "verified:not_equal": 1, "verified:missing": 1 },
    "smol-rewrite": {},
    "smol-summarize": {},
  });
  const said = async (output: string) =>
    (await rows(output)).map(({ messages }) => (messages as Row[]).map(({ role }) => role));
  assert.deepEqual(await said("smol-magpie-ultra"), [
    ["user", "assistant"],
    ["user", "assistant"],
  ]);
  assert.deepEqual(await said("smol-constraints"), [["user", "assistant"]]);
  assert.deepEqual(await said("smol-rewrite"), [["system", "user", "assistant"]]);
});

test("decontamination: items fall, edited ones too, and lie beside what stays", async (t) => {
  const question =
    "A baker makes twelve dozen rolls before dawn and sells nine dozen of them by noon; how many rolls are left over?";
  const one = (columns: Row): string => jsonLines([columns]);
  const files = {
    "evaluation/gsm8k.jsonl": one({ question, answer: "Thirty-six" }),
    "evaluation/math.jsonl": one({
      problem: "Find the sum of the digits of two to the power of fifteen.",
      solution: "26",
    }),
    "evaluation/mmlu.jsonl": one({
      question: "Which organ of the body makes insulin in mammals?",
      choices: ["liver", "pancreas"],
      answer: 1,
    }),
    "evaluation/arc.jsonl": one({
      question: "Why do leaves of maple trees turn red in autumn?",
      answer: "chlorophyll",
    }),
    "data/a.parquet": parquet([
      { id: "a", text: ORCHARD },
      { id: "b", text: `${FERRY} ${question.toUpperCase()} Thirty-six.` },
      { id: "c", text: `Solve: ${question.replace("before dawn", "at night")} Answer: thirty-six` },
    ]),
  };
  const { dropped, rows } = await runShipped(t, "decontamination", files);
  assert.deepEqual(dropped, { web: { "decontaminate:contaminated": 2 } });
  assert.deepEqual(
    (await rows("clean")).map(({ id }) => id),
    ["a"],
  );
});
