/**
 * Precision and recall of the rules of decontamination, on a labelled fixture and on clean text.
 *
 *   node dist/bench/contamination.js [--items DIR] [--hosts FILE] [--clean NAME=FILE[:SAMPLE]] … [--half] [--language zh|ja|th] [--per-suite 40] [--seed 1] [--megabytes 50]
 *
 * Items: evaluation files of DIR, the samples beside the repository by default; all of them are in the index, or with --half every second one, and the others are near misses. With --language the items
 * are sentences of that language. Documents are JSON lines with a `text`; SAMPLE is what the rules take common n-grams from, that of the first --clean for the fixture. A table on stderr, JSON on
 * stdout.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { type FixtureKind, makeFixture } from "./support/contamination.ts";
import { type Benchmark, flagged, openRule, scoreOf, writeItems } from "./support/contamination-score.ts";
import { type EvaluationItem, readEvaluationItems } from "./support/evaluation-items.ts";
import { fileAssets } from "./support/file-assets.ts";

const SAMPLES = "../shared/samples";
const MIN_HOST = 800;
const MAX_HOST = 8000;
const RULES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  cover: {},
  cover_strict: { rule: "cover_strict" },
  "ngram 8": { rule: "ngram", words: "simplified" },
  "ngram 12": { rule: "ngram", words: "simplified", ngram: 12 },
  "ngram 13": { rule: "ngram", words: "simplified", ngram: 13 },
  datatrove: { rule: "datatrove" },
  decon: { rule: "decon" },
};
const TAKES_COMMON = ["cover", "cover_strict", "decon"];
/** Characters of a word, in scripts without spaces. */
const CHARACTERS = { zh: 2, ja: 2, th: 4 } as const;

const { values } = parseArgs({
  options: {
    items: { type: "string", default: `${SAMPLES}/eval` },
    hosts: { type: "string" },
    clean: { type: "string", multiple: true, default: [] },
    half: { type: "boolean", default: false },
    language: { type: "string" },
    "per-suite": { type: "string", default: "40" },
    seed: { type: "string", default: "1" },
    megabytes: { type: "string", default: "50" },
    rules: { type: "string", default: Object.keys(RULES).join(",") },
  },
});
const maxBytes = Number(values.megabytes) * 1e6;

function* textsOf(file: string): Generator<string> {
  const bytes = readFileSync(file);
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, at);
    const end = newline < 0 ? bytes.length : newline;
    if (end > at) yield (JSON.parse(bytes.toString("utf8", at, end)) as { readonly text: string }).text;
    at = end + 1;
  }
}

function cleanTexts(file: string): Buffer[] {
  const texts: Buffer[] = [];
  let bytes = 0;
  for (const text of textsOf(file)) {
    if (bytes >= maxBytes) break;
    texts.push(Buffer.from(text, "utf8"));
    bytes += Buffer.byteLength(text);
  }
  return texts;
}

/** Pairs of sentences as questions and answers: what a language has where it has no evaluation set. */
function sentenceItems(language: string): EvaluationItem[] {
  const lines = gunzipSync(readFileSync(`${SAMPLES}/lid/lingua-sentences.${language}.txt.gz`)).toString("utf8");
  const sentences = [...new Set(lines.split("\n"))].filter((line) => line.length >= 12);
  const items: EvaluationItem[] = [];
  for (let row = 0; row + 1 < sentences.length; row += 2) {
    const [question, answer] = [sentences[row], sentences[row + 1]];
    items.push({ suite: language, row: row / 2, question, answer, passage: "", prompt: `${question}\n${answer}` });
  }
  return items;
}

const assets = fileAssets();

const { language } = values;
const items = language === undefined ? readEvaluationItems(values.items) : sentenceItems(language);
const isIndexed = ({ row }: EvaluationItem): boolean => !values.half || row % 2 === 0;
const hosts: string[] = [];
for (const text of values.hosts === undefined ? [] : textsOf(values.hosts)) {
  if (text.length > MIN_HOST && text.length < MAX_HOST && hosts.push(text) === 4000) break;
}
const fixture = makeFixture({
  items,
  isIndexed,
  hosts: hosts.length > 0 ? hosts : ["A plain text.\n\nIn two paragraphs."],
  perSuite: Number(values["per-suite"]),
  seed: Number(values.seed),
  ...(language === undefined ? {} : { charactersPerWord: CHARACTERS[language as keyof typeof CHARACTERS] }),
});
const cleans = values.clean.map((spec) => {
  const [name = "", files = ""] = spec.split("=");
  const [file = "", sample] = files.split(":");
  return { name, texts: cleanTexts(file), sample };
});
const results: Record<string, unknown> = { items: items.filter(isIndexed).length, fixture: fixture.length };
const folder = mkdtempSync(path.join(tmpdir(), "shardmill-bench-"));
try {
  const benchmarks = writeItems(folder, items.filter(isIndexed));
  for (const rule of values.rules.split(",")) results[rule] = await measure(rule, benchmarks);
} finally {
  rmSync(folder, { recursive: true });
}
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);

/** What a rule makes of the fixture, and of clean texts: documents flagged in each MB. */
async function measure(rule: string, benchmarks: readonly Benchmark[]): Promise<Record<string, unknown>> {
  const open = (sample: string | undefined) =>
    openRule(
      benchmarks,
      { ...RULES[rule], ...(sample !== undefined && TAKES_COMMON.includes(rule) ? { common: { file: sample } } : {}) },
      assets,
    );
  const rows = flagged(
    await open(cleans[0]?.sample),
    fixture.map(({ text }) => text),
  );
  const score = scoreOf(fixture, rows);
  const clean: Record<string, number> = {};
  for (const { name, texts, sample } of cleans) {
    const bytes = texts.reduce((sum, text) => sum + text.length, 0);
    clean[name] = rounded((flagged(await open(sample), texts).size / bytes) * 1e6, 100);
  }
  const kinds = Object.fromEntries([...score.kinds].map(([kind, share]) => [kind, Math.round(100 * share)]));
  const told = { ...kinds, ...clean, P: rounded(score.precision, 1000), R: rounded(score.recall, 1000) };
  process.stderr.write(
    `${rule.padEnd(14)}${Object.entries(told)
      .map(([name, figure]) => `${name} ${figure}`)
      .join(" | ")}\n`,
  );
  return {
    percent_flagged: kinds as Record<FixtureKind, number>,
    flagged_per_mb: clean,
    precision: told.P,
    recall: told.R,
  };
}

function rounded(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
