/** One card for what several outputs and several people say: nothing of theirs is lost, nothing of ours is doubled, nothing is markup. */
import assert from "node:assert/strict";
import test from "node:test";
import { parse } from "yaml";
import { DataError } from "../../../batch/errors.ts";
import type { CardFacts } from "../../../manifests/outputs/card.ts";
import { type PublishedOutput, repositoryCard } from "../../../manifests/outputs/repository-card.ts";

function output(config: string, split: string, more: Partial<CardFacts> = {}, dropped = false): PublishedOutput {
  const facts: CardFacts = {
    run: "run",
    output: split,
    plan_fingerprint: "f".repeat(8),
    config,
    split,
    extension: "parquet",
    files: 2,
    rows: 1234,
    dropped_rows: 0,
    keep_dropped: dropped,
    text_bytes: 10,
    file_bytes: 20,
    columns: [{ name: "text", type: "string" }],
    sources: [{ name: "web", rows_in: 1300, rows: 1234, dropped: { short: { too_few_words: 66 } }, errors: {} }],
    ...more,
  };
  return { facts, config, folder: config === "default" ? "" : `${config}/`, dropped };
}

const card = (outputs: readonly PublishedOutput[], existing?: string, run = "run"): string =>
  repositoryCard("o/name", run, outputs, existing);

function headOf(text: string): Record<string, unknown> & { configs: { config_name: string; data_files: unknown }[] } {
  return parse(/^---\n(.*?)\n---\n/s.exec(text)?.[1] ?? "");
}

test("a card that is written again stays, byte for byte; another run adds its part", () => {
  const sft = [output("SFT", "a"), output("SFT", "a.b_1")];
  const first = card(sft);
  assert.equal(card(sft, first), first);
  const both = card([output("Mid", "x")], first, "other");
  assert.deepEqual(
    headOf(both).configs.map(({ config_name }) => config_name),
    ["SFT", "Mid"],
  );
  assert.equal(card(sft, both), both);
  assert.equal(both.match(/^## SFT \/ a$/gm)?.length, 1);
  assert.equal(both.match(/^## Mid \/ x$/gm)?.length, 1);
  const fewer = card([output("SFT", "a", { files: 7 })], both);
  assert.match(fewer, /^## Mid \/ x$/m);
  assert.doesNotMatch(fewer, /^## SFT \/ a\\\.b/m);
  const [{ data_files }] = headOf(fewer).configs;
  assert.deepEqual(data_files, [
    { split: "a.b_1", path: "SFT/a.b_1-?????-of-00002.parquet" },
    { split: "a", path: "SFT/a-?????-of-00007.parquet" },
  ]);
});

test("what people wrote stays, whatever their line ends and keys are", () => {
  const theirs = [
    "---",
    "# chosen with care",
    "license: odc-by",
    "tags: [chat, 'no: 1']",
    "configs:",
    "- config_name: theirs",
    "  data_files: data/*.csv",
    "- config_name: SFT",
    "  drop_labels: true",
    "  data_files: SFT/*",
    "dataset_info:",
    "- config_name: SFT",
    "  splits: [{ name: a, num_examples: 3 }]",
    "- config_name: theirs",
    "  splits: []",
    "---",
    "# Rivers",
    "",
    "---",
    "A rule above.",
    "",
  ];
  for (const end of ["\n", "\r\n"]) {
    const text = card([output("SFT", "a", {}, true)], theirs.join(end));
    const head = headOf(text);
    assert.deepEqual(
      [head.license, head.tags, head.dataset_info],
      ["odc-by", ["chat", "no: 1"], [{ config_name: "theirs", splits: [] }]],
    );
    assert.deepEqual(head.configs, [
      { config_name: "theirs", data_files: "data/*.csv" },
      { config_name: "SFT", drop_labels: true, data_files: [{ split: "a", path: "SFT/a-?????-of-00002.parquet" }] },
      { config_name: "SFT-dropped", data_files: [{ split: "a", path: "dropped/SFT/a-?????-of-00002.parquet" }] },
    ]);
    assert.match(text, /^# chosen with care$/m);
    assert.ok(text.includes(["# Rivers", "", "---", "A rule above."].join(end)));
    assert.equal(card([output("SFT", "a", {}, true)], text), text);
  }
  const single = card([output("default", "train")], "---\ndataset_info: { splits: [] }\n---\n");
  assert.ok(!("dataset_info" in headOf(single)));
  assert.equal(headOf(card([output("default", "train")], "Text without a head")).configs.length, 1);
  assert.match(card([output("default", "train")], "Text without a head"), /^Text without a head$/m);
  for (const bad of ["---\n- a\n---\n", "---\na: [\n---\n", "---\nconfigs: 3\n---\n", "---\na: b: c\n---\n"]) {
    assert.throws(
      () => card([output("SFT", "a")], bad),
      (error) => error instanceof DataError && error.code === "data/bad-card",
    );
  }
});

test("names that are markup, borders or ends of cells are text", () => {
  const name = "<!-- shardmill run: end -->\n<img src=x onerror=alert(1)>|`x`";
  const facts = {
    columns: [{ name, type: "string" }],
    sources: [{ name, rows_in: 1, rows: 1, dropped: {}, errors: {} }],
  };
  const outputs = [output("SFT", "a", facts)];
  const run = "a--b <script>\n|x";
  const text = card(outputs, undefined, run);
  assert.equal(card(outputs, text, run), text);
  const lines = text.split("\n");
  assert.equal(lines.filter((line) => line === "<!-- shardmill a-%2Db%20%3Cscript%3E%0A%7Cx: end -->").length, 1);
  for (const line of lines.filter((line) => line.includes("<img") || line.includes("<script>"))) {
    assert.ok(/``.*<img.*``/.test(line) || /`.*<script>.*`/.test(line), line);
  }
  for (const row of lines.filter((line) => line.startsWith("| ``")))
    assert.equal(row.split(/(?<!\\)\|/).length, row.includes("string") ? 4 : 6);
});
