import assert from "node:assert/strict";
import { test } from "node:test";
import { errorFromData, errorToData, RecipeError } from "../../batch/errors.ts";
import { RecipeErrors } from "../../plan/recipe/diagnostics.ts";
import { failure, GOOD, good, problems } from "./recipe-fixtures.ts";

test("a diagnostic shows file, line and column, the code, why it matters and what to do", async () => {
  const error = await failure(good("text: content", "txet: content"));
  assert.equal(
    error.message,
    [
      "error[recipe/unknown-key]: a source has no key `txet`",
      "  mix.yaml:11:5 │     txet: content",
      "                │     ^^^^",
      "  why: a key that nothing reads would be a setting you only believe to have made",
      "  fix: did you mean `text`?",
    ].join("\n"),
  );
});

/** What is replaced in the good recipe, by what, and the problems that follow. */
const CASES: readonly (readonly [name: string, piece: string, by: string, expected: readonly string[]])[] = [
  ["unknown key at the top", "seed: 6", "sead: 6", ["recipe/unknown-key 3:1"]],
  ["misspelt required key is said once", "name: mini", "nmae: mini", ["recipe/unknown-key 2:1"]],
  ["a flag written as a key", "seed: 6", "workers: 6", ["recipe/unknown-key 3:1"]],
  ["wrong version", "schema: 1", "schema: 2", ["recipe/bad-value 1:9"]],
  ["missing key", "schema: 1\n", "", ["recipe/missing-key 1:1"]],
  ["missing section", 'tokenizer: { file: ./tokenizer.json, eos: "<|end|>" }\n', "", ["recipe/missing-key 1:1"]],
  ["empty value", "seed: 6", "seed:", ["recipe/wrong-type 3:1"]],
  ["wrong type", "seed: 6", "seed: six", ["recipe/wrong-type 3:7"]],
  ["fraction for a whole number", "seed: 6", "seed: 6.5", ["recipe/wrong-type 3:7"]],
  ["negative seed", "seed: 6", "seed: -1", ["recipe/out-of-range 3:7"]],
  ["name that is a path", "name: mini", "name: ../mini", ["recipe/bad-name 2:7"]],
  ["tokenizer with both", "file: ./t", "encoding: gpt2, file: ./t", ["recipe/tokenizer 4:14"]],
  ["tokenizer with neither", "file: ./tokenizer.json, ", "", ["recipe/tokenizer 4:1"]],
  ["unknown encoding", "file: ./tokenizer.json", "encoding: cl100k", ["recipe/bad-value 4:24"]],
  [
    "pipeline that is no list",
    "[ { use: filter/gopher-quality }, { use: dedup/exact } ]",
    "x",
    ["recipe/wrong-type 6:8"],
  ],
  ["unknown stage", "dedup/exact", "dedup/exakt", ["recipe/unknown-stage 6:49"]],
  ["stage given as text", "{ use: dedup/exact }", "dedup/exact", ["recipe/wrong-type 6:42"]],
  ["stage without a name", "{ use: dedup/exact }", "{ id: a }", ["recipe/missing-key 6:42"]],
  ["reader in a pipeline", "dedup/exact", "read/jsonl", ["recipe/wrong-stage-kind 6:49"]],
  ["packer in a pipeline", "dedup/exact", "pack/concat", ["recipe/wrong-stage-kind 6:49"]],
  ["tokenizer in a pipeline", "dedup/exact", "tokenize/bpe", ["recipe/wrong-stage-kind 6:49"]],
  ["unknown stage option", "gopher-quality }", "gopher-quality, min_word: 3 }", ["recipe/unknown-key 6:40"]],
  ["ill-typed stage option", "gopher-quality }", "gopher-quality, min_words: x }", ["recipe/wrong-type 6:51"]],
  ["nested stage option", "gopher-quality }", "gopher-quality, rules: { stop: 1 } }", ["recipe/unknown-key 6:49"]],
  ["nested list", "gopher-quality }", "gopher-quality, rules: { stop_words: [a, 1] } }", ["recipe/wrong-type 6:65"]],
  ["same stage twice", "{ use: dedup/exact }", "{ use: filter/gopher-quality }", ["recipe/duplicate-id 6:42"]],
  ["unknown pipeline", "pipeline: web", "pipeline: wbe", ["recipe/unknown-pipeline 8:47"]],
  ["no pattern", "[ code/*.parquet ]", "[]", ["recipe/out-of-range 10:5"]],
  ["empty pattern", "[ code/*.parquet ]", '[ a.parquet, "" ]', ["recipe/out-of-range 10:24"]],
  ["pattern of a wrong type", "[ code/*.parquet ]", "[ a.parquet, 7 ]", ["recipe/wrong-type 10:24"]],
  ["from of a wrong type", "[ code/*.parquet ]", "{ a: 1 }", ["recipe/wrong-type 10:5"]],
  ["missing from", "from: [ code/*.parquet ]\n    ", "", ["recipe/missing-key 9:3"]],
  ["no reader", "[ code/*.parquet ]", "[ a.parquet, b.txt ]", ["recipe/no-reader 10:24"]],
  ["two readers", "[ code/*.parquet ]", "[ a.parquet, b.jsonl ]", ["recipe/no-reader 10:5"]],
  ["compressed parquet", "code/*.parquet", "a.parquet.gz", ["recipe/no-reader 10:5"]],
  ["a compression that is not read", "code/*.parquet", '"a.jsonl.{zst,lz4}"', ["recipe/no-reader 10:5"]],
  ["unknown reader", "text: content", "text: content\n    read: parket", ["recipe/unknown-stage 12:11"]],
  ["a reader that is a filter", "text: content", "read: filter/gopher-quality", ["recipe/wrong-stage-kind 11:11"]],
  ["source name with a space", "  code:\n", "  co de:\n", ["recipe/bad-name 9:3", "recipe/unknown-source 13:79"]],
  ["bad size", "tokens: 8B", "tokens: 8Q", ["recipe/bad-size 13:29"]],
  ["no tokens", "tokens: 8B", "tokens: 0", ["recipe/out-of-range 13:29"]],
  ["budget below one window", "tokens: 8B", "tokens: 4095", ["recipe/out-of-range 13:29"]],
  ["window of one token", "sequence_length: 4096", "sequence_length: 1", ["recipe/out-of-range 13:50"]],
  ["window beyond a shard", "seed: 6", "shard_tokens: 4096", ["recipe/out-of-range 13:50"]],
  ["unknown packer", "best-fit", "bestfits-it", ["recipe/unknown-stage 17:18"]],
  ["a packer that is a filter", "use: best-fit", "use: filter/gopher-quality", ["recipe/unknown-key 17:41"]],
  ["weight of an unknown source", "docs: 0.85", "dosc: 0.85", ["recipe/unknown-source 13:67"]],
  ["weight of zero", "code: 0.15", "code: 0", ["recipe/out-of-range 13:85"]],
  ["negative weight", "code: 0.15", "code: -1", ["recipe/out-of-range 13:85"]],
  ["no weights", "{ docs: 0.85, code: 0.15 }", "{}", ["recipe/no-weights 13:56"]],
  ["weights missing", ", weights: { docs: 0.85, code: 0.15 }", "", ["recipe/missing-key 13:5"]],
  ["two stages of one name", "name: stage2", "name: stage1", ["recipe/duplicate-id 14:11"]],
  ["unknown export", "seed: 6", "exports: [ nanotorn ]", ["recipe/bad-value 3:12"]],
  ["unknown export with options", "seed: 6", "exports: [ { to: nanotorn } ]", ["recipe/bad-value 3:18"]],
  ["an export for nobody", "seed: 6", "exports: [ { path_prefix: /x } ]", ["recipe/missing-key 3:12"]],
  ["an option of another export", "seed: 6", "exports: [ { to: trl, path_prefx: /x } ]", ["recipe/unknown-key 3:23"]],
  [
    "a bad option of an export",
    "seed: 6",
    "exports: [ { to: nanotron, global_batch_size: 0 } ]",
    ["recipe/out-of-range 3:47"],
  ],
  [
    "two exports for one trainer",
    "seed: 6",
    "exports: [ trl, { to: trl, path_prefix: /x } ]",
    ["recipe/duplicate-id 3:17"],
  ],
  ["unknown policy", "seed: 6", "limits: { on_exhausted: stop }", ["recipe/bad-value 3:25"]],
  ["gate above one", "seed: 6", "gates: { min_packing_fill: 99 }", ["recipe/out-of-range 3:28"]],
];

for (const [name, piece, by, expected] of CASES) {
  test(name, async () => assert.deepEqual(await problems(good(piece, by)), expected));
}

test("every problem is reported, in the order of the text, and counted", async () => {
  const text = good("seed: 6", "seed: six")
    .replace("dedup/exact", "dedup/exakt")
    .replace("pipeline: web", "pipeline: w");
  assert.deepEqual(await problems(text), [
    "recipe/wrong-type 3:7",
    "recipe/unknown-stage 6:49",
    "recipe/unknown-pipeline 8:47",
  ]);
  const error = await failure(text);
  assert.ok(error.message.startsWith("error[recipe/invalid]: mix.yaml has 3 problems\n\nerror[recipe/wrong-type]: "));
  assert.equal(error.message.split("\n\n").length, 4);
});

test("the errors survive the way between threads", async () => {
  const error = await failure(good("seed: 6", "seed: six\nexports: [ x ]"));
  const back = errorFromData(structuredClone(errorToData(error)));
  assert.ok(back instanceof RecipeError);
  assert.equal(back.message, error.message);
});

test("only the first syntax error is shown; duplicate keys are errors of their own", async () => {
  const broken = await failure(`${GOOD}x: [1, 2\ny: }\nz: {`);
  assert.ok(broken instanceof RecipeError && !(broken instanceof RecipeErrors));
  assert.equal(broken.details.code, "recipe/syntax");
  assert.equal(broken.message.split("error[").length, 2);

  const twice = await failure(good("seed: 6", "seed: 6\nseed: 7"));
  assert.ok(twice instanceof RecipeError);
  assert.equal(twice.details.code, "recipe/duplicate-key");
  assert.deepEqual(twice.details.place, { file: "mix.yaml", line: 4, column: 1 });

  for (const [text, code] of [
    ["", "recipe/empty"],
    ["# nothing\n", "recipe/empty"],
    ["a: 1\n---\nb: 2\n", "recipe/syntax"],
    ["a: *nowhere\n", "recipe/syntax"],
    ["a: !mine 3\n", "recipe/syntax"],
    ["\u0000", "recipe/invalid"],
  ] as const) {
    const error = await failure(text);
    assert.ok(error instanceof RecipeError, String(error));
    if (code !== "recipe/invalid") assert.equal(error.details.code, code, JSON.stringify(text));
  }
});

test("a recipe that is no mapping is one problem", async () => {
  assert.deepEqual(await problems("just text\n"), ["recipe/wrong-type 1:1"]);
  assert.deepEqual(await problems("- 1\n"), ["recipe/wrong-type 1:3"]);
});

test("aliases that grow without bound are refused", async () => {
  const lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"];
  for (let i = 1; i < 10; i++) {
    const [name, before] = [String.fromCharCode(97 + i), String.fromCharCode(96 + i)];
    lines.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(",")}]`);
  }
  const error = await failure(lines.join("\n"));
  assert.ok(error instanceof RecipeError);
  assert.equal(error.details.code, "recipe/syntax");
});

test("keys that objects treat specially are names like others, and refused", async () => {
  assert.deepEqual(await problems(good("  code:\n", "  __proto__:\n").replace("code: 0.15", "docs-: 1")), [
    "recipe/bad-name 9:3",
    "recipe/unknown-source 13:79",
  ]);
  assert.deepEqual(await problems(good("seed: 6", "__proto__: { seed: 1 }")), ["recipe/unknown-key 3:1"]);
  assert.deepEqual(await problems(good("pipeline: web", "pipeline: constructor")), ["recipe/unknown-pipeline 8:47"]);
  assert.deepEqual(await problems(good("docs: 3", "toString: 3")), ["recipe/unknown-source 19:7"]);
});

test("CRLF and tabs in a line do not move the marks", async () => {
  const error = await failure(GOOD.replace("seed: 6", "seed:\tsix").replaceAll("\n", "\r\n"));
  assert.equal(
    error.message,
    "error[recipe/wrong-type]: `seed` must be a number, not the text `six`\n  mix.yaml:3:7 │ seed:\tsix\n               │      \t^^^",
  );
});

test("a long line is shown around its mark", async () => {
  const error = await failure(good("docs: 0.85", `${"docs: 0.85,".padEnd(300)} x: 1`));
  const [, line, mark] = error.message.split("\n");
  assert.ok(line.length < 150, line);
  assert.equal(mark.indexOf("^"), line.indexOf("x: 1"));
});

test("what a flag says is shown as the flag", async () => {
  const error = await failure(GOOD, ["pipelines.web.gopher-quality.min_words=many"]);
  assert.equal(
    error.message,
    [
      "error[recipe/wrong-type]: `min_words` must be a number, not the text `many`",
      "  --set │ pipelines.web.gopher-quality.min_words=many",
      "        │                                        ^^^^",
    ].join("\n"),
  );
});

test("of a flag, the key is underlined where the key is wrong", async () => {
  const { message } = await failure(GOOD, ["pipelines.web.gopher-quality.min_wrods=3"]);
  assert.equal(
    message.split("\n").slice(1, 3).join("\n"),
    "  --set │ pipelines.web.gopher-quality.min_wrods=3\n        │                              ^^^^^^^^^",
  );
});

test("flags that cannot be followed say why", async () => {
  const cases: [string, string][] = [
    ["seed", "`--set` has no `path=value`"],
    ["=3", "`--set` has no `path=value`"],
    ["pipelines.web.gopher.min_words=3", "`--set` finds no `gopher` in `pipelines.web`"],
    ["seed.x=3", "`--set` goes on below `seed`, which holds no keys"],
    ["sources.dosc.limit=3", "`--set` finds no `dosc` in `sources`"],
    ["seed={ a", "`--set` has a value that is not YAML"],
  ];
  for (const [flag, what] of cases) {
    const error = await failure(GOOD, [flag]);
    assert.ok(error instanceof RecipeError);
    assert.equal(error.details.code, "recipe/bad-override");
    assert.equal(error.details.what, what);
    assert.ok(error.message.includes(`  --set │ ${flag}\n`), error.message);
  }
});

test("what is wrong behind an alias is told once, however often it is used", async () => {
  const text = good(
    "[ { use: filter/gopher-quality }, { use: dedup/exact } ]",
    "[ &wrong { use: dedup/exact, sead: 1 } ]\n  again: [ *wrong ]\n  thrice: [ *wrong ]",
  );
  const found = (await problems(text)).filter((problem) => problem.startsWith("recipe/unknown-key"));
  assert.equal(found.length, 1, found.join());
});
