/**
 * Every source of SmolLM3's recipe that has data, read for real: a row in the columns, the format and the compression that its data set is published in. Sources that
 * say the same of the same repository are read once: languages differ in nothing a reader sees.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import { parse } from "yaml";
import { type RecipeInput, runRecipe } from "../../index.ts";
import { startFakeStore } from "../io/fake-store.ts";
import { ROOT } from "../project-root.ts";
import { temporaryFolder } from "../workers/fixture.ts";

type Row = Readonly<Record<string, unknown>>;
interface Source {
  from: string | null;
  readonly text?: string | null;
  readonly pipeline?: string;
  readonly category?: string;
  readonly available_tokens?: string;
}
interface ParsedRecipe extends Record<string, unknown> {
  readonly sources: Record<string, Source>;
  readonly pipelines: Record<string, Record<string, unknown>[]>;
}

/** Repository, folder, and what the names of files end with. */
const HUB = /^hf:\/\/datasets\/([^@]+)@([^/]+\/.*?)((?:\.[a-z]+)+)$/;
const CODE = "print('h\u00e9llo')\n";
const BLOB = createHash("sha1").update(CODE).digest("hex");
const WEB = { url: "https://a.example/", date: "2024-05-18T01:58:10Z", language: "en", language_score: 0.9 };
/** A row of each repository, with what its card says of columns; the second one only where something has to fall. */
const UPSTREAM: Readonly<Record<string, readonly Row[]>> = {
  "HuggingFaceFW/fineweb-edu": [
    { text: "Web.", id: "<urn:uuid:1>", ...WEB, dump: "d", token_count: 2, score: 3.1, int_score: 3 },
  ],
  "HuggingFaceFW/fineweb-2": [
    { text: "Web.", id: "<urn:uuid:2>", ...WEB, language_script: "Hang", minhash_cluster_size: 1 },
  ],
  "epfml/FineWeb2-HQ": [{ text: "Web.", id: "<urn:uuid:3>", ...WEB, quality_score: 0.4 }],
  "mlfoundations/dclm-baseline-1.0": [
    {
      text: "Web.",
      url: WEB.url,
      bff_contained_ngram_count_before_dedupe: 0,
      metadata: { "WARC-Type": "response" },
      warcinfo: "w",
    },
  ],
  "allenai/dolmino-mix-1124": [
    { text: "Web.", id: "4", source: "s", added: WEB.date, created: WEB.date, metadata: {}, version: "1" },
  ],
  "HuggingFaceTB/smollm-corpus": [
    { prompt: "Write.", text: "Web.", token_length: 2, audience: "a", format: "f", seed_data: "s" },
  ],
  "HuggingFaceTB/finemath": [
    { url: WEB.url, text: "Web.", metadata: "{}", score: 4.2, int_score: 4, token_count: 2, char_count: 4 },
  ],
  "LLM360/MegaMath": [{ text: "Web." }],
  "HuggingFaceTB/issues-kaggle-notebooks": [{ text: "Web." }],
  "bigcode/the-stack-v2": [
    { blob_id: BLOB, path: "/a.py", src_encoding: "ISO-8859-1", language: "Python", length_bytes: 16 },
    { blob_id: "0".repeat(40), path: "/b.py", src_encoding: "UTF-8", language: "Python", length_bytes: 1 },
  ],
  "HuggingFaceTB/stack-edu": [
    {
      blob_id: BLOB,
      language: "Python",
      repo_name: "a/b",
      path: "/a.py",
      src_encoding: "UTF-8",
      length_bytes: 16,
      int_score: 3,
    },
  ],
  "nvidia/OpenMathInstruct-2": [
    { problem: "1+1?", generated_solution: "2.", expected_answer: "2", problem_source: "math" },
  ],
  "nvidia/OpenMathReasoning": [
    {
      problem: "1+1?",
      generated_solution: "2.",
      expected_answer: "2",
      inference_mode: "cot",
      pass_rate_72b_tir: "n/a",
    },
    {
      problem: "1+1?",
      generated_solution: "Hm. ".repeat(5000),
      expected_answer: "2",
      inference_mode: "cot",
      pass_rate_72b_tir: "n/a",
    },
  ],
  "nvidia/OpenCodeReasoning": [
    { id: "5", input: "1+1?", output: "2.", source: "s", license: "cc-by-4.0", split: "train", solution: "2" },
    {
      id: "6",
      input: "1+1?",
      output: "Hm. ".repeat(5000),
      source: "s",
      license: "cc-by-4.0",
      split: "train",
      solution: "2",
    },
  ],
  "facebook/natural_reasoning": [
    {
      question: "1+1?",
      reference_answer: "2",
      responses: [
        { response_model: "m", response: "2." },
        { response_model: "n", response: "3." },
      ],
    },
    { question: "Why?", reference_answer: "", responses: [] },
  ],
};

/** Rows as a file of the kind that `from` names; a file as it lies in the repository. */
function fileOf(from: string, rows: readonly Row[]): Uint8Array {
  if (from.endsWith(".parquet")) {
    const writer = new ByteWriter();
    const columnData = Object.keys(rows[0]).map((name) => ({ name, data: rows.map((row) => row[name]) }));
    parquetWrite({ writer, columnData });
    return new Uint8Array(writer.getBuffer());
  }
  const lines = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return from.endsWith(".gz") ? gzipSync(lines) : lines;
}

test("every source that has data is read, fetched, joined and filtered as its pipeline says", async (t) => {
  const store = await startFakeStore(t, (url) =>
    url.endsWith(BLOB) ? { body: gzipSync(Buffer.from(CODE)) } : undefined,
  );
  const folder = temporaryFolder(t);
  const { sources, pipelines, name, schema } = parse(
    fs.readFileSync(path.join(ROOT, "mixtures/recipes/smollm3.yaml"), "utf8"),
  ) as ParsedRecipe;
  const released = Object.entries(sources).filter(([, { from }]) => from !== null);
  assert.equal(released.length, 70);
  /** By what a reader is told of a source, its folder and its size apart. */
  const kinds = new Map<string, [string, Source]>();
  for (const [source, given] of released) {
    const { from, category: _, available_tokens: _size, ...told } = given;
    const [, repository, , ending] = HUB.exec(from ?? "") ?? [];
    const kind = JSON.stringify([repository, ending, told]);
    if (!kinds.has(kind)) kinds.set(kind, [source, given]);
  }
  const read = [...kinds.values()];
  for (const [source, given] of read) {
    const [, repository, , ending] = HUB.exec(given.from ?? "") ?? [];
    const local = path.join(folder, source + ending.replace(".zst", ".gz"));
    fs.writeFileSync(local, fileOf(local, UPSTREAM[repository]));
    given.from = local;
  }
  for (const stage of Object.values(pipelines).flat()) {
    if (stage.use === "read/software-heritage") Object.assign(stage, { from: `${store.url}/content`, retry_ms: 1 });
    if (stage.use === "filter/length") Object.assign(stage, { tokenizer: undefined, encoding: "gpt2" });
  }
  const names = read.map(([source]) => source);
  const recipe = {
    schema,
    name,
    pipelines: JSON.parse(JSON.stringify(pipelines)) as unknown,
    sources: Object.fromEntries(read),
    outputs: names.map((source) => ({
      name: source,
      sources: [source],
      format: { use: "jsonl", codec: "none" },
      columns: ["text"],
    })),
  } as unknown as RecipeInput;
  const result = await runRecipe(recipe, { workers: 0, out: path.join(folder, "out") });

  const dropped = Object.fromEntries(
    result.sources
      .filter((account) => account.kept < account.rows_in)
      .map((account) => [account.name, account.dropped]),
  );
  const missing = { "software-heritage:missing_content": 1 };
  assert.deepEqual(dropped, {
    ...Object.fromEntries(names.filter((source) => source.startsWith("stack-v2-")).map((source) => [source, missing])),
    "openmathreasoning-4k": { "length:too_long": 1 },
    "opencodereasoning-4k": { "length:too_long": 1 },
    natural_reasoning: { "join-columns:missing_value": 1 },
  });
  assert.ok(result.sources.every(({ errors }) => Object.keys(errors).length === 0));
  const textOf = (source: string): string => {
    const output = path.join(folder, "out/runs", name as string, "outputs", source);
    const [file] = fs.readdirSync(output).filter((entry) => entry.endsWith(".jsonl"));
    const [line] = fs.readFileSync(path.join(output, file), "utf8").split("\n");
    return (JSON.parse(line) as { text: string }).text;
  };
  for (const [source, { pipeline }] of read) {
    const expected =
      pipeline === undefined
        ? "Web."
        : pipeline === "stack-edu"
          ? CODE
          : pipeline === "the-stack-v2"
            ? Buffer.from(CODE).toString("latin1")
            : "1+1?\n2.";
    assert.equal(textOf(source), expected, source);
  }
});
