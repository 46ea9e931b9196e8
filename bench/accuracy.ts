/**
 * How exactly sketches estimate similarity, for both families of dedup/minhash, on pairs made from real texts.
 *
 *   node dist/bench/accuracy.js [--data DIR] [NAME ...] [--pairs 24000] [--megabytes 4]
 *
 * A pair is a piece of a text and a changed copy of it: words replaced here and there, cut off, put behind it, or replaced in a
 * block, so that the Jaccard similarity J of their word 5-grams, which is counted, spreads over 0.3 to 1. Estimated is J as the
 * share of equal slots, and caught is a pair with a band of equal slots. Theory: 1 - (1 - J^rows)^bands. The same pairs, from a
 * fixed seed, for both families. Exit 1 where a family is off: an error above theory's sqrt(J (1 - J) / slots), averaged and with
 * a tenth to spare, or a bias. Tables on stderr, JSON on stdout.
 */
import { parseArgs } from "node:util";
import { drawFastParameters, FastMinHash } from "../kernels/minhash/fast.ts";
import { drawPermutations } from "../kernels/minhash/permutations.ts";
import { SHINGLE_HASHES, Shingler } from "../kernels/minhash/shingles.ts";
import { MinHash } from "../kernels/minhash/signature.ts";
import { simplifyText, TextBuffer } from "../kernels/normalize.ts";
import { Mt19937 } from "../kernels/random/mt19937.ts";
import { WordRanges } from "../kernels/words/types.ts";
import { unicodeSegmenter } from "../kernels/words/unicode.ts";
import { type Corpora, readFolder, readSamples } from "./support/texts.ts";

const NGRAM = 5;
const SLOTS = 112;
const BANDINGS = [
  { bands: 14, rows: 8 },
  { bands: 16, rows: 7 },
] as const;
const SIZE_BOUNDS = [50, 200, 1000, Number.POSITIVE_INFINITY] as const;
const MIN_J = 0.3;
const BIN_WIDTH = 0.05;
const BINS = 14;
const MIN_WORDS = 20;
const MAX_WORDS = 6000;

const random = new Mt19937(5);
const uniform = () => random.nextU32() / 4294967296;
const below = (bound: number) => Math.floor(uniform() * bound);

/** Words of every text as numbers, and the words by number: both families see the same words in them. */
function readWords(corpora: Corpora): { readonly texts: readonly Int32Array[]; readonly words: string[] } {
  const numbers = new Map<string, number>();
  const normalized = new TextBuffer();
  const spans = new WordRanges();
  const texts: Int32Array[] = [];
  for (const text of [...corpora.values()].flat()) {
    simplifyText(text, 0, text.length, normalized);
    unicodeSegmenter.segment(normalized.bytes, 0, normalized.length, spans);
    if (spans.count < MIN_WORDS) continue;
    const words = new Int32Array(Math.min(spans.count, MAX_WORDS));
    for (let i = 0; i < words.length; i++) {
      const word = Buffer.from(normalized.bytes.subarray(spans.starts[i], spans.ends[i])).toString();
      let number = numbers.get(word);
      if (number === undefined) {
        number = numbers.size;
        numbers.set(word, number);
      }
      words[i] = number;
    }
    texts.push(words);
  }
  return { texts, words: [...numbers.keys()] };
}

type Change = (words: Int32Array, target: number, other: Int32Array, fresh: () => number) => Int32Array;

/** Ways to make a copy of about the target similarity. */
const CHANGES: readonly Change[] = [
  (words, target, _, fresh) => {
    const share = 1 - ((2 * target) / (1 + target)) ** (1 / NGRAM);
    return words.map((word) => (uniform() < share ? fresh() : word));
  },
  (words, target) => words.slice(0, Math.max(NGRAM, Math.round(words.length * target))),
  (words, target, other) => {
    const added = Math.round(words.length * (1 / target - 1));
    const start = below(Math.max(1, other.length - added));
    return Int32Array.from([...words, ...other.subarray(start, start + added)]);
  },
  (words, target, _, fresh) => {
    const length = Math.round(words.length * (1 - target));
    const start = below(words.length - length);
    return words.map((word, i) => (i >= start && i < start + length / 1.3 ? fresh() : word));
  },
];

/** 53 bits of every distinct 5-gram. */
function shingleSet(words: Int32Array): Set<number> {
  const shingles = new Set<number>();
  for (let first = 0; first + NGRAM <= words.length; first++) {
    let a = 0x9e3779b9;
    let b = 0x85ebca6b;
    for (let i = first; i < first + NGRAM; i++) {
      a = Math.imul(a ^ words[i] ^ (a >>> 15), 0x2c1b3c6d);
      b = Math.imul(b + words[i] + (b >>> 13), 0x297a2d39);
    }
    shingles.add((a >>> 0) * 0x20_0000 + (b >>> 11));
  }
  return shingles;
}

function jaccard(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  let common = 0;
  for (const shingle of a) if (b.has(shingle)) common++;
  return common / (a.size + b.size - common);
}

/** A signature of 112 slots, in pairs, of words joined by single spaces. */
type Sign = (text: Buffer) => Uint32Array;

function datatrove(): Sign {
  const minhash = new MinHash(drawPermutations(SLOTS, 1));
  const shingler = new Shingler(NGRAM, SHINGLE_HASHES.xxh64);
  const spans = new WordRanges();
  return (text) => {
    unicodeSegmenter.segment(text, 0, text.length, spans);
    minhash.reset();
    shingler.add(text, spans, minhash);
    minhash.finish();
    return minhash.signature.slice();
  };
}

function fast(): Sign {
  const minhash = new FastMinHash(drawFastParameters(SLOTS, 1), NGRAM);
  return (text) => {
    minhash.sketch(text, 0, text.length);
    return minhash.signature.slice();
  };
}

class Tally {
  readonly pairs = new Array<number>(SIZE_BOUNDS.length).fill(0);
  readonly squares = new Array<number>(SIZE_BOUNDS.length).fill(0);
  readonly errors = new Array<number>(SIZE_BOUNDS.length).fill(0);
  readonly caught = BANDINGS.map(() => new Array<number>(BINS).fill(0));

  add(similarity: number, size: number, a: Uint32Array, b: Uint32Array): void {
    let equal = 0;
    const runs = BANDINGS.map(() => 0);
    const hits = BANDINGS.map(() => false);
    for (let slot = 0; slot < SLOTS; slot++) {
      const agrees = a[2 * slot] === b[2 * slot] && a[2 * slot + 1] === b[2 * slot + 1];
      if (agrees) equal++;
      BANDINGS.forEach(({ rows }, i) => {
        runs[i] = agrees ? (slot % rows === 0 ? 1 : runs[i] + 1) : 0;
        if (slot % rows === rows - 1 && runs[i] === rows) hits[i] = true;
      });
    }
    const error = equal / SLOTS - similarity;
    const sizeClass = SIZE_BOUNDS.findIndex((bound) => size < bound);
    this.pairs[sizeClass]++;
    this.squares[sizeClass] += error * error;
    this.errors[sizeClass] += error;
    hits.forEach((hit, i) => {
      if (hit) this.caught[i][binOf(similarity)]++;
    });
  }
}

function binOf(similarity: number): number {
  return Math.min(BINS - 1, Math.floor((similarity - MIN_J) / BIN_WIDTH));
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    pairs: { type: "string", default: "24000" },
    megabytes: { type: "string", default: "4" },
  },
});
const maxBytes = Number(values.megabytes) * 1e6;
const corpora =
  values.data === undefined ? await readSamples(maxBytes) : readFolder(values.data, positionals, maxBytes);
const { texts, words } = readWords(corpora);
if (texts.length === 0) throw new Error("no texts: name a folder of FILE.jsonl with --data");

const families = { datatrove: { sign: datatrove(), tally: new Tally() }, fast: { sign: fast(), tally: new Tally() } };
const binPairs = new Array<number>(BINS).fill(0);
const theory = BANDINGS.map(() => new Array<number>(BINS).fill(0));
const wanted = Number(values.pairs);
let variance = 0;
let made = 0;
let freshWords = 0;
const fresh = () =>
  words.push(`fresh${(freshWords++).toString(36).replaceAll(/\d/g, (digit) => "ghijklmnop"[Number(digit)])}`) - 1;
const join = (numbers: Int32Array) => Buffer.from(Array.from(numbers, (number) => words[number]).join(" "));
const known = words.length;
while (made < wanted) {
  words.length = known;
  const text = texts[below(texts.length)];
  const length = Math.min(
    text.length,
    Math.floor(MIN_WORDS * (Math.min(text.length, 3000) / MIN_WORDS) ** uniform()) + NGRAM,
  );
  const start = below(text.length - length + 1);
  const original = text.subarray(start, start + length);
  const change = CHANGES[below(CHANGES.length)];
  const copy = change(original, MIN_J + (1 - MIN_J) * uniform(), texts[below(texts.length)], fresh);
  const sets = [shingleSet(original), shingleSet(copy)];
  const similarity = jaccard(sets[0], sets[1]);
  if (sets[0].size === 0 || sets[1].size === 0 || similarity < MIN_J) continue;
  made++;
  variance += (similarity * (1 - similarity)) / SLOTS;
  binPairs[binOf(similarity)]++;
  BANDINGS.forEach(({ bands, rows }, i) => {
    theory[i][binOf(similarity)] += 1 - (1 - similarity ** rows) ** bands;
  });
  const pair = [join(original), join(copy)];
  for (const { sign, tally } of Object.values(families)) {
    tally.add(similarity, Math.min(sets[0].size, sets[1].size), sign(pair[0]), sign(pair[1]));
  }
}

const shares = (counts: readonly number[]) => counts.map((count, bin) => count / Math.max(1, binPairs[bin]));
const expected = Math.sqrt(variance / made);
const results = Object.entries(families).map(([family, { tally }]) => ({
  family,
  pairs_by_size: tally.pairs,
  rmse_by_size: tally.squares.map((square, i) => Math.sqrt(square / Math.max(1, tally.pairs[i]))),
  bias_by_size: tally.errors.map((error, i) => error / Math.max(1, tally.pairs[i])),
  rmse: Math.sqrt(sum(tally.squares) / made),
  bias: sum(tally.errors) / made,
  caught: tally.caught.map(shares),
}));
const cells = (numbers: readonly number[], digits: number) =>
  numbers.map((n) => n.toFixed(digits).padStart(8)).join("");
process.stderr.write(`${made} pairs of ${texts.length} texts; error of J by size of the smaller set, and over all\n`);
process.stderr.write(
  `${"".padEnd(18)}${["< 50", "< 200", "< 1000", ">= 1000", "all", "bias"].map((h) => h.padStart(8)).join("")}\n`,
);
for (const { family, rmse_by_size, rmse, bias } of results) {
  process.stderr.write(`${family.padEnd(18)}${cells([...rmse_by_size, rmse, bias], 4)}\n`);
}
process.stderr.write(`${"theory".padEnd(18)}${" ".repeat(32)}${cells([expected], 4)}\n`);
BANDINGS.forEach(({ bands, rows }, i) => {
  const starts = binPairs.map((_, bin) => MIN_J + BIN_WIDTH * bin);
  process.stderr.write(`\n${`caught ${bands} x ${rows}, J`.padEnd(18)}${cells(starts, 2)}\n`);
  process.stderr.write(`${"theory".padEnd(18)}${cells(shares(theory[i]), 2)}\n`);
  for (const { family, caught } of results) process.stderr.write(`${family.padEnd(18)}${cells(caught[i], 2)}\n`);
});
process.stdout.write(
  `${JSON.stringify({ pairs: made, theory_rmse: expected, bin_pairs: binPairs, theory: theory.map(shares), results }, null, 2)}\n`,
);
if (results.some(({ rmse, bias }) => rmse > 1.1 * expected || Math.abs(bias) > 0.005)) process.exitCode = 1;
