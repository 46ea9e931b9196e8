/** Chats through a run: every split's upstream form, data sets as they are published, cards, gates. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { openRun, type RecipeInput, type RunResult, runRecipe, verifyRun } from "../../index.ts";
import { SPLITS, type Split } from "../fixtures/chat-splits.ts";
import { ROOT } from "../project-root.ts";
import { temporaryFolder } from "../workers/fixture.ts";

const FIXTURES = path.join(ROOT, "test/fixtures/chat");

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
function invariants({ config, needsModel }: Split): Readonly<Record<string, unknown>> {
  const isPair = config === "Preference" && needsModel === undefined;
  return { use: "chat/invariants", encoding: "gpt2", ...(isPair && { column: "chosen" }) };
}

function recipeOf(splits: readonly Split[], more: Partial<RecipeInput> = {}): RecipeInput {
  return {
    schema: 1,
    name: "splits",
    pipelines: Object.fromEntries(
      splits.map((split) => [
        split.name,
        [
          ...split.stages,
          { use: "annotate/constant", column: "source", value: split.upstream },
          invariants(split),
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

async function build(out: string, recipe: RecipeInput, workers = 2): Promise<RunResult> {
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

test("data sets are written with the published types and names", async (t) => {
  const out = temporaryFolder(t);
  const names = [
    "hermes_function_calling_v1_no_think",
    "llama_3.1_tulu_3_8b_preference_mixture_no_think",
    "OpenThoughts3_1.2M",
  ];
  await build(out, recipeOf(names.map(splitOf)));
  const [sft, preference, mid] = names.map(splitOf);
  assert.deepEqual(await typesOf(fileOf(out, sft)), [
    "messages LIST; messages.list; messages.list.element; content BYTE_ARRAY STRING; role BYTE_ARRAY STRING",
    "chat_template_kwargs; custom_instructions BYTE_ARRAY STRING; enable_thinking BOOLEAN; python_tools LIST; python_tools.list; " +
      "element BYTE_ARRAY STRING; xml_tools LIST; xml_tools.list; element BYTE_ARRAY STRING",
    "source BYTE_ARRAY STRING",
  ]);
  assert.equal((await typesOf(fileOf(out, preference))).length, 4);
  assert.equal((await typesOf(fileOf(out, mid))).length, 2);
  const rows = await rowsOf(out, sft);
  assert.deepEqual(Object.keys(rows[0]), ["messages", "chat_template_kwargs", "source"]);
});

async function typesOf(file: string): Promise<string[]> {
  const metadata = await parquetMetadataAsync(await asyncBufferFromFile(file));
  return metadata.schema.map((element) => JSON.stringify(element));
}
