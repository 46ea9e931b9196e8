/** dedup/bloom: whole runs against the rules of DCLM's filter told again with a set in the place of the filter. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { prepare, run } from "../../index.ts";
import { WordRanges } from "../../kernels/words/types.ts";
import { segmentWordBounds } from "../../kernels/words/word-bounds.ts";
import bloom from "../../stages/dedup/bloom.ts";
import { article, randomizer, sentence, temporaryFolder, treeDigests } from "./fixture.ts";

type Unit = "paragraph" | "document" | "both";

function ngramsOf(text: string, n: number, min: number): string[] {
  const bytes = Buffer.from(text);
  const ranges = new WordRanges();
  segmentWordBounds(bytes, 0, bytes.length, ranges);
  const words = Array.from({ length: ranges.count }, (_, i) =>
    bytes.toString("utf8", ranges.starts[i], ranges.ends[i]),
  );
  if (words.length < min || words.length === 0) return [];
  if (words.length < n) return [words.join("\0")];
  return Array.from({ length: words.length - n + 1 }, (_, i) => words.slice(i, i + n).join("\0"));
}

/** What is left of texts that come in this order; null of one that goes. */
function filtered(texts: readonly string[], unit: Unit, n: number, min: number, ratio: number): (string | null)[] {
  const seen = new Set<string>();
  return texts.map((text) => {
    const units = unit === "document" ? [text] : text.split(/(?=\n)/);
    let [rowSeen, rowAll] = [0, 0];
    const kept = units.filter((each) => {
      const grams = ngramsOf(each, n, min);
      const known = grams.filter((gram) => seen.has(gram)).length;
      rowSeen += known;
      rowAll += grams.length;
      if (known / grams.length > ratio) return false;
      for (const gram of grams) seen.add(gram);
      return true;
    });
    if (unit === "both" && rowSeen / rowAll > ratio) return null;
    const left = kept.join("");
    return left.trim() === "" && kept.length < units.length ? null : left;
  });
}

/** Texts that say again what others said: whole, in part, slightly otherwise. */
function textsOf(count: number): string[] {
  const random = randomizer(11);
  const texts: string[] = [];
  for (let i = 0; i < count; i++) {
    const fresh = article(random, 1 + random(8));
    const old = i > 5 ? texts[random(i)] : fresh;
    const lines = old.split("\n");
    const partly = [sentence(random, 9), ...lines.slice(random(lines.length)), "}", sentence(random, 12)].join("\n");
    texts.push([fresh, fresh, old, partly, `${old} And more than that.`, `\n${fresh}\n\n`][random(6)]);
  }
  return texts;
}

interface Built {
  readonly texts: Map<string, string>;
  readonly store: Record<string, string>;
}

async function build(
  t: TestContext,
  texts: readonly string[],
  stages: string,
  workers = 0,
  span_bytes = 700,
): Promise<Built> {
  const root = temporaryFolder(t);
  const half = Math.floor(texts.length / 2);
  for (const [name, from, to] of [
    ["a", 0, half],
    ["b", half, texts.length],
  ] as const) {
    fs.mkdirSync(path.join(root, name));
    for (const [shard, size] of [
      [0, Math.floor((to - from) / 3)],
      [1, to - from],
    ] as const) {
      const first = shard === 0 ? from : from + Math.floor((to - from) / 3);
      const lines = texts.slice(first, from + size).map((text, i) => JSON.stringify({ id: `${first + i}`, text }));
      fs.writeFileSync(path.join(root, name, `${shard}.jsonl`), `${lines.join("\n")}\n`);
    }
  }
  const recipe = `schema: 1
name: said
pipelines:
  all: [ ${stages} ]
sources:
  a: { from: "a/*.jsonl", pipeline: all }
  b: { from: "b/*.jsonl", pipeline: all }
outputs:
  - { name: rows, sources: [a, b], format: { use: jsonl, codec: none } }
`;
  fs.writeFileSync(path.join(root, "said.yaml"), recipe);
  const out = path.join(root, "out");
  const { plan, environment, registry } = await prepare(path.join(root, "said.yaml"), { out, dataRoot: root });
  await run(plan, { root: out, environment, registry, workers, span_bytes });
  const folder = path.join(out, "runs/said/outputs/rows");
  const rows = fs
    .readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
    .flatMap((name) => fs.readFileSync(path.join(folder, name), "utf8").split("\n").slice(0, -1))
    .map((line) => JSON.parse(line) as { id: string; text: string });
  return {
    texts: new Map(rows.map(({ id, text }) => [id, text])),
    store: treeDigests(folder, (file) => file.endsWith(".jsonl")),
  };
}

function expect(texts: readonly (string | null)[]): Map<string, string> {
  return new Map(texts.flatMap((text, i) => (text === null ? [] : [[`${i}`, text] as const])));
}

const TEXTS = textsOf(60);

for (const unit of ["paragraph", "document", "both"] as const) {
  test(`${unit}: what is left is what one thread with a set leaves, over all spans of both sources`, async (t) => {
    const options = `ngram: 5, min_words: 3, max_seen_ratio: 0.6, max_false_positive_ratio: 1.0e-9, scope: pipeline`;
    const { texts } = await build(t, TEXTS, `{ use: dedup/bloom, unit: ${unit}, ${options} }`);
    const expected = expect(filtered(TEXTS, unit, 5, 3, 0.6));
    assert.ok(expected.size < TEXTS.length - 10);
    assert.deepEqual(texts, expected);
  });
}

test("the same bytes for other workers and spans, false positives among them; rows that fell earlier are not remembered", async (t) => {
  const stages = `{ use: dedup/exact, scope: pipeline }, { use: dedup/bloom, ngram: 4, min_words: 2, max_false_positive_ratio: 0.4, scope: pipeline }`;
  const one = await build(t, TEXTS, stages);
  const two = await build(t, TEXTS, stages, 2, 5000);
  assert.deepEqual(one.store, two.store);
  const firsts = TEXTS.map((text, i) => (TEXTS.indexOf(text) === i ? text : ""));
  const strict = await build(t, TEXTS, stages.replace("0.4", "1.0e-9"));
  assert.deepEqual(
    strict.texts,
    new Map([...expect(filtered(firsts, "both", 4, 2, 0.8))].filter(([, text]) => text !== "")),
  );
  assert.notDeepEqual(strict.store, one.store);
});

test("eleven texts, of which an exact copy, a cut one and one with two words more go", async (t) => {
  const random = randomizer(3);
  const eight = Array.from({ length: 8 }, () => sentence(random, 60));
  const texts = [...eight, eight[2], eight[5].slice(0, -40), `${eight[7]} Said again.`];
  const { texts: left } = await build(
    t,
    texts,
    "{ use: dedup/bloom, unit: document, expected_ngrams: 866, max_false_positive_ratio: 0.0108, scope: pipeline }",
  );
  assert.deepEqual([...left.keys()], ["0", "1", "2", "3", "4", "5", "6", "7"]);
});

test("a filter that does not fit is refused before and while it runs, and so is one that became too full", async (t) => {
  const parsed = bloom.options.safeParse({ expected_ngrams: 1e12, max_false_positive_ratio: 0.01 });
  assert.match(String(parsed.error), /1000000000000 n-grams at 0.01 need a filter of 11\d{11} bytes/);
  assert.match(String(bloom.options.safeParse({ min_words: 20 }).error), /min_words is more than ngram/);
  await assert.rejects(
    build(
      t,
      TEXTS,
      "{ use: dedup/bloom, ngram: 2, min_words: 2, max_false_positive_ratio: 1.0e-9, max_memory_bytes: 4096 }",
    ),
    /needs \d+ bytes, and max_memory_bytes is 4096/,
  );
  await assert.rejects(
    build(
      t,
      TEXTS,
      "{ use: dedup/bloom, ngram: 2, min_words: 2, expected_ngrams: 10, max_false_positive_ratio: 0.001 }",
    ),
    /was made for 10 n-grams and has more/,
  );
});
