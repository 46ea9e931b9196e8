import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { prepare, type RunResult, run, ShardmillError } from "../../index.ts";
import { blockEncoder } from "../../io/codecs/encoder.ts";
import { TOKENIZER, temporaryFolder } from "./fixture.ts";

const SAMPLES = path.resolve("..", "shared", "samples");
const GOOD = `${JSON.stringify({ text: "a good row of text" })}\n`;

/** A recipe that reads `files` with `source` options and asks for as little as it can. */
function recipe(source: string, sequence_length = 4): string {
  return `schema: 1
name: bad
seed: 1
tokenizer: ${TOKENIZER}
sources: { s: { ${source} } }
training_stages: [ { name: only, tokens: ${2 * sequence_length}, sequence_length: ${sequence_length}, weights: { s: 1 } } ]
limits: { max_epochs: 100 }
`;
}

interface Case {
  readonly name: string;
  readonly file: string;
  readonly bytes: Uint8Array | string;
  /** Source keys beside `from`. */
  readonly source?: string;
  readonly code: string;
  readonly message: RegExp;
}

function compressed(name: string): Uint8Array {
  return fs.readFileSync(path.join(process.cwd(), "test/golden/compressed", name));
}

const utf16 = Buffer.from(`\uFEFF${GOOD}`, "utf16le");
const zstdFrame = Buffer.from("KLUv/SQhCQEAeyJ0ZXh0IjoiYSBnb29kIHJvdyBvZiB0ZXh0In0K", "base64");

const CASES: readonly Case[] = [
  {
    name: "truncated gzip",
    file: "a.jsonl.gz",
    bytes: gzipSync(GOOD.repeat(50)).subarray(0, 40),
    code: "data/truncated-gzip",
    message: /a\.jsonl\.gz/,
  },
  {
    name: "corrupt gzip",
    file: "a.jsonl.gz",
    bytes: flip(gzipSync(GOOD.repeat(50)), 30),
    code: "data/corrupt-gzip",
    message: /a\.jsonl\.gz/,
  },
  {
    name: "truncated zstd",
    file: "a.jsonl.zst",
    bytes: zstdFrame.subarray(0, 20),
    code: "data/truncated-zstd",
    message: /a\.jsonl\.zst/,
  },
  {
    name: "not what the extension says",
    file: "a.jsonl",
    bytes: gzipSync(GOOD),
    code: "data/wrong-codec",
    message: /gzip/,
  },
  {
    name: "bzip2 under another name",
    file: "a.jsonl",
    bytes: compressed("runs.bz2"),
    code: "data/wrong-codec",
    message: /are bzip2(.|\n)*\.bz2/,
  },
  {
    name: "cut bzip2",
    file: "a.jsonl.bz2",
    bytes: compressed("runs.bz2").subarray(0, 60),
    code: "data/truncated-bzip2",
    message: /a\.jsonl\.bz2/,
  },
  {
    name: "damaged xz",
    file: "a.jsonl.xz",
    bytes: flip(compressed("text.xz"), 9000),
    code: "data/corrupt-xz",
    message: /a\.jsonl\.xz/,
  },
  {
    name: "lz4",
    file: "a.jsonl",
    bytes: Uint8Array.of(4, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7),
    code: "data/unsupported-codec",
    message: /is lz4/,
  },
  {
    name: "a file that is gzip and called text",
    file: "a.txt",
    bytes: gzipSync(GOOD),
    source: "read: files",
    code: "data/invalid-utf8",
    message: /file is gzip, not text/,
  },
  { name: "UTF-16", file: "a.jsonl", bytes: utf16, code: "data/not-utf8", message: /UTF-16/ },
  {
    name: "a cut JSON line",
    file: "a.jsonl",
    bytes: `${GOOD}{"text": "cut of`,
    code: "data/bad-json",
    message: /s\/a\.jsonl#1/,
  },
  {
    name: "invalid UTF-8 in text",
    file: "a.jsonl",
    bytes: Buffer.concat([
      Buffer.from(GOOD),
      Buffer.from('{"text": "x'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}\n'),
    ]),
    code: "data/invalid-utf8",
    message: /s\/a\.jsonl#1/,
  },
  {
    name: "text that is no string",
    file: "a.jsonl",
    bytes: `${GOOD}{"text": 5}\n`,
    code: "data/text-not-string",
    message: /s\/a\.jsonl#1/,
  },
  {
    name: "a missing column",
    file: "a.csv",
    bytes: "body,id\nhello,1\n",
    code: "data/missing-column",
    message: /text.*body|body.*text/s,
  },
  {
    name: "not Parquet at all",
    file: "a.parquet",
    bytes: "hello, this is no parquet file at all",
    code: "data/bad-parquet",
    message: /a\.parquet/,
  },
  { name: "an empty Parquet file", file: "a.parquet", bytes: "", code: "data/bad-parquet", message: /a\.parquet/ },
];

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] ^= 0xff;
  return copy;
}

async function attempt(
  t: TestContext,
  name: string,
  bytes: Uint8Array | string,
  source = "",
  maxErrors = 0,
  sequence_length?: number,
): Promise<{ result: RunResult; out: string }> {
  const root = temporaryFolder(t);
  fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  fs.writeFileSync(path.join(root, name), bytes);
  fs.writeFileSync(
    path.join(root, "bad.yaml"),
    recipe(`from: ${JSON.stringify(name)}${source === "" ? "" : `, ${source}`}`, sequence_length),
  );
  const out = path.join(root, "out");
  const prepared = await prepare(path.join(root, "bad.yaml"), { out, dataRoot: root });
  const result = await run(prepared.plan, {
    root: out,
    workers: 0,
    environment: prepared.environment,
    registry: prepared.registry,
    max_errors: maxErrors,
  });
  return { result, out };
}

for (const { name, file, bytes, source, code, message } of CASES) {
  test(`${name}: ${code}`, async (t) => {
    await assert.rejects(attempt(t, file, bytes, source), (error) => {
      assert.ok(error instanceof ShardmillError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.ok(error.details.fix !== undefined, "an error without a way out");
      return true;
    });
  });
}

/** A flipped byte that ends a row's JSON in the middle of a file with a checksum at its end. */
const DAMAGED: readonly (readonly [name: string, bytes: Uint8Array, code: string])[] = [
  ["a.jsonl.gz", flip(gzipSync(GOOD.repeat(50), { level: 0 }), 60), "data/corrupt-gzip"],
  ["a.jsonl.gz", gzipSync(GOOD.repeat(50), { level: 0 }).subarray(0, 700), "data/truncated-gzip"],
  ["a.jsonl.zst", flip(blockEncoder("zstd").frame(Buffer.from(GOOD.repeat(50))), 30), "data/corrupt-zstd"],
  ["a.csv.gz", flip(gzipSync(`id,text\n${'1,"some text"\n'.repeat(50)}`, { level: 0 }), 80), "data/corrupt-gzip"],
];

for (const [name, bytes, code] of DAMAGED) {
  for (const maxErrors of [0, 1, 1000]) {
    test(`rows of a damaged ${name} (${code}) are no bad rows, --max-errors ${maxErrors}`, async (t) => {
      await assert.rejects(attempt(t, name, bytes, "", maxErrors), (error) => {
        assert.ok(error instanceof ShardmillError, String(error));
        assert.equal(error.code, code);
        assert.doesNotMatch(error.message, /max-errors/);
        return true;
      });
    });
  }
}

test("a bad row of a whole compressed shard stays a bad row", async (t) => {
  const bytes = gzipSync(`${GOOD.repeat(5)}{"text": 5}\n`);
  await assert.rejects(attempt(t, "a.jsonl.gz", bytes), { code: "data/text-not-string" });
});

test("a truncated file below a folder of any name says what it is", async (t) => {
  const name = "worker_0/part.jsonl.gz";
  const bytes = gzipSync(GOOD.repeat(50)).subarray(0, 40);
  await assert.rejects(attempt(t, name, bytes), { code: "data/truncated-gzip", message: /worker_0\/part/ });
});

test("--max-errors lets bad rows pass, counted by kind", async (t) => {
  const bytes = `${GOOD.repeat(5)}{"text": 5}\nnot json\n{"text": ""}\n{"other": 1}\n${GOOD}`;
  const { result } = await attempt(t, "a.jsonl", bytes, "", 2);
  assert.deepEqual(result.sources[0].errors, { text_not_string: 1, bad_json: 1, empty_text: 1, missing_text: 1 });
  assert.equal(result.sources[0].rows_in, 10);
  assert.equal(result.sources[0].kept, 6);
});

test("an empty file and blank lines are no rows and no errors", async (t) => {
  const root = temporaryFolder(t);
  fs.writeFileSync(path.join(root, "a.jsonl"), "");
  fs.writeFileSync(path.join(root, "b.jsonl"), `\n\n${GOOD.repeat(3)}\r\n`);
  fs.writeFileSync(path.join(root, "bad.yaml"), recipe('from: "*.jsonl"'));
  const prepared = await prepare(path.join(root, "bad.yaml"), { out: root, dataRoot: root });
  const result = await run(prepared.plan, {
    root,
    workers: 0,
    environment: prepared.environment,
    registry: prepared.registry,
  });
  assert.equal(result.sources[0].rows_in, 3);
});

test("a source without a single document says so instead of writing an empty store", async (t) => {
  await assert.rejects(attempt(t, "a.jsonl", ""), { code: "run/source-exhausted" });
});

test("a line of 60 MB is read whole", async (t) => {
  const line = `${JSON.stringify({ text: "word ".repeat(12_000_000) })}\n`;
  // Windows of four tokens would be six million.
  const { result } = await attempt(t, "a.jsonl", `${GOOD}${line}${GOOD}`, "", 0, 4096);
  assert.equal(result.sources[0].kept, 3);
  assert.ok(result.sources[0].text_bytes > 60_000_000);
});

test("every broken Parquet file of the conformance set is a named error", async (t) => {
  const folder = path.join(SAMPLES, "malformed", "parquet-bad_data");
  if (!fs.existsSync(folder)) return t.skip("../shared/samples is not there");
  for (const file of fs.readdirSync(folder).filter((name) => name.endsWith(".parquet"))) {
    await assert.rejects(attempt(t, file, fs.readFileSync(path.join(folder, file))), (error) => {
      assert.ok(error instanceof ShardmillError, `${file}: ${error}`);
      assert.match(error.code, /^data\//, file);
      assert.match(error.message, new RegExp(file.replaceAll(".", "\\.")), file);
      return true;
    });
  }
});

test("a wrong EOS is refused before any shard is opened", async (t) => {
  const root = temporaryFolder(t);
  fs.writeFileSync(path.join(root, "a.jsonl"), "this is not even JSON");
  fs.writeFileSync(path.join(root, "bad.yaml"), recipe('from: "a.jsonl"').replace("<|endoftext|>", "<|end_of_text|>"));
  await assert.rejects(prepare(path.join(root, "bad.yaml"), { out: root, dataRoot: root }), (error) => {
    assert.ok(error instanceof ShardmillError);
    assert.equal(error.code, "recipe/unknown-special-token");
    assert.match(error.message, /<\|endoftext\|>/);
    assert.match(error.message, /bad\.yaml:4:/);
    return true;
  });
});

test("a pattern that matches nothing says what it looked for", async (t) => {
  const root = temporaryFolder(t);
  fs.writeFileSync(path.join(root, "bad.yaml"), recipe('from: "data/*.jsonl"'));
  await assert.rejects(prepare(path.join(root, "bad.yaml"), { out: root, dataRoot: root }), (error) => {
    assert.ok(error instanceof ShardmillError);
    assert.equal(error.code, "recipe/no-match");
    assert.match(error.message, /data\/\*\.jsonl/);
    return true;
  });
});

test("a full disk: a clear error, no half file, and a resume once there is room", async (t) => {
  const root = temporaryFolder(t);
  const small = path.join(root, "small");
  fs.mkdirSync(small);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small]);
  if (mounted.status !== 0) return t.skip("mounting a small file system needs root");
  try {
    fs.writeFileSync(
      path.join(root, "a.jsonl"),
      `${JSON.stringify({ text: "some words of text to fill the disk with ".repeat(40) })}\n`.repeat(3000),
    );
    fs.writeFileSync(path.join(root, "bad.yaml"), recipe('from: "a.jsonl"'));
    const prepared = await prepare(path.join(root, "bad.yaml"), { out: small, dataRoot: root });
    const options = { root: small, workers: 1, environment: prepared.environment, registry: prepared.registry };
    await assert.rejects(run(prepared.plan, options), { code: "run/disk-full" });
    const halfFiles = (fs.readdirSync(small, { recursive: true }) as string[]).filter(
      (name) => /\.(tokens|ds)$/.test(name) || name.endsWith(".tmp"),
    );
    assert.deepEqual(halfFiles, []);
    spawnSync("mount", ["-o", "remount,size=64m", small]);
    const result = await run(prepared.plan, options);
    assert.equal(result.sources[0].kept, 3000);
  } finally {
    spawnSync("umount", [small]);
  }
});
