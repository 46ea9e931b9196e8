/** Lines of symbols go as in datatrove, lines that are no text of a page as in DCLM. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_RESOURCES } from "../../../stages/define.ts";
import dclm from "../../../stages/filter/dclm-lines.ts";
import symbols from "../../../stages/rewrite/symbol-lines.ts";
import { batchOf } from "../../batch-of.ts";
import { applyAll } from "../filter/run.ts";
import { differences, type GoldenText, goldenRows } from "./golden.ts";

test("lines of symbols: texts become what datatrove makes of them, with and without a replacement", () => {
  const rows = goldenRows<GoldenText>("symbol-lines");
  assert.deepEqual(differences(symbols, {}, rows, 0), []);
  assert.deepEqual(differences(symbols, { replacement: "§" }, rows, 1), []);
});

test("lines of symbols: a text without any keeps its column, lines are counted", () => {
  const operator = symbols.create(symbols.options.parse({}), NO_RESOURCES);
  assert.ok(operator.kind === "rewrite");
  const fine = batchOf(["one\ntwo", "", "  \nx"]);
  assert.equal(operator.apply(fine), fine.text);
  operator.apply(batchOf(["a\n--\n**\nb", "c\r\nd"]));
  assert.deepEqual(operator.finish?.(), { rows: 5, changed_rows: 2, removed_lines: 2 });
});

test("DCLM's lines: what stays of texts and why others go are DCLM's", () => {
  const rows = goldenRows<readonly [text: string, left: string | null, reason: string]>("dclm-lines");
  const batch = () => batchOf(rows.map(([text]) => text));
  const judged = applyAll(dclm, {}, batch());
  const lenient = applyAll(dclm, { max_removed_words_ratio: null }, batch());
  const reasons = new Set<string>();
  rows.forEach(([text, left, reason], row) => {
    reasons.add(reason);
    assert.equal(judged.dropped.get(row)?.reason ?? "", reason, JSON.stringify(text));
    if (reason === "") assert.equal(judged.texts[row], left);
    assert.equal(lenient.dropped.get(row)?.reason, left === null ? "nothing_left" : undefined);
    if (left !== null) assert.equal(lenient.texts[row], left, JSON.stringify(text));
  });
  assert.deepEqual([...reasons].sort(), ["", "nothing_left", "too_many_words_removed"]);
});

test("DCLM's lines: each rule may be turned off, and malformed bytes pass", () => {
  const off = {
    max_uppercase_ratio: null,
    max_digits_ratio: null,
    remove_counters: false,
    min_words_per_line: null,
    scrap_words: null,
  };
  const text = "HOME\n12345\n3 likes\none\nItems in cart\nRead more...";
  const made = (options: Readonly<Record<string, unknown>>) =>
    applyAll(dclm, { ...off, max_removed_words_ratio: null, ...options }, batchOf([text])).texts[0].split("\n");
  const lines = text.split("\n");
  assert.deepEqual(made({}), lines);
  assert.deepEqual(made({ max_uppercase_ratio: 0.5 }), lines.slice(1));
  assert.deepEqual(made({ max_digits_ratio: 0.999999 }), lines.toSpliced(1, 1));
  assert.deepEqual(made({ remove_counters: true }), lines.toSpliced(2, 1));
  assert.deepEqual(made({ min_words_per_line: 2 }), ["3 likes", "Items in cart", "Read more..."]);
  assert.deepEqual(made({ scrap_words: 10 }), lines.slice(0, 4));
  const bytes = Buffer.concat([Buffer.from("two words "), Buffer.of(0xff, 0xe2)]);
  const batch = batchOf([bytes]);
  applyAll(dclm, {}, batch);
  assert.deepEqual(Buffer.from(batch.text.data), bytes);
});
