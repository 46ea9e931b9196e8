/** Chats through a run: every split's upstream form, data sets as they are published, cards, gates. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { type Finding, openRun, peekRun, type RecipeInput, type RunResult, runRecipe, verifyRun } from "../../index.ts";
import { cliIn } from "../cli/in-process.ts";
import { SPLITS, type Split } from "../fixtures/chat-splits.ts";
import { ROOT } from "../project-root.ts";
import { temporaryFolder, treeDigests } from "../workers/fixture.ts";

const FIXTURES = path.join(ROOT, "mixtures/recipes/smoltalk2-mini");

const TURNS = "list<struct<content: string, role: string>>";
const KWARGS =
  "struct<custom_instructions: string, enable_thinking: bool, python_tools: list<string>, xml_tools: list<string>>";
const PUBLISHED = {
  Mid: [
    { name: "messages", type: TURNS },
    { name: "source", type: "string" },
  ],
  SFT: [
    { name: "messages", type: TURNS },
    { name: "chat_template_kwargs", type: KWARGS },
    { name: "source", type: "string" },
  ],
  Preference: [
    { name: "chosen", type: TURNS },
    { name: "rejected", type: TURNS },
    { name: "prompt", type: "string" },
    { name: "source", type: "string" },
  ],
} as const;

const id = (name: string): string => name.replaceAll(/[^A-Za-z0-9]+/g, "-").toLowerCase();

/** What is counted at the end: pairs have two conversations, of which the chosen one counts. */
function invariants(
  { config, needsModel }: Split,
  more: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const isPair = config === "Preference" && needsModel === undefined;
  return { use: "chat/invariants", ...(isPair && { column: "chosen" }), ...more };
}

/** `counting` are options of the stage that counts. */
function recipeOf(
  splits: readonly Split[],
  more: Partial<RecipeInput> = {},
  counting: Readonly<Record<string, unknown>> = {},
): RecipeInput {
  return {
    schema: 1,
    name: "splits",
    pipelines: Object.fromEntries(
      splits.map((split) => [
        split.name,
        [
          ...split.stages,
          { use: "annotate/constant", column: "source", value: split.upstream },
          invariants(split, counting),
        ] as never[],
      ]),
    ),
    sources: Object.fromEntries(
      splits.map(({ name, upstream, columns }) => [
        name,
        { from: `${upstream}.jsonl`, text: null, metadata: [...columns], pipeline: name },
      ]),
    ),
    outputs: splits.map(({ name, config, needsModel }) => ({
      name: id(name),
      sources: [name],
      config,
      split: name,
      columns: needsModel ? [{ name: "messages", type: TURNS }] : [...PUBLISHED[config]],
    })),
    ...more,
  };
}

async function build(out: string, recipe: RecipeInput, workers = 0): Promise<RunResult> {
  return runRecipe(recipe, { out, dataRoot: FIXTURES, workers });
}

function droppedOf(out: string, { name }: Split): Record<string, number> {
  const summary = JSON.parse(
    fs.readFileSync(path.join(out, "runs/splits/outputs", id(name), "output.json"), "utf8"),
  ) as { sources: readonly { dropped: Record<string, Record<string, number>> }[] };
  return Object.fromEntries(
    summary.sources.flatMap(({ dropped }) =>
      Object.entries(dropped).flatMap(([stage, reasons]) =>
        Object.entries(reasons).map(([reason, count]) => [`${stage}:${reason}`, count]),
      ),
    ),
  );
}

const fileOf = (out: string, { name, config }: Split): string =>
  path.join(out, "runs/splits/outputs", id(name), config, `${name}-00000-of-00001.parquet`);

async function rowsOf(out: string, split: Split): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file: await asyncBufferFromFile(fileOf(out, split)), compressors });
}

function splitOf(name: string): Split {
  const split = SPLITS.find((each) => each.name === name);
  assert.ok(split, name);
  return split;
}

test("29 splits: every upstream form is mapped, and every row that is none falls for its reason", async (t) => {
  assert.equal(SPLITS.length, 29);
  const out = temporaryFolder(t);
  const result = await build(out, recipeOf(SPLITS));
  const found = SPLITS.map((split) => {
    const source = result.sources.find(({ name }) => name === split.name);
    return { name: split.name, kept: source?.kept, dropped: droppedOf(out, split) };
  });
  assert.deepEqual(
    found,
    SPLITS.map(({ name, kept, dropped }) => ({ name, kept, dropped })),
  );
  assert.deepEqual(await verifyRun(openRun("splits", out)), []);
});

test("data sets have the published types, columns and file names", async (t) => {
  const out = temporaryFolder(t);
  const splits = [
    "hermes_function_calling_v1_no_think",
    "llama_3.1_tulu_3_8b_preference_mixture_no_think",
    "OpenThoughts3_1.2M",
  ].map(splitOf);
  await build(out, recipeOf(splits));
  for (const split of splits) {
    assert.deepEqual(await typesIn(fileOf(out, split)), PUBLISHED[split.config]);
    const [row] = await rowsOf(out, split);
    assert.deepEqual(
      Object.keys(row),
      PUBLISHED[split.config].map(({ name }) => name),
    );
    const card = fs.readFileSync(path.join(out, "runs/splits/outputs", id(split.name), "README.md"), "utf8");
    assert.match(card, new RegExp(`config_name: ${split.config}\n    data_files:\n      - split: ${split.name}\n`));
    assert.ok(card.includes(`path: ${split.config}/${split.name}-*.parquet`));
  }
  assert.deepEqual(errorsOf(await verifyRun(openRun("splits", out))), []);
});

/** The columns of a file as an output's recipe spells them. */
async function typesIn(file: string): Promise<{ name: string; type: string }[]> {
  const { schema } = await parquetMetadataAsync(await asyncBufferFromFile(file));
  let at = 0;
  const next = (): { name: string; type: string } => {
    const { name, num_children = 0, converted_type, type } = schema[at++];
    const children = Array.from({ length: num_children }, next);
    if (converted_type === "LIST")
      return { name, type: children[0].type.replace(/^struct<element: (.*)>$/s, "list<$1>") };
    const inside = children.map((child) => `${child.name}: ${child.type}`).join(", ");
    if (num_children > 0) return { name, type: `struct<${inside}>` };
    return { name, type: converted_type === "UTF8" ? "string" : type === "BOOLEAN" ? "bool" : String(type) };
  };
  const { num_children = 0 } = schema[at++];
  return Array.from({ length: num_children }, next);
}

function errorsOf(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity }) => severity === "error");
}

test("a published data set is read again: lists of structs in Parquet are conversations", async (t) => {
  const out = temporaryFolder(t);
  const split = splitOf("smoltalk_smollm3_everyday_conversations_no_think");
  await build(out, recipeOf([split]));
  const again = await runRecipe(
    {
      schema: 1,
      name: "again",
      pipelines: { read: [{ use: "chat/messages", shape: "openai" }] as never[] },
      sources: { chats: { from: fileOf(out, split), text: null, metadata: ["messages"], pipeline: "read" } },
      outputs: [{ name: "chats", columns: [{ name: "messages", type: TURNS }] }],
    },
    { out, workers: 1 },
  );
  assert.deepEqual([again.sources[0].kept, again.sources[0].dropped], [split.kept, {}]);
  const file = path.join(again.outputs[0].path, "train-00000-of-00001.parquet");
  const read = await parquetReadObjects({ file: await asyncBufferFromFile(file), compressors });
  const written = await rowsOf(out, split);
  assert.deepEqual(
    read.map(({ messages }) => messages),
    written.map(({ messages }) => messages),
  );
});

test("what comes out is what the upstream says, digit for digit", async (t) => {
  const out = temporaryFolder(t);
  const names = [
    "hermes_function_calling_v1_no_think",
    "xlam_traces_no_think",
    "s1k_1.1_think",
    "OpenHermes_2.5_no_think",
  ];
  await build(out, recipeOf(names.map(splitOf)));
  const [hermes, xlam, s1k, openhermes] = await Promise.all(names.map((name) => rowsOf(out, splitOf(name))));

  const bonn = chatOf(hermes[6]);
  assert.equal(
    bonn.messages[1].content,
    '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Bonn", "station": 90071992547409931234, "height": 64.0}}\n</tool_call>',
  );
  assert.deepEqual(
    bonn.messages.map(({ role }) => role),
    ["user", "assistant", "tool", "assistant"],
  );
  assert.equal(bonn.kwargs.enable_thinking, false);
  assert.equal(bonn.kwargs.custom_instructions, null, "the system's text was about the tools alone");
  assert.match(String(bonn.kwargs.xml_tools[0]), /^<tools>\[\{'type': 'function'.*'default': None.*\]<\/tools>$/);

  const sum = chatOf(xlam[6]);
  assert.equal(
    sum.messages[1].content,
    '<tool_call>\n[{"name": "add", "arguments": {"a": 12345678901234567890, "b": 1}}, {"name": "sub", "arguments": {}}]\n</tool_call>',
  );
  assert.match(chatOf(xlam[1]).messages[1].content, /"a": 1\.0,/);
  assert.match(sum.kwargs.xml_tools[0], /^<tools>\[\{'name': 'add', 'description': 'Adds two numbers\.'/);

  assert.match(
    chatOf(s1k[0]).messages[1].content,
    /^<think>\nFirst, the tides\. Then why\. Step 0\.\n<\/think>\n\nThe moon/,
  );
  assert.equal(chatOf(s1k[0]).kwargs.enable_thinking, true);
  assert.equal(chatOf(openhermes[6]).kwargs.custom_instructions, "Speak plainly.");
  assert.deepEqual(chatOf(openhermes[6]).messages, [
    { content: "What is tin?", role: "user" },
    { content: "A soft metal.", role: "assistant" },
  ]);
});

/** About what the rows of a file hold, written as JSON. */
async function bytesIn(path: string): Promise<number> {
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });
  return rows.reduce((sum, row) => {
    return (
      sum + Object.values(row).reduce((total: number, value) => total + Buffer.byteLength(JSON.stringify(value)), 0)
    );
  }, 0);
}

interface Chat {
  readonly messages: readonly { readonly content: string; readonly role: string }[];
  readonly kwargs: {
    readonly custom_instructions: string | null;
    readonly enable_thinking: boolean;
    readonly xml_tools: readonly string[];
  };
}

function chatOf(row: Record<string, unknown>): Chat {
  return { messages: row.messages as Chat["messages"], kwargs: row.chat_template_kwargs as Chat["kwargs"] };
}

test("a row that falls has its address, its reason and the turn that was wrong", async (t) => {
  const out = temporaryFolder(t);
  const split = splitOf("OpenHermes_2.5_no_think");
  await build(out, recipeOf([split]));
  const dropped = await peekRun(openRun("splits", out), { dropped: "all", count: 10, dataRoot: FIXTURES });
  assert.deepEqual(
    dropped.map(({ address, verdict }) => [address, verdict]),
    [
      [
        `${split.name}/openhermes-2.5.jsonl#7`,
        { stage: "messages", reason: "unknown_role", value: 0, detail: "narrator, turn 0" },
      ],
      [
        `${split.name}/openhermes-2.5.jsonl#8`,
        { stage: "messages", reason: "missing_turn", value: 0, detail: "the first turn is of assistant: turn 0" },
      ],
    ],
  );
});

test("workers and spans change no byte of what stages of chats write, in files that hold so many bytes of conversations", async (t) => {
  const roots = [temporaryFolder(t), temporaryFolder(t)];
  const splits = ["hermes_function_calling_v1_no_think", "OpenThoughts3_1.2M_no_think_no_think"].map(splitOf);
  for (const [workers, out] of roots.entries()) {
    const recipe = recipeOf(splits);
    // There is no text: what is counted lies in the other columns.
    await runRecipe(
      { ...recipe, outputs: (recipe.outputs ?? []).map((output) => ({ ...output, shard_bytes: 700 })) },
      {
        out,
        dataRoot: FIXTURES,
        workers: workers + 1,
        span_bytes: workers === 0 ? 1e9 : 400,
      },
    );
  }
  const [one, other] = roots.map((out) => treeDigests(path.join(out, "runs/splits/outputs")));
  assert.deepEqual(other, one);
  for (const { name, config } of splits) {
    const folder = path.join(roots[0] ?? "", "runs/splits/outputs", id(name), config);
    const sizes = await Promise.all(fs.readdirSync(folder).map(async (file) => bytesIn(path.join(folder, file))));
    const all = sizes.reduce((sum, bytes) => sum + bytes, 0);
    assert.ok(
      sizes.length > 1 && Math.abs(sizes.length - all / 700) <= 2,
      `${name}: ${sizes.length} files of ${all} bytes`,
    );
  }
});

test("a card has rows, tokens, turns and lengths, and what rows have beside their turns", async (t) => {
  const out = temporaryFolder(t);
  const split = splitOf("smoltalk_smollm3_systemchats_30k_no_think");
  await build(out, recipeOf([split], {}, { encoding: "gpt2" }));
  const card = fs.readFileSync(path.join(out, "runs/splits/outputs", id(split.name), "README.md"), "utf8");
  const lines = card.slice(card.indexOf("## Conversations"), card.indexOf("## Rows that")).split("\n");
  const [lengths, shares] = lines.filter((line) => line.includes(split.name)).map((line) => line.split(" | ").slice(1));
  const [rows, tokens, turns, context, response] = lengths.map(Number.parseFloat);
  assert.deepEqual([rows, turns], [7, 3.71], "six rows of four turns and one of two");
  assert.ok(tokens > 200 && Math.abs(tokens - rows * (context + response)) < 0.1, lengths.join());
  assert.ok(response > context, "the assistant says more");
  assert.deepEqual(shares, ["85.7 %", "0.0 %", "0.0 %", "0.0 % |"]);
  assert.deepEqual(await verifyRun(openRun("splits", out)), []);
});

test("a card of pairs says how alike the two answers are, and which is the longer", async (t) => {
  const out = temporaryFolder(t);
  const split = splitOf("llama_3.1_tulu_3_8b_preference_mixture_no_think");
  await build(out, recipeOf([split]));
  const folder = path.join(out, "runs/splits/outputs", id(split.name));
  const rows = (await rowsOf(out, split)) as Record<"chosen" | "rejected", { content: string }[]>[];
  const bytes = rows.map(({ chosen, rejected }) => {
    return [chosen, rejected].map((turns) => Buffer.byteLength(turns.at(-1)?.content ?? "")) as [number, number];
  });
  const longer = bytes.filter(([chosen, rejected]) => chosen > rejected).length;
  const { sources } = JSON.parse(fs.readFileSync(path.join(folder, "output.json"), "utf8"));
  const { use, state } = sources[0].found[0];
  assert.deepEqual([use, state.rows, state.chosen_longer], ["chat/pairs", rows.length, longer]);
  const share = `${((100 * longer) / rows.length).toFixed(1)} %`;
  const line = new RegExp(`\\| ${rows.length} \\| [\\d.]+ % \\| ${share} \\| .* bytes \\| .* bytes \\|`);
  assert.match(fs.readFileSync(path.join(folder, "README.md"), "utf8"), line);
  assert.deepEqual(errorsOf(await verifyRun(openRun("splits", out))), []);
});

test("the known accident, system messages that are all lost, is a gate that says no", async (t) => {
  const root = temporaryFolder(t);
  const rows = fs.readFileSync(path.join(FIXTURES, "smoltalk-systemchats-30k.jsonl"), "utf8").split("\n").slice(0, 6);
  fs.writeFileSync(path.join(root, "chats.jsonl"), `${rows.join("\n")}\n`);
  const recipe = (moved: string) => `schema: 1
name: chats
pipelines:
  chats:
    - { use: chat/messages, shape: openai }
    - { use: chat/system, column: instructions }
    - { use: chat/kwargs, enable_thinking: false${moved} }
    - { use: chat/invariants }
sources:
  chats: { from: chats.jsonl, text: null, metadata: [{ name: messages, kind: json }], pipeline: chats }
outputs:
  - { name: chats, columns: [messages, chat_template_kwargs] }
gates: { chat: { chats: { min_instructions_ratio: 0.9, max_empty_turn_ratio: 0, max_trace_ratio: 0 } } }
`;
  const shardmill = cliIn(t, root);
  fs.writeFileSync(path.join(root, "chats.yaml"), recipe(""));
  const lost = await shardmill("run", "chats.yaml", "--out", "lost");
  assert.equal(lost.status, 3, lost.stderr);
  assert.match(lost.stdout + lost.stderr, /gate min_instructions_ratio of chats: FAILED, 0 against 0\.9/);
  assert.match(lost.stdout + lost.stderr, /gate max_trace_ratio of chats: ok/);
  const again = await shardmill("run", "chats.yaml", "--out", "lost");
  assert.equal(again.status, 3, "a run that is there already is judged again");

  fs.writeFileSync(path.join(root, "chats.yaml"), recipe(", custom_instructions: instructions"));
  const kept = await shardmill("run", "chats.yaml", "--out", "kept");
  assert.equal(kept.status, 0, kept.stderr);
});

test("a gate of chats needs a source that counts", async (t) => {
  const out = temporaryFolder(t);
  const split = splitOf("OpenThoughts3_1.2M");
  const recipe = recipeOf([split], { gates: { chat: { nobody: { min_trace_ratio: 1 } } } });
  await assert.rejects(build(out, recipe), /there is no source `nobody`/);
  const uncounted = recipeOf([split], {
    pipelines: { [split.name]: split.stages as never[] },
    outputs: [{ name: "rows", sources: [split.name] }],
    gates: { chat: { [split.name]: { min_trace_ratio: 1 } } },
  });
  await assert.rejects(build(out, uncounted), /nothing counts what the conversations/);
});

test("a split of which too little is trained on is a gate that says no, and nothing else can judge it", async (t) => {
  const root = temporaryFolder(t);
  const recipe = (limit: number, render: string) => `schema: 1
name: chats
pipelines:
  chats:
    - { use: chat/messages, shape: openai }
    - { use: chat/invariants }${render}
sources:
  chats:
    { from: "${FIXTURES}/smoltalk-smol-rewrite.jsonl", text: null, metadata: [{ name: messages, kind: json }], pipeline: chats }
outputs:
  - { name: chats, columns: [messages] }
gates: { chat: { chats: { min_supervised_ratio: ${limit} } } }
`;
  const shardmill = cliIn(t, root);
  const render = "\n    - { use: chat/render, template: chatml }";
  fs.writeFileSync(path.join(root, "chats.yaml"), recipe(0.1, render));
  const enough = await shardmill("run", "chats.yaml", "--out", "out");
  assert.equal(enough.status, 0, enough.stderr);
  fs.writeFileSync(path.join(root, "chats.yaml"), recipe(0.99, render));
  const little = await shardmill("run", "chats.yaml", "--out", "out");
  assert.equal(little.status, 3, little.stderr);
  assert.match(little.stdout + little.stderr, /gate min_supervised_ratio of chats: FAILED/);
  fs.writeFileSync(path.join(root, "chats.yaml"), recipe(0.1, ""));
  const blind = await shardmill("check", "chats.yaml");
  assert.equal(blind.status, 2);
  assert.match(blind.stderr, /recipe\/gate-without-figures[\s\S]*what is trained on/);
});
