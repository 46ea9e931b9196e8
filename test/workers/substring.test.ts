/** Substrings through whole runs: what is left of the rows is what a suffix array says, however the work is cut. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { get_encoding } from "tiktoken";
import { openRun, prepare, run, verifyRun } from "../../index.ts";
import type { Plan } from "../../plan/plan.ts";
import { duplicateFragments } from "../kernels/substring/oracle.ts";
import { article, randomizer, temporaryFolder } from "./fixture.ts";

const LENGTH = 60;
const RECIPE = `schema: 1
name: rows
pipelines:
  all:
    - { use: dedup/exact, scope: pipeline }
    - { use: dedup/substring, scope: pipeline, length: ${LENGTH}, min_left: 12 }
sources:
  web: { from: "web.jsonl", pipeline: all }
  code: { from: "code.jsonl", pipeline: all }
outputs:
  - { name: rows, sources: [web, code], format: { use: jsonl, codec: none }, shard_bytes: 10M, keep_dropped: true }
`;

interface Row {
  readonly id: string;
  readonly text: string;
}

/** Rows that have passages in common, with runs of one letter, copies and characters of several bytes. */
function rowsOf(source: string, seed: number): Row[] {
  const random = randomizer(seed);
  const shared = randomizer(5);
  const passages = Array.from({ length: 6 }, () => `${article(shared, 2)} – 世界 naïve ${"=".repeat(90)}\n`);
  const rows: Row[] = [];
  for (let i = 0; i < 24; i++) {
    const own = article(random, 1 + random(3));
    const passage = passages[random(passages.length)].slice(random(30));
    const text = [own, `${own}\n${passage}`, `${passage}${own}`, passage, rows[random(5)]?.text ?? own][random(5)];
    rows.push({ id: `${source}-${i}`, text });
  }
  return rows;
}

/** Bytes of fragments that are duplicates go, but for characters that would be torn. */
function expected(rows: readonly Row[]): { kept: Row[]; fell: Map<string, string>; cut_bytes: number } {
  const fell = new Map<string, string>();
  const texts = new Set<string>();
  const distinct = rows.filter(({ id, text }) => {
    if (texts.has(text)) fell.set(id, "duplicate");
    return !texts.has(text) && texts.add(text);
  });
  const documents = distinct.map(({ text }) => Buffer.from(text));
  const marks = duplicateFragments(documents, LENGTH);
  let cut_bytes = 0;
  const kept = distinct.flatMap(({ id }, index): Row[] => {
    const bytes = documents[index];
    const goes = new Uint8Array(bytes.length);
    marks[index].forEach((mark, start) => {
      if (mark === 1) goes.fill(1, start, start + LENGTH);
    });
    for (let from = 0; from < bytes.length; from++) {
      if (goes[from] === 0 || goes[from - 1] === 1) continue;
      let to = goes.indexOf(0, from);
      if (to < 0) to = bytes.length;
      for (let at = from; at < to && (bytes[at] & 0xc0) === 0x80; at++) goes[at] = 0;
      for (let at = to; at > from && at < bytes.length && (bytes[at] & 0xc0) === 0x80; at--) goes[at - 1] = 0;
    }
    const left = Buffer.from(bytes.filter((_, at) => goes[at] === 0)).toString();
    const cut = bytes.length - Buffer.byteLength(left);
    cut_bytes += cut;
    if (cut > 0 && left.trim() === "") fell.set(id, "nothing_left");
    else if (cut > 0 && Buffer.byteLength(left) < 12) fell.set(id, "too_little_left");
    return fell.has(id) ? [] : [{ id, text: left }];
  });
  return { kept, fell, cut_bytes };
}

interface Variant {
  readonly workers: number;
  readonly span_bytes: number;
  readonly partitions: number;
  readonly match_memory_bytes: number;
}

/** The plan with other partitions than the size of its input asks for. */
function partitioned(plan: Plan, partitions: number): Plan {
  const groups = plan.groups.map((group) => ({ ...group, partitions }));
  const sources = plan.sources.map((source) => ({
    ...source,
    barriers: source.barriers.map((barrier) => ({ ...barrier, partitions })),
  }));
  return { ...plan, groups, sources };
}

async function outcome(t: TestContext, root: string, variant: Variant) {
  const out = temporaryFolder(t);
  const { plan, environment, registry } = await prepare(path.join(root, "rows.yaml"), { out, dataRoot: root });
  const { partitions, ...options } = variant;
  await run(partitioned(plan, partitions), { root: out, environment, registry, ...options });
  const left = fs.readdirSync(path.join(out, "store"), { recursive: true, encoding: "utf8" });
  assert.ok(left.some((name) => name.endsWith(".duplicates")) && !left.some((name) => name.endsWith(".contexts")));
  assert.deepEqual(await verifyRun(openRun("rows", out)), []);
  const folder = path.join(out, "runs", "rows", "outputs", "rows");
  const files = fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".jsonl"));
  const rows = (isDropped: boolean) =>
    files
      .filter((name) => name.includes("dropped") === isDropped)
      .flatMap((name) => fs.readFileSync(path.join(folder, name), "utf8").split("\n").filter(Boolean))
      .map((line) => JSON.parse(line));
  const summaries = fs.readdirSync(folder).filter((name) => name.endsWith(".json"));
  const summary = summaries.map((name) => JSON.parse(fs.readFileSync(path.join(folder, name), "utf8")));
  return { kept: rows(false), dropped: rows(true), summary };
}

test("a run leaves what a suffix array leaves, with any workers, spans, partitions and memory", async (t) => {
  const root = temporaryFolder(t);
  const sources = [rowsOf("web", 1), rowsOf("code", 2)];
  const lines = (rows: readonly Row[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  fs.writeFileSync(path.join(root, "web.jsonl"), lines(sources[0]));
  fs.writeFileSync(path.join(root, "code.jsonl"), lines(sources[1]));
  fs.writeFileSync(path.join(root, "rows.yaml"), RECIPE);
  const wanted = expected(sources.flat());
  const reasons = [...wanted.fell.values()];
  for (const reason of ["duplicate", "nothing_left"]) assert.ok(reasons.includes(reason), reason);
  for (const variant of [
    { workers: 0, span_bytes: 1 << 20, partitions: 1, match_memory_bytes: 1 << 26 },
    { workers: 2, span_bytes: 3000, partitions: 7, match_memory_bytes: 2000 },
    { workers: 0, span_bytes: 9000, partitions: 31, match_memory_bytes: 1 << 20 },
  ]) {
    const { kept, dropped, summary } = await outcome(t, root, variant);
    assert.deepEqual(
      kept.map(({ id, text }: Row) => ({ id, text })),
      wanted.kept,
    );
    assert.equal(dropped.length, wanted.fell.size);
    const edits = summary.flatMap((each) => each.sources.flatMap((source: { edits?: object[] }) => source.edits ?? []));
    const bytes = edits.reduce((sum: number, each: { bytes: number }) => sum + each.bytes, 0);
    assert.equal(bytes, wanted.cut_bytes);
    assert.ok(edits.every((each: { clusters: number; members: number }) => each.members > each.clusters));
  }
});

/** The text without the tokens all of whose fragments are duplicates, with a newline where something went out of the middle. */
function withoutTokens(texts: readonly string[], length: number): string[] {
  const encoding = get_encoding("gpt2");
  const seen = new Map<string, [number, number]>();
  const left = texts.map((text, row) => {
    const ids = [...encoding.encode_ordinary(text)];
    const fragments = Math.max(0, ids.length - length + 1);
    const isCopy = Array.from({ length: fragments }, (_, at) => {
      const name = ids.slice(at, at + length).join();
      const [firstRow, firstAt] = seen.get(name) ?? [row, at];
      if (!seen.has(name)) seen.set(name, [row, at]);
      return firstRow !== row || firstAt + length <= at;
    });
    const stays = ids.map((_, at) => {
      const own = isCopy.slice(Math.max(0, at - length + 1), at + 1);
      return own.length === 0 || own.includes(false);
    });
    let out = "";
    ids.forEach((id, at) => {
      if (!stays[at]) return;
      const bytes = encoding.decode_single_token_bytes(id);
      if (at > 0 && !stays[at - 1] && out !== "") out += "\n";
      out += Buffer.from(bytes).toString("latin1");
    });
    return Buffer.from(out, "latin1").toString();
  });
  encoding.free();
  return left;
}

test("tokens: whole runs stay once, newlines stand where something went", async (t) => {
  const root = temporaryFolder(t);
  const rows = rowsOf("web", 3);
  fs.writeFileSync(path.join(root, "web.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const options = "unit: tokens, encoding: gpt2, length: 12, keep: whole, join: newline";
  fs.writeFileSync(
    path.join(root, "rows.yaml"),
    `schema: 1\nname: rows\npipelines: { all: [ { use: dedup/substring, ${options} } ] }\nsources: { web: { from: web.jsonl, pipeline: all } }\noutputs: [ { name: rows, sources: [web], format: { use: jsonl, codec: none } } ]\n`,
  );
  const expectedTexts = withoutTokens(
    rows.map(({ text }) => text),
    12,
  );
  const variant = { workers: 0, span_bytes: 4000, partitions: 3, match_memory_bytes: 1 << 20 };
  const { kept } = await outcome(t, root, variant);
  assert.deepEqual(
    kept.map(({ id, text }: Row) => ({ id, text })),
    rows.flatMap(({ id }, row) => (expectedTexts[row].trim() === "" ? [] : [{ id, text: expectedTexts[row] }])),
  );
  assert.ok(expectedTexts.some((text, row) => text !== rows[row].text && text !== ""));
});
