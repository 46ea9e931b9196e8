/**
 * Fill-in-the-middle: parts of a text come to the same text, sentinels become tokens and nothing else does, draws
 * depend on the row's place alone.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch } from "../../../batch/batch.ts";
import type { TokenListColumn } from "../../../batch/column.ts";
import { NO_RESOURCES } from "../../../stages/define.ts";
import stage from "../../../stages/rewrite/fim.ts";
import bpe from "../../../stages/tokenize/bpe.ts";
import { batchOf, valueAt } from "../../batch-of.ts";
import { applyAll } from "../filter/run.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";

/** Long enough that a part is seldom empty. */
const TEXTS = Array.from({ length: 2000 }, (_, i) =>
  `def f${i}():\n    return "é💩${i}"  # <|fim_middle|>\n`.repeat(20),
);
const PSM = /^<\|fim_prefix\|>(.*)<\|fim_suffix\|>(.*)<\|fim_middle\|>(.*)$/s;
const PIECE = /<\|fim_(?:prefix|middle|suffix)\|>|<\|file_sep\|>/;

interface Row {
  readonly text: string;
  /** Parts that are literal. */
  readonly literals: readonly string[];
  /** What is between them. */
  readonly tokens: string;
}

function rowsOf(batch: Batch): Row[] {
  const ranges = batch.ranges("literal_ranges");
  assert.ok(ranges !== undefined);
  return Array.from({ length: batch.rows }, (_, row) => {
    const bytes = Buffer.from(batch.text.data.subarray(batch.text.offsets[row], batch.text.offsets[row + 1]));
    const pairs = valueAt(ranges, row) as readonly number[];
    const literals: string[] = [];
    let tokens = "";
    let done = 0;
    for (let i = 0; i < pairs.length; i += 2) {
      assert.ok(pairs[i] < pairs[i + 1] && pairs[i] >= done);
      tokens += bytes.toString("utf8", done, pairs[i]);
      literals.push(bytes.toString("utf8", pairs[i], pairs[i + 1]));
      done = pairs[i + 1];
    }
    return { text: bytes.toString(), literals, tokens: tokens + bytes.toString("utf8", done) };
  });
}

function made(
  texts: readonly string[],
  options: Readonly<Record<string, unknown>> = {},
  seed: readonly [number, number] = [1, 2],
): Row[] {
  const batch = batchOf(texts);
  applyAll(stage, options, batch, { ...NO_RESOURCES, seed });
  return rowsOf(batch);
}

test("shares are kept, every text comes together again, and what the text spells is no token", () => {
  const counts = { whole: 0, psm: 0, spm: 0 };
  for (const [row, { text, literals, tokens }] of made(TEXTS, { rate: 0.6, spm_rate: 0.25 }).entries()) {
    if (tokens === "") {
      counts.whole++;
      assert.deepEqual(literals, [TEXTS[row]]);
      continue;
    }
    assert.equal(tokens, "<|fim_prefix|><|fim_suffix|><|fim_middle|>");
    const isSpm = text.startsWith("<|fim_prefix|><|fim_suffix|>");
    counts[isSpm ? "spm" : "psm"]++;
    assert.equal(literals.join("").length, TEXTS[row].length);
  }
  assert.ok(Math.abs(counts.whole - 800) < 80, `${counts.whole} of 800 stay`);
  assert.ok(Math.abs(counts.spm - 300) < 60, `${counts.spm} of 300 in SPM`);
});

test("in PSM the parts are prefix, suffix, middle; in SPM suffix, then prefix and middle as one", () => {
  const texts = TEXTS.map((_, i) => `p${i}é💩q`);
  for (const [row, { text }] of made(texts, { rate: 1, spm_rate: 0 }).entries()) {
    const [, prefix, suffix, middle] = PSM.exec(text) ?? [];
    assert.equal(prefix + middle + suffix, texts[row]);
  }
  for (const [row, { text }] of made(texts, { rate: 1, spm_rate: 1 }).entries()) {
    const [, suffix, rest] = /^<\|fim_prefix\|><\|fim_suffix\|>(.*)<\|fim_middle\|>(.*)$/s.exec(text) ?? [];
    assert.equal(rest + suffix, texts[row]);
  }
});

test("cuts are uniform over characters: every place of a short text is met, ends too", () => {
  const places = new Map<string, number>();
  for (const { text } of made(
    Array.from({ length: 4000 }, () => "é💩a"),
    { rate: 1, spm_rate: 0 },
  )) {
    places.set(text, (places.get(text) ?? 0) + 1);
  }
  // Two places of four each: 4 in which they are one, 6 that are met in both orders.
  assert.equal(places.size, 10);
  for (const [text, count] of places) {
    const [, , , middle] = PSM.exec(text) ?? [];
    assert.ok(Math.abs(count - (middle === "" ? 250 : 500)) < 100, `${text}: ${count}`);
  }
});

test("rows that are cut into other batches are drawn alike; another seed draws otherwise", () => {
  const whole = made(TEXTS);
  const rows = TEXTS.map((_, row) => row).filter((row) => row % 7 === 3);
  const batch = new Batch({
    source: "other",
    shards: new Int32Array(rows.length),
    rowsInShard: new Int32Array(rows.length),
    positions: Float64Array.from(rows),
    columns: [["text", batchOf(rows.map((row) => TEXTS[row])).text]],
  });
  batch.nameShards(["shard"]);
  applyAll(stage, {}, batch, { ...NO_RESOURCES, seed: [1, 2] });
  assert.deepEqual(
    rowsOf(batch),
    rows.map((row) => whole[row]),
  );
  assert.notDeepEqual(made(TEXTS, {}, [1, 3]), whole);
});

test("files of a repository are cut for themselves, what splits them stays a token, and some are skipped", () => {
  const files = ["one file", "", "skip this one", "another"];
  const texts = Array.from({ length: 300 }, () => files.join("<|file_sep|>"));
  const options = { rate: 0.5, fragment_rate: 0.5, split_on: "<|file_sep|>", skip_prefix: "skip" };
  let whole = 0;
  let cut = 0;
  for (const { text, tokens, literals } of made(texts, options)) {
    const parts = text.split("<|file_sep|>");
    assert.equal(parts.length, 4);
    assert.equal(parts[1], "");
    assert.equal(parts[2], files[2]);
    assert.equal(tokens.split("<|file_sep|>").length, 4);
    assert.ok(literals.every((literal) => !PIECE.test(literal)));
    if (tokens === "<|file_sep|>".repeat(3)) whole++;
    cut += parts.filter((part) => part.startsWith("<|fim_prefix|>")).length;
  }
  // Half of the texts stay; of the others a quarter has both files left whole.
  assert.ok(Math.abs(whole - 187) < 45, `${whole}`);
  assert.ok(Math.abs(cut - 150) < 45, `${cut}`);
  assert.equal(stage.options.safeParse({ split_on: "x" }).success, false);
});

test("sentinels become special tokens, and what a document spells does not", () => {
  const special = { prefix: 100258, middle: 100259, suffix: 100260, eos: 100257 };
  const batch = batchOf(TEXTS.slice(0, 60));
  applyAll(stage, { rate: 0.5 }, batch, { ...NO_RESOURCES, seed: [1, 2] });
  const rows = rowsOf(batch);
  const options = { encoding: "cl100k_base", eos: "<|endoftext|>", special_tokens: "parse" };
  const operator = bpe.create(bpe.options.parse(options), { ...NO_RESOURCES, assets: LOCAL_ASSETS });
  const column = operator.apply(batch, () => {}).get("tokens") as TokenListColumn;
  let cut = 0;
  for (const [row, { tokens }] of rows.entries()) {
    const ids = [...column.values.subarray(column.offsets[row], column.offsets[row + 1])];
    const found = ids.filter((id) => id >= special.eos).sort();
    assert.deepEqual(
      found,
      tokens === "" ? [special.eos] : [special.eos, special.prefix, special.middle, special.suffix],
    );
    if (tokens !== "") cut++;
  }
  assert.ok(cut > 15 && cut < 45);
});

test("empty texts and dead rows stay as they are; what was done is counted", () => {
  const operator = stage.create(stage.options.parse({ rate: 1 }), { ...NO_RESOURCES, seed: [1, 2] });
  assert.ok(operator.kind === "transform");
  const batch = batchOf(["", "dead", "alive"]);
  batch.alive.clear(1);
  for (const column of operator.apply(batch, () => {})) batch.setColumn(...column);
  const [empty, dead, alive] = rowsOf(batch);
  assert.deepEqual([empty.text, dead.text], ["", ""]);
  assert.notEqual(alive.tokens, "");
  assert.deepEqual(operator.finish?.(), { rows: 2, fim_rows: 1, fim_parts: 1 });
});
