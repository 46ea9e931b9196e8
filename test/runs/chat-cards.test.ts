/**
 * What cards, manifests and gates say of conversations, against a plain count of the rows in the published files: rows that a barrier takes away
 * when its pass is over do not count.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { openRun, runRecipe, verifyRun } from "../../index.ts";
import { seal, unseal } from "../../io/local/seal.ts";
import type { ChatFigures } from "../../manifests/chat.ts";
import { sourceAt } from "../../plan/plan.ts";
import { tokenFiles } from "../../store/layout.ts";
import { load } from "../kernels/bpe/tiny-tokenizer.ts";
import { ROOT } from "../project-root.ts";
import { temporaryFolder } from "../workers/fixture.ts";

const TOKENIZER = path.join(ROOT, "mixtures/recipes/smoltalk2-mini/tokenizer.json");
const TURNS = "list<struct<content: string, role: string>>";

interface Turn {
  readonly role: string;
  readonly content: string;
}

/** Chats of every kind that is counted, and of each kind some that stand there twice or three times. */
function chats(): readonly (readonly Turn[])[] {
  const own = Array.from({ length: 24 }, (_, i): Turn[] => {
    const system = i % 3 === 0 ? [{ role: "system", content: `Be ${"very ".repeat(i)}brief.` }] : [];
    const think = i % 4 === 0 ? `<think>Is it ${i}?</think>` : "";
    const more = i % 5 === 0 ? [{ role: "user", content: "And é?" }] : [];
    const answer = i === 7 ? "" : `${think}It is ${i * i}.`;
    return [...system, { role: "user", content: `What is ${i}?` }, { role: "assistant", content: answer }, ...more];
  });
  return [...own, ...own.filter((_, i) => i % 2 === 0), ...own.filter((_, i) => i % 6 === 0)];
}

/** `rows`: verdicts alone. `trained`: the same, and no output reads it. `cut`: stages that count, then a pass that cuts texts and drops what is left empty, then verdicts. */
const recipe = (root: string) => ({
  schema: 1 as const,
  name: "cards",
  seed: 2,
  tokenizer: { file: TOKENIZER, eos: "<|im_end|>", append_eos: "never" as const, special_tokens: "parse" as const },
  pipelines: {
    rows: [
      { use: "chat/messages", shape: "openai", empty_turns: "keep", user_last: "keep" },
      { use: "chat/invariants", tokenizer: TOKENIZER },
      { use: "chat/render", template: "chatml" },
      { use: "dedup/exact" },
    ],
    trained: [
      { use: "chat/messages", shape: "openai", empty_turns: "keep", user_last: "keep" },
      { use: "chat/invariants", tokenizer: TOKENIZER },
      { use: "chat/render", template: "chatml" },
      { use: "dedup/exact", id: "own" },
    ],
    cut: [
      { use: "chat/messages", shape: "openai", empty_turns: "keep", user_last: "keep" },
      { use: "chat/invariants", tokenizer: TOKENIZER },
      { use: "chat/text" },
      { use: "dedup/paragraphs", min_bytes: 1 },
      { use: "dedup/exact" },
    ],
  },
  sources: Object.fromEntries(
    ["rows", "trained", "cut"].map((name) => [
      name,
      {
        from: path.join(root, `${name}-*.jsonl`),
        text: null,
        metadata: [{ name: "messages", kind: "json" as const }],
        pipeline: name,
      },
    ]),
  ),
  outputs: ["rows", "cut"].map((name) => ({
    name,
    sources: [name],
    columns: [{ name: "messages", type: TURNS }, "text"],
  })),
  training_stages: [
    { name: "sft", tokens: 200, sequence_length: 64, pack: "concat", weights: { rows: 1 } },
    { name: "mixed", sequence_length: 64, rows: { rule: "handbook" as const, fractions: { trained: 1 } } },
  ],
  limits: { max_epochs: 9 },
  gates: { chat: { rows: { max_trace_ratio: 1 } } },
});

/** The figures of published rows, counted by hand. */
async function countedIn(file: string, isRendered: boolean): Promise<ChatFigures> {
  const rows = (await parquetReadObjects({ file: await asyncBufferFromFile(file), compressors })) as {
    readonly messages: readonly Turn[];
    readonly text: string;
  }[];
  const tokenizer = load(JSON.parse(fs.readFileSync(TOKENIZER, "utf8")));
  const sum = (value: (row: (typeof rows)[number]) => number) => rows.reduce((total, row) => total + value(row), 0);
  const those = (is: (messages: readonly Turn[]) => boolean) => sum(({ messages }) => Number(is(messages)));
  const over = (isResponse: boolean, measure: (text: string) => number) =>
    sum(({ messages }) =>
      messages
        .filter(({ role }) => (role === "assistant") === isResponse)
        .reduce((total, { content }) => total + measure(content), 0),
    );
  const tokens = (text: string) => (text === "" ? 0 : tokenizer.encodeText(text).length);
  return {
    rows: rows.length,
    rows_with_instructions: those((turns) => turns.some(({ role }) => role === "system")),
    rows_with_tools: 0,
    rows_with_trace: those((turns) => turns.some(({ content }) => content.includes("<think>"))),
    rows_with_empty_turn: those((turns) => turns.some(({ content }) => content === "")),
    rows_without_answer: 0,
    rows_without_messages: 0,
    turns: sum(({ messages }) => messages.filter(({ role }) => role !== "system").length),
    context_bytes: over(false, Buffer.byteLength),
    response_bytes: over(true, Buffer.byteLength),
    context_tokens: over(false, tokens),
    response_tokens: over(true, tokens),
    ...(isRendered && {
      text_bytes: sum(({ text }) => Buffer.byteLength(text)),
      // What ChatML trains on of a turn: what it says, the token that ends it and the line break.
      supervised_bytes: over(true, (text) => Buffer.byteLength(text) + "<|im_end|>\n".length),
    }),
  };
}

interface ManifestOfChats {
  readonly sources: Readonly<Record<string, { readonly chat: ChatFigures }>>;
}

interface Summary {
  readonly sources: readonly { readonly chat?: ChatFigures; readonly dropped: unknown }[];
}

test("figures of chats are those of the rows in the files, for 1, 2 and 5 workers; verify counts them again", async (t) => {
  const root = temporaryFolder(t);
  const lines = chats().map((messages) => `${JSON.stringify({ messages })}\n`);
  const half = Math.floor(lines.length / 2);
  for (const name of ["rows", "trained", "cut"]) {
    fs.writeFileSync(path.join(root, `${name}-0.jsonl`), lines.slice(0, half).join(""));
    fs.writeFileSync(path.join(root, `${name}-1.jsonl`), lines.slice(half).join(""));
  }
  const read = (out: string, file: string): string => fs.readFileSync(path.join(out, "runs/cards", file), "utf8");
  const told: string[] = [];
  for (const workers of [1, 2, 5]) {
    const out = path.join(root, `out-${workers}`);
    await runRecipe(recipe(root), { out, workers, span_bytes: workers * 600 });
    told.push(
      ["rows", "cut"].map((name) => read(out, `outputs/${name}/README.md`)).join("") +
        read(out, "manifests/sft.json") +
        read(out, "manifests/mixed.json"),
    );
  }
  assert.equal(told[1], told[0], "two workers");
  assert.equal(told[2], told[0], "five workers");

  const out = path.join(root, "out-2");
  const lost: Record<string, number> = { rows: 16, cut: 16 };
  for (const name of ["rows", "cut"]) {
    const { sources } = JSON.parse(read(out, `outputs/${name}/output.json`)) as Summary;
    const file = path.join(out, `runs/cards/outputs/${name}/train-00000-of-00001.parquet`);
    const counted = await countedIn(file, name === "rows");
    assert.equal(counted.rows, lines.length - (lost[name] ?? 0), name);
    assert.deepEqual(sources[0]?.chat, counted, name);
    const row = new RegExp(
      `\\| \`${name}\` \\| ${counted.rows} \\| [\\d,]+ \\| ${(counted.turns / counted.rows).toFixed(2)} `,
    );
    assert.match(read(out, `outputs/${name}/README.md`), row, "the card says so");
    if (name !== "rows") continue;
    for (const [stage, source] of [
      ["sft", "rows"],
      ["mixed", "trained"],
    ] as const) {
      const { sources } = JSON.parse(read(out, `manifests/${stage}.json`)) as ManifestOfChats;
      assert.deepEqual(sources[source]?.chat, counted, `so does the manifest of ${stage}`);
    }
  }
  assert.deepEqual(await verifyRun(openRun("cards", out)), []);

  // A seal that says otherwise than the rows do.
  const run = openRun("cards", out);
  for (const [index, name] of ["rows", "trained", "cut"].entries()) {
    const file = path.join(run.layout.tokens(sourceAt(run.plan, index).tokens), tokenFiles.storeMarker);
    const before = fs.readFileSync(file);
    const marker = unseal(before) as { counts: { stages: { use: string; figures?: { turns: number } }[] } };
    const figures = marker.counts.stages.find(({ use }) => use === "chat/invariants")?.figures;
    assert.ok(figures);
    figures.turns++;
    fs.writeFileSync(file, seal(marker));
    const found = (await verifyRun(run)).filter(({ severity }) => severity === "error").map(({ what }) => what);
    assert.ok(
      found.some((what) => /counted .* of the rows that survived, and the run says/.test(what)),
      found.join("\n"),
    );
    if (name !== "trained")
      assert.ok(
        found.some((what) => /README\.md is not the card/.test(what)),
        found.join("\n"),
      );
    if (name !== "cut")
      assert.ok(
        found.some((what) => /other figures of conversations in the manifest/.test(what)),
        found.join("\n"),
      );
    fs.writeFileSync(file, before);
    assert.deepEqual(await verifyRun(run), [], name);
  }
});
