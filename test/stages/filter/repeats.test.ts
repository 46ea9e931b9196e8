/** Repeats inside a text: what is trained on, what is cut, how far a text compresses; and the exceptions of source files. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PlainLz4 } from "../../../kernels/lz4/block.ts";
import { CompressedSize } from "../../../kernels/lz4/compressed-size.ts";
import completionLoss from "../../../stages/annotate/completion-loss.ts";
import periodicLoss from "../../../stages/annotate/periodic-loss.ts";
import { NO_RESOURCES } from "../../../stages/define.ts";
import codeQuality from "../../../stages/filter/code-quality.ts";
import compressionRatio from "../../../stages/filter/compression-ratio.ts";
import license from "../../../stages/filter/license.ts";
import periodicRepeats from "../../../stages/filter/periodic-repeats.ts";
import repeatedParts from "../../../stages/filter/repeated-parts.ts";
import { batchOf, batchOfRows, valueAt } from "../../batch-of.ts";
import { applyAll, applyFilter, judge } from "./run.ts";

function lossOf(options: Readonly<Record<string, unknown>>, texts: readonly string[], dead: readonly number[] = []) {
  const batch = batchOf(texts);
  for (const row of dead) batch.alive.clear(row);
  const before = completionLoss.create(completionLoss.options.parse({ after: "A:" }), NO_RESOURCES);
  for (const column of before.apply(batch)) batch.setColumn(...column);
  const operator = periodicLoss.create(periodicLoss.options.parse(options), NO_RESOURCES);
  const column = operator.apply(batch).get("loss_ranges");
  assert.ok(column);
  return { ranges: texts.map((_, row) => valueAt(column, row)), counts: operator.finish?.() };
}

test("what repeats is not trained on: of the text, or of what was trained on before", () => {
  const texts = [
    `Q: A: yes ${"-".repeat(50)} no`,
    "Q: nothing",
    `${"=".repeat(40)} A: yes`,
    `A: ${"été ".repeat(40)}`,
    "",
  ];
  const whole = lossOf({}, texts);
  assert.deepEqual(whole.ranges, [[0, 10, 60, 63], [0, 10], [40, 47], [0, 2], []]);
  assert.deepEqual(whole.counts, {
    rows: 5,
    rows_with_repeats: 3,
    text_bytes: 63 + 10 + 47 + 243,
    masked_bytes: 50 + 40 + 241,
  });
  const narrowed = lossOf({ narrow: true }, texts);
  assert.deepEqual(narrowed.ranges, [[5, 10, 60, 63], [], [43, 47], [], []]);
  assert.deepEqual(lossOf({ narrow: true, mask: "text" }, texts).ranges, [[], [], [], [], []]);
  assert.deepEqual(lossOf({}, texts, [1, 4]).ranges[1], [], "a dead row has none");
  assert.throws(() => periodicLoss.options.parse({ unit: "tokens", encoding: "gpt2" }), /use `mask: text`/);
  assert.throws(() => periodicLoss.options.parse({ encoding: "gpt2" }), /exactly one of tokenizer and encoding/);
});

test("a verdict says how often what repeats", () => {
  const { reason, value, detail } = judge(periodicRepeats, `Start. ${"ab ".repeat(40)}`) ?? {};
  assert.deepEqual({ reason, value, detail }, { reason: "repeats", value: 121 / 127, detail: "40 times 3 bytes" });
  assert.equal(judge(periodicRepeats, "x".repeat(31)), null);
  assert.equal(judge(periodicRepeats, ""), null);
  assert.equal(
    judge(periodicRepeats, `${"a".repeat(64)}${"b".repeat(64)}`, { min_period: 2 })?.detail,
    "32 times 2 bytes",
  );
});

test("repeated parts: cut, judged, left alone", () => {
  const text = "Alpha\n\nbeta\n\n ALPHA \n\n}\n\n}\n\nbeta\n";
  const cut = (options: Readonly<Record<string, unknown>>) =>
    applyAll(repeatedParts, options, batchOf([text])).texts[0];
  assert.equal(cut({ separator: "\n\n" }), "Alpha\n\nbeta\n\n}");
  assert.equal(cut({ separator: "\n\n", compare: "exact" }), "Alpha\n\nbeta\n\n ALPHA \n\n}\n\nbeta\n");
  assert.equal(cut({ separator: "\n\n", min_chars: 2 }), "Alpha\n\nbeta\n\n}\n\n}");
  const { dropped, texts } = applyAll(
    repeatedParts,
    { separator: "\n\n", remove: false, max_repeated_ratio: 0.3 },
    batchOf([text, "one\n\ntwo"]),
  );
  assert.equal(dropped.get(0)?.value, (7 + 1 + 5) / text.length);
  assert.deepEqual([dropped.size, texts[1]], [1, "one\n\ntwo"]);
});

test("compressed sizes are these on every machine: the ratio is part of what a run makes", () => {
  const words = "sail anchor harbour tide rope lantern gull compass".split(" ");
  let state = 5;
  const word = () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return words[(state >>> 9) % words.length];
  };
  const prose = Buffer.from(Array.from({ length: 60_000 }, word).join(" "));
  const size = new CompressedSize(new PlainLz4());
  const sizes = [0, 1, 100, 5000, prose.length].map((length) => size.of(prose, 0, length));
  assert.deepEqual(sizes, SIZES);
  const ratio = judge(compressionRatio, prose.toString(), { min_ratio: 0.9 })?.value ?? 0;
  assert.equal(ratio, (sizes[4] ?? 0) / prose.length, "WebAssembly compresses to the same bytes");
});
const SIZES = [0, 2, 79, 1600, 111394];

test("source files: languages and paths are exceptions or reasons where columns say so", () => {
  const long = `<p>${"word ".repeat(300)}</p>`;
  const rows = [
    { text: long, language: "HTML", path: "a.html" },
    { text: long, language: "Python", path: "a.py" },
    { text: "i32.const 1 0x41\n".repeat(5), language: "WebAssembly", path: "a.wat" },
    { text: "key: 1\n".repeat(513), language: "YAML", path: "a.yaml" },
    { text: "export const a = 1;\n", language: "TypeScript", path: "types/a.d.ts" },
    { text: '{"name": "a"}\n', language: "JSON", path: "package-lock.json" },
    { text: "let value = 1;\n", language: "JavaScript", path: "a.js" },
  ];
  const columns = { language_column: "language", path_column: "path" };
  const dropped = applyFilter(codeQuality, columns, batchOfRows(rows));
  assert.deepEqual(
    rows.map((_, row) => dropped.get(row)?.reason ?? null),
    [null, "lines_too_long", null, "too_many_lines", "vendored", "generated", null],
  );
  const off = { ...columns, filter_vendored: false, filter_generated: false, max_data_lines: null };
  assert.deepEqual([...applyFilter(codeQuality, off, batchOfRows(rows)).keys()], [1]);
});

test("licences: every one of a list must be allowed, the header's too", () => {
  const rows = ["MIT", '["MIT","Apache-2.0"]', '["MIT","GPL-3.0-only"]', "[broken", "", null].map((licenses) => ({
    text: "x",
    licenses,
  }));
  const of = (options: Readonly<Record<string, unknown>>) =>
    [...applyFilter(license, { column: "licenses", ...options }, batchOfRows(rows))].map(([row, { reason }]) => [
      row,
      reason,
    ]);
  assert.deepEqual(of({}), [
    [2, "license_not_allowed"],
    [3, "license_not_allowed"],
  ]);
  assert.deepEqual(of({ missing: "drop" }).slice(2), [
    [4, "no_license"],
    [5, "no_license"],
  ]);
  assert.deepEqual(of({ allow: ["gpl-3.0", "mit"] }), [
    [1, "license_not_allowed"],
    [3, "license_not_allowed"],
  ]);
});
