/**
 * C4 paragraphs and bad words, unigrams, Dolma's and DCLM's pages and lines: the decisions and numbers of the tools
 * themselves.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DolmaMeasures } from "../../../kernels/quality/dolma.ts";
import { WordRanges } from "../../../kernels/words/types.ts";
import { segmentUax29 } from "../../../kernels/words/uax29.ts";
import { NO_RESOURCES, type StageDefinition } from "../../../stages/define.ts";
import badWords from "../../../stages/filter/c4-bad-words.ts";
import c4Paragraphs from "../../../stages/filter/c4-paragraphs.ts";
import dclmLines from "../../../stages/filter/dclm-lines.ts";
import dclmPage from "../../../stages/filter/dclm-page.ts";
import dolmaC4 from "../../../stages/filter/dolma-c4.ts";
import repeatedParts from "../../../stages/filter/repeated-parts.ts";
import unigram from "../../../stages/filter/unigram-log-probability.ts";
import { batchOf, batchOfRows } from "../../batch-of.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";
import { digest } from "./golden.ts";
import { MAX_DCLM_CHARS, pageGolden, pageTexts } from "./page-golden.ts";
import { applyAll, applyFilter } from "./run.ts";

const resources = { ...NO_RESOURCES, assets: LOCAL_ASSETS };
const inline = (text: string) => `data:,${encodeURIComponent(text)}`;

test("C4 paragraphs: datatrove's decisions", () => {
  const dropped = applyFilter(c4Paragraphs, {}, batchOf(pageTexts));
  assert.equal(pageTexts.map((_, row) => (dropped.has(row) ? "X" : ".")).join(""), pageGolden.c4_paragraphs);
});

test("C4 bad words: datatrove's decisions, in seven languages", () => {
  const { lists, texts, drops } = pageGolden.bad_words;
  const rows = texts.map(([language, text]) => ({ language, text }));
  const options = {
    lists: Object.fromEntries(Object.entries(lists).map(([language, words]) => [language, inline(words)])),
    language_column: "language",
  };
  const dropped = applyFilter(badWords, options, batchOfRows(rows), resources);
  const ours = rows.map((_, row) => (dropped.has(row) ? "X" : "."));
  for (const [row, { text }] of rows.entries()) assert.equal(ours[row], drops[row], JSON.stringify(text));
});

test("C4 bad words: what stays by chance depends on the row alone", () => {
  const rows = Array.from({ length: 2000 }, () => "bilge");
  const options = { lists: { en: inline("bilge") }, keep_ratio: 0.25 };
  const whole = applyFilter(badWords, options, batchOf(rows), resources);
  assert.ok(Math.abs(whole.size / rows.length - 0.75) < 0.04, `${whole.size} go`);
  // Rows that others dropped before draw nothing away from those behind them.
  const batch = batchOf(rows);
  for (let row = 0; row < rows.length; row += 3) batch.alive.clear(row);
  const rest = applyFilter(badWords, options, batch, resources);
  assert.deepEqual(
    [...rest.keys()],
    [...whole.keys()].filter((row) => row % 3 !== 0),
  );
  const more = applyFilter(badWords, { ...options, keep_ratio: 0.5 }, batchOf(rows), resources);
  assert.ok(
    [...more.keys()].every((row) => whole.has(row)),
    "what a share keeps, a larger one keeps too",
  );
});

test("C4 bad words: a language without a list ends the run and says what to do", () => {
  const batch = batchOfRows([{ text: "Ahoy", language: "de" }]);
  const options = { lists: { en: inline("bilge") }, language_column: "language" };
  assert.throws(
    () => applyFilter(badWords, options, batch, resources),
    /met a text in `de` and has lists for en alone[\s\S]*add `de: ldnoobw`[\s\S]*LDNOOBW\/.*\/de/,
  );
  const published = badWords.options.parse({ lists: { "fr-CA-u-sd-caqc": "ldnoobw", en: "ldnoobw" } });
  assert.match(JSON.stringify(published), /25e679f03d96baa721cde20db9944649e8d0a844\/en/);
  assert.throws(() => badWords.options.parse({ lists: { xx: "ldnoobw" } }), /has lists for ar, cs/);
  assert.throws(() => applyFilter(badWords, { lists: { en: inline("\n \n") } }, batchOf(["a"]), resources), /no words/);
});

test("unigram: datatrove's means to the last digits, and its decision", () => {
  const { table, means } = pageGolden.unigram;
  const options = { frequencies: inline(table), words: "spacy-en" };
  const seen = applyFilter(unigram, { ...options, min_log_probability: 1000 }, batchOf(pageTexts), resources);
  for (const [row, mean] of means.entries()) {
    const ours = seen.get(row)?.value ?? Number.NaN;
    assert.ok(Math.abs(ours - mean) <= 1e-12 * Math.abs(mean), `${ours}, not ${mean}: ${pageTexts[row]?.slice(0, 80)}`);
  }
  const dropped = applyFilter(unigram, options, batchOf(pageTexts), resources);
  assert.deepEqual(
    [...dropped.keys()],
    [...means.keys()].filter((row) => (means[row] ?? 0) <= -10),
  );
});

test("unigram: a file that is no table is refused by what is wrong with it", () => {
  for (const [file, message] of [
    ["a,b\nx,1", /does not name the columns `word` and `count`/],
    ["word,count\nthe,many", /line 2 has no word with a whole number/],
    ['word,count\nthe,1\n"a",2', /line 3 has a field in quotes/],
    ["word,count\n", /no word has a count/],
  ] as const) {
    assert.throws(() => applyFilter(unigram, { frequencies: inline(file) }, batchOf(["a"]), resources), message);
  }
});

test("Dolma's Gopher tagger: its numbers, bit for bit", () => {
  const measures = new DolmaMeasures();
  for (const [row, text] of pageTexts.entries()) {
    const bytes = Buffer.from(text);
    const wanted = pageGolden.dolma.gopher[row];
    measures.measure(bytes, 0, bytes.length);
    const words = Math.max(measures.words, 1);
    const ours = [measures.words, measures.medianWordLength, measures.symbolWords / words];
    ours.push(measures.alphabeticWords / words, measures.requiredWords);
    // The tagger has no lines in an empty text; here one, which is empty.
    ours.push(measures.bulletLines / measures.lines, measures.ellipsisLines / measures.lines);
    ours.push(measures.duplicateLines / measures.lines, measures.duplicateLineChars / Math.max(measures.chars, 1));
    for (let n = 2; n <= 10; n++) {
      measures.nextNgrams();
      ours.push(n <= 4 ? measures.topNgramRatio() : measures.duplicateNgramRatio());
    }
    assert.deepEqual(ours, wanted, JSON.stringify(text.slice(0, 200)));
  }
});

/** The longest texts are empty here, as they were for DCLM. */
const dclmTexts = pageTexts.map((text) => ([...text].length < MAX_DCLM_CHARS ? text : ""));

/** A reason for each text, or `=` and the digest of what is left of it. */
function outcomes(
  stage: StageDefinition,
  options: Readonly<Record<string, unknown>>,
  given: readonly string[] = dclmTexts,
): string[] {
  const { dropped, texts } = applyAll(stage, options, batchOf(given), resources);
  return texts.map((text, row) => dropped.get(row)?.reason ?? `=${digest(text)}`);
}

function assertEqualByText(ours: readonly (string | null)[], wanted: readonly (string | null)[]): void {
  for (const [row, text] of pageTexts.entries()) assert.equal(ours[row], wanted[row], JSON.stringify(text.slice(-400)));
}

test("Dolma's C4 rules: pages that go, and what is left of the others", () => {
  const ours = outcomes(dolmaC4, { bad_words: inline("bilge\ntar barrels\n") }, pageTexts);
  // Dolma cuts the text by positions in its lower case, where U+0130 is two characters.
  const wanted = pageGolden.dolma.c4.map((outcome, row) => (pageTexts[row]?.includes("\u0130") ? ours[row] : outcome));
  assertEqualByText(ours, wanted as readonly string[]);
  assert.equal(new Set(ours.map((outcome) => outcome.slice(0, 1))).size, 5, "every outcome is met");
});

test("DCLM's pages: the first rule that fails, with and without the rules of length", () => {
  const all = applyFilter(dclmPage, {}, batchOf(dclmTexts));
  assertEqualByText(
    pageTexts.map((_, row) => all.get(row)?.reason ?? null),
    pageGolden.dclm.pages,
  );
  const off = { min_words: null, min_stop_words: null };
  const loose = applyFilter(dclmPage, off, batchOf(dclmTexts));
  // DCLM's first rule that fails in a text without words is another one: it has no reason for that.
  const ours = pageTexts.map((_, row) => loose.get(row)?.reason ?? null);
  const wanted = pageGolden.dclm.loose_pages.map((reason, row) => (ours[row] === "no_words" ? "no_words" : reason));
  assertEqualByText(ours, wanted);
  const met = new Set([...ours, ...pageTexts.map((_, row) => all.get(row)?.reason ?? null)]);
  assert.ok(met.size > 14, `${met.size} outcomes are met`);
});

test("DCLM's lines: what is left, and pages that lose too much", () => {
  const ours = outcomes(dclmLines, {});
  assertEqualByText(ours, pageGolden.dclm.lines);
});

test("DCLM's within-page deduplication of lines", () => {
  assertEqualByText(
    outcomes(repeatedParts, {}),
    pageGolden.dclm.deduped_lines.map((wanted) => `=${wanted}`),
  );
});

test("UAX #29: uniseg's words", () => {
  const spans = new WordRanges();
  for (const [row, text] of dclmTexts.entries()) {
    const bytes = Buffer.from(text);
    segmentUax29(bytes, 0, bytes.length, spans);
    const words = Array.from({ length: spans.count }, (_, i) => bytes.toString("utf8", spans.starts[i], spans.ends[i]));
    const wanted = pageGolden.dclm.uax29[row] ?? [0, ""];
    assert.deepEqual(
      [words.length, digest(words.join("\n"))],
      [...wanted],
      `${JSON.stringify(text.slice(0, 300))}: ${words.join("|").slice(0, 600)}`,
    );
  }
});
