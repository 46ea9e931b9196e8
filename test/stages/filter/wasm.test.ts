/** Every quality stage decides alike with and without WebAssembly: on hostile and random texts, on documents of any length. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wasmModule } from "../../../io/wasm.ts";
import { MAX_WASM_BYTES } from "../../../kernels/wasm/quality-instance.ts";
import type { StageDefinition } from "../../../stages/define.ts";
import c4Quality from "../../../stages/filter/c4-quality.ts";
import finewebQuality from "../../../stages/filter/fineweb-quality.ts";
import gopherQuality from "../../../stages/filter/gopher-quality.ts";
import gopherRepetition from "../../../stages/filter/gopher-repetition.ts";
import { batchOf } from "../../batch-of.ts";
import { anyText, HOSTILE_TEXTS, recutText, repetitiveText } from "../../kernels/wasm/quality-texts.ts";
import { withoutWasm } from "../../without-wasm.ts";
import { goldenTexts } from "./golden.ts";
import { applyAll, applyFilter, type Dropped } from "./run.ts";

const skip = wasmModule("quality") === undefined ? "WebAssembly with SIMD is off" : false;

/** Bounds that most texts of a few words pass, so that later rules are reached too. */
const FILTERS: readonly (readonly [StageDefinition, Readonly<Record<string, unknown>>])[] = [
  [gopherQuality, {}],
  [gopherQuality, { min_words: 2, min_mean_word_length: 1, max_hashes_ratio: 0.5, min_stop_words: 1 }],
  [gopherRepetition, {}],
  [gopherRepetition, { max_top_2gram_ratio: null, max_top_3gram_ratio: null, max_top_4gram_ratio: 0.5 }],
  [finewebQuality, {}],
  [finewebQuality, { max_short_lines_ratio: null, max_duplicate_chars_ratio: 0.3 }],
  [c4Quality, {}],
  [c4Quality, { min_sentences: 2, min_words_per_line: 1, filter_no_terminal_punct: false }],
];

function compare(texts: readonly (string | Uint8Array)[], words: string): void {
  const fast = batchOf(texts);
  const plain = batchOf(texts);
  for (const [stage, options] of FILTERS) {
    // Every filter sees every text, and from the second on the words that are kept.
    const judge = (batch: typeof fast): Map<number, Dropped> => {
      const dropped = applyFilter(stage, { ...options, words }, batch);
      for (const row of dropped.keys()) batch.alive.set(row);
      return dropped;
    };
    assert.deepEqual(
      judge(fast),
      withoutWasm(() => judge(plain)),
      stage.name,
    );
  }
  assert.deepEqual(
    applyAll(c4Quality, { words, min_sentences: 1 }, fast),
    withoutWasm(() => applyAll(c4Quality, { words, min_sentences: 1 }, plain)),
  );
}

for (const words of ["unicode", "spacy-en"]) {
  test(`${words}: decisions, reasons, values and texts`, { skip }, () => {
    compare(
      goldenTexts.map(({ text }) => text),
      words,
    );
    compare(HOSTILE_TEXTS, words);
    const texts = fc.sample(fc.oneof(anyText, repetitiveText, recutText), { numRuns: 1500, seed: 11 });
    compare(texts, words);
  });
}

test("memory that grows in the middle of a document takes no words away", { skip }, () => {
  compare([`${"the walk\n".repeat(30_000)}`], "unicode");
});

test("a document longer than an instance takes is judged all the same", { skip }, () => {
  const sentence = "We walked to the river and sat on the stones that the flood had left behind.\n";
  const repeats = Math.ceil(MAX_WASM_BYTES / sentence.length) + 1;
  const long = sentence.repeat(repeats);
  const dropped = applyFilter(gopherQuality, {}, batchOf([long, sentence]));
  assert.deepEqual(dropped.get(0), { reason: "too_many_words", value: 16 * repeats });
  assert.deepEqual(dropped.get(1), { reason: "too_few_words", value: 16 });
  const { texts } = applyAll(c4Quality, { min_sentences: 1 }, batchOf([`${long}too short.\n`, sentence]));
  assert.deepEqual(
    texts.map((text) => text.length),
    [long.length - 1, sentence.length - 1],
  );
});
