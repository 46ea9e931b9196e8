/** The chats that TRL's goldens were made of, as sources of a run: text with its template, and masks that follow the same markers. */
import fs from "node:fs";
import path from "node:path";

interface Message {
  readonly role: string;
  readonly content: string;
}
type Chats = Readonly<Record<string, readonly (readonly Message[])[]>>;

export const GOLDEN = path.resolve("test/golden/rows");
export const CHATS: Chats = JSON.parse(fs.readFileSync(path.join(GOLDEN, "chats.json"), "utf8"));

/** The template that the golden was made with; the EOS that ends a chat is put there by the tokenizer. */
function rendered(messages: readonly Message[]): string {
  const turns = messages.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>`);
  return turns.join("\n").slice(0, -"<|im_end|>".length);
}

/** Each source in two files, so that addresses have shards. */
export function writeChats(root: string): void {
  for (const [name, chats] of Object.entries(CHATS)) {
    fs.mkdirSync(path.join(root, name), { recursive: true });
    const half = Math.ceil(chats.length / 2);
    for (const [file, part] of [chats.slice(0, half), chats.slice(half)].entries()) {
      const lines = part.map((messages) => `${JSON.stringify({ text: rendered(messages) })}\n`);
      fs.writeFileSync(path.join(root, name, `${file}.jsonl`), lines.join(""));
    }
  }
  fs.copyFileSync(path.join(GOLDEN, "tokenizer.json"), path.join(root, "tokenizer.json"));
}

export function recipeOf(stages: readonly string[], more = ""): string {
  return `schema: 1
name: chats
seed: 5
tokenizer: { file: tokenizer.json, eos: "<|im_end|>", special_tokens: parse }
pipelines:
  chat: [ { use: annotate/completion-loss, after: "<|im_start|>assistant\\n", until: "<|im_end|>", include_until: true } ]
sources:
${Object.keys(CHATS)
  .map((name) => `  ${name}: { from: "${name}/*.jsonl", pipeline: chat, category: chats }`)
  .join("\n")}
shard_tokens: 1500
training_stages:
${stages.map((stage) => `  - ${stage}`).join("\n")}
${more}
`;
}
