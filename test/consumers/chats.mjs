/**
 * Chats as those who train on them read them, by their own code: an output of `messages` through open-instruct, TRL, axolotl and verl, packed rows through
 * axolotl's and Megatron-Bridge's collators. Each must see the ids that we made, and train on the same of them. Not part of `npm test`.
 *
 *   npm run build && SHARDMILL_PYTHON=/path/to/python node test/consumers/chats.mjs [dist]
 *
 * Python needs a reader's packages (open-instruct and Megatron-Bridge as checkouts on PYTHONPATH; SHARDMILL_BRIDGE names the latter's `src`). A reader
 * that cannot be imported is SKIPPED with the reason. Ends with `N passed, N failed, N skipped`.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = resolve(process.argv[2] ?? join(here, "../../dist"));
const python = process.env.SHARDMILL_PYTHON ?? "python3";
const load = (path) => import(pathToFileURL(join(dist, path)).href);

const READERS = ["open_instruct", "trl", "axolotl", "axolotl_packed", "verl", "bridge"];
const PACK_SIZE = 1024;
const counts = { passed: 0, failed: 0, skipped: 0 };
await checkAll();
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;

async function checkAll() {
  const root = mkdtempSync(join(tmpdir(), "shardmill-chats-"));
  try {
    const { job, eosId, expected } = await made(root);
    for (const reader of READERS) {
      const seen = read(reader, job);
      if (seen === undefined) continue;
      try {
        assert.deepEqual(inOrder(seen), inOrder(reader === "axolotl" ? withoutLineBreaks(expected, eosId) : expected));
        counts.passed++;
        console.log(`PASSED  ${reader}: ${seen.length} chats, the same ids, the same of them trained on`);
      } catch (error) {
        counts.failed++;
        console.log(`FAILED  ${reader}: ${error.message.slice(0, 2000)}`);
      }
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Runs a recipe: what readers are given, and what they must see of it. */
async function made(root) {
  const { exportRun, openRun, runRecipe } = await load("index.js");
  const { CHATS, GOLDEN } = await load("test/runs/chat-rows.js");
  const { SHIPPED_TEMPLATES } = await load("stages/chat/shipped-templates.js");
  const chats = Object.values(CHATS).flat();
  mkdirSync(join(root, "chats"));
  writeFileSync(join(root, "chats/0.jsonl"), chats.map((messages) => `${JSON.stringify({ messages })}\n`).join(""));
  const tokenizer = join(root, "tokenizer.json");
  writeFileSync(tokenizer, readFileSync(join(GOLDEN, "tokenizer.json")));
  writeFileSync(
    join(root, "recipe.yaml"),
    `schema: 1
name: chats
seed: 5
tokenizer: { file: tokenizer.json, eos: "<|im_end|>", special_tokens: parse, append_eos: never }
pipelines:
  chat: [ { use: chat/render, template: chatml, tokenizer: tokenizer.json } ]
sources:
  chats: { from: "chats/*.jsonl", text: null, metadata: [{ name: messages, kind: json }], pipeline: chat }
training_stages:
  - { name: sft, sequence_length: ${PACK_SIZE}, pack: bfd, rows: { rule: trl, fractions: { chats: 1 } } }
outputs:
  - { name: messages, columns: [{ name: messages, type: "list<struct<content: string, role: string>>" }] }
`,
  );
  const out = join(root, "out");
  await runRecipe(join(root, "recipe.yaml"), { out, dataRoot: root });
  const run = openRun("chats", out);
  await exportRun(run, "trl", { attention_mask: true, position_ids: true });
  await exportRun(run, "megatron-bridge", {});
  const parquet = (folder) =>
    join(
      folder,
      readdirSync(folder).find((name) => name.endsWith(".parquet")),
    );
  const exports = join(out, "runs/chats/exports");
  const template = join(root, "template.jinja");
  writeFileSync(template, SHIPPED_TEMPLATES.chatml);
  const { tokenizer: told } = JSON.parse(readFileSync(join(out, "runs/chats/manifests/sft.json"), "utf8"));
  const job = {
    messages: parquet(join(out, "runs/chats/outputs/messages")),
    trl: parquet(join(exports, "trl/sft")),
    bridge: parquet(join(exports, "megatron-bridge/sft")),
    tokenizer,
    template,
    eos: "<|im_end|>",
    eos_id: told.eos.id,
    pack_size: PACK_SIZE,
  };
  return { job: write(root, job), eosId: job.eos_id, expected: await sequencesOf(job.trl) };
}

/** axolotl trains on a turn up to the token that ends it; the template's line break behind that token is not of the turn. */
function withoutLineBreaks(sequences, eosId) {
  return sequences.map(({ ids, supervised }) => ({ ids, supervised: supervised.filter((i) => ids[i - 1] !== eosId) }));
}

function write(root, job) {
  const file = join(root, "job.json");
  writeFileSync(file, JSON.stringify(job));
  return file;
}

/** The chats as they were packed, apart again. */
async function sequencesOf(parquet) {
  const { asyncBufferFromFile, parquetReadObjects } = await import("hyparquet");
  const { compressors } = await import("hyparquet-compressors");
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(parquet), compressors });
  return rows.flatMap(({ input_ids, labels, seq_lengths }) => {
    let end = 0;
    return [...seq_lengths].map((length) => {
      const start = end;
      end += Number(length);
      const supervised = [...labels.slice(start, end)].flatMap((label, i) => (Number(label) === -100 ? [] : [i]));
      return { ids: [...input_ids.slice(start, end)].map(Number), supervised };
    });
  });
}

/** What a reader sees; undefined where it cannot be imported. */
function read(reader, job) {
  const env = { ...process.env, PYTHONWARNINGS: "ignore", PYTHONDONTWRITEBYTECODE: "1", HF_HUB_OFFLINE: "1" };
  const run = spawnSync(python, [join(here, "read_chats.py"), reader, job], { maxBuffer: 2 ** 28, env });
  const said = run.error?.message ?? run.stderr.toString().trim();
  if (run.error === undefined && run.status === 0) {
    return JSON.parse(run.stdout.toString().trim().split("\n").at(-1)).sequences;
  }
  const last = said.split("\n").at(-1);
  if (run.error !== undefined || /^(ModuleNotFoundError|ImportError|StopIteration)/.test(last)) {
    counts.skipped++;
    console.log(`SKIPPED ${reader}: ${last}`);
  } else {
    counts.failed++;
    console.log(`FAILED  ${reader}: ${said.slice(-3000)}`);
  }
  return undefined;
}

function inOrder(sequences) {
  return sequences.map((one) => JSON.stringify(one)).sort();
}
