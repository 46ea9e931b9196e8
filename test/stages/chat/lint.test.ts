/** chat/lint: every finding by a row that has it, and none by one that has not; a run counts them, bounds them, and drops what is asked. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { openRun, prepare, run, verifyRun } from "../../../index.ts";
import type { TrainingStageManifest } from "../../../manifests/schema.ts";
import stage from "../../../stages/chat/lint.ts";
import { NO_RESOURCES } from "../../../stages/define.ts";
import { batchOfRows } from "../../batch-of.ts";
import { tinyTokenizer } from "../../kernels/bpe/tiny-tokenizer.ts";
import { temporaryFolder } from "../../workers/fixture.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";

type Row = Readonly<Record<string, unknown>>;

function findings(row: Row, options: object = {}): readonly string[] {
  const operator = stage.create(stage.options.parse(options), { ...NO_RESOURCES, assets: LOCAL_ASSETS, seed: [0, 0] });
  assert.equal(operator.kind, "filter");
  const columns = Object.entries(row).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  operator.apply(batchOfRows([Object.fromEntries(columns)]), () => assert.fail("nothing is dropped unless asked"));
  const state = operator.finish?.() as { readonly rows: number; readonly findings?: Record<string, number> };
  assert.equal(state.rows, 1);
  return Object.keys(state.findings ?? {});
}

const user = (content: unknown = "Hi") => ({ role: "user", content });
const assistant = (content: unknown = "Yes.", more: object = {}) => ({ role: "assistant", content, ...more });
const called = (args: unknown) =>
  assistant("", { tool_calls: [{ type: "function", function: { name: "f", arguments: args } }] });
const template = (text: string) => ({ template: `data:,${encodeURIComponent(text)}` });

test("each finding is found", () => {
  assert.deepEqual(findings({ messages: [user(), assistant()] }), []);
  assert.deepEqual(findings({ messages: "no json" }), ["no_messages"]);
  assert.deepEqual(findings({ messages: [user()], chat_template_kwargs: "[]" }).includes("no_messages"), true);
  assert.deepEqual(findings({ messages: [user()] }), ["no_assistant", "mask_all_zero"]);
  assert.deepEqual(findings({ messages: [user(), { role: "narrator", content: "x" }, assistant()] }), ["unknown_role"]);
  assert.deepEqual(findings({ messages: [{ role: "user" }, assistant()] }), ["content_absent", "rejected_by_chatml"]);
  assert.deepEqual(findings({ messages: [user(null), assistant()] }), ["content_null", "rejected_by_chatml"]);
  assert.deepEqual(findings({ messages: [user(""), assistant()] }), ["content_empty"]);
  const parts = [{ type: "text", text: "x" }];
  assert.deepEqual(findings({ messages: [user(parts), assistant()] }), ["content_not_text", "rejected_by_chatml"]);
  assert.deepEqual(findings({ messages: [user(), assistant(), assistant()] }), ["consecutive_assistant"]);
  const thinking = "<think>\nHm\n</think>\nYes.";
  assert.deepEqual(findings({ messages: [user(), assistant(thinking)] }), []);
  assert.deepEqual(findings({ messages: [user(), assistant(thinking), user(), assistant()] }), [
    "thinking_in_earlier_turn",
  ]);
  const reasoned = [user(), assistant("Yes.", { reasoning_content: "Hm" }), user(), assistant()];
  assert.deepEqual(findings({ messages: reasoned }), ["thinking_in_earlier_turn"]);
});

test("each shipped template says for itself which rows it refuses", () => {
  const refusals = (row: Row) => findings(row).filter((name) => name.startsWith("rejected_by_"));
  const all = ["rejected_by_smollm3", "rejected_by_smollm3_shipped", "rejected_by_chatml"];
  assert.deepEqual(refusals({ messages: [{ role: "system", content: null }, user(), assistant()] }), all);
  assert.deepEqual(refusals({ messages: [user(), assistant(null)] }), ["rejected_by_chatml"]);
  const given = (chat_template_kwargs: object) => ({ messages: [user(), assistant()], chat_template_kwargs });
  assert.deepEqual(refusals(given({ xml_tools: 3 })), ["rejected_by_smollm3_shipped"]);
  assert.deepEqual(refusals(given({ custom_instructions: ["x"] })), all.slice(0, 2));
});

test("arguments of calls: a mapping, a text, a text of a text, or nothing that can be read", () => {
  const of = (args: unknown) =>
    findings({ messages: [user(), called(args)] }).filter((name) => name !== "content_empty");
  assert.deepEqual(of({ a: 1 }), ["arguments_mapping"]);
  assert.deepEqual(of('{"a":1}'), ["arguments_text"]);
  assert.deepEqual(of(JSON.stringify('{"a":1}')), ["arguments_double_encoded"]);
  assert.deepEqual(of("{a"), ["arguments_broken"]);
  assert.deepEqual(of([1]), ["arguments_broken"]);
});

test("masks and prefixes are those of the template that is named", () => {
  const chat = { messages: [user(), assistant(), user(), assistant()] };
  const all = "{% generation %}{% for m in messages %}{{ m.content }}{% endfor %}{% endgeneration %}";
  assert.deepEqual(findings(chat, template(all)), ["mask_all_one"]);
  const last = "{% for m in messages %}{{ m.content if loop.last else '-' }};{% endfor %}";
  assert.deepEqual(findings(chat, template(last)), ["no_mask", "prefix_changes"]);
  assert.deepEqual(findings(chat, template("{{ raise_exception('no') }}")), ["rejected"]);
});

const ROWS = [
  [user(), assistant()],
  [user(), assistant("Sure.")],
  [user(), { role: "narrator", content: "x" }, assistant()],
  [user("Only this.")],
];

function write(t: TestContext): string {
  const root = temporaryFolder(t);
  const file = tinyTokenizer();
  file.added_tokens.push(
    { id: 257, content: "<|im_start|>", special: true },
    { id: 258, content: "<|im_end|>", special: true },
  );
  fs.writeFileSync(path.join(root, "tokenizer.json"), JSON.stringify(file));
  fs.writeFileSync(
    path.join(root, "chats.jsonl"),
    ROWS.map((messages, i) => `${JSON.stringify({ id: `${i}`, text: "-", messages })}\n`).join(""),
  );
  return root;
}

const recipe = (lint: string, gates: string) => `schema: 1
name: chats
tokenizer: { file: tokenizer.json, eos: "<eos>", special_tokens: parse, append_eos: never }
pipelines: { chat: [ { use: chat/lint${lint} }, { use: chat/render, template: chatml, roles: [user, assistant, narrator] } ] }
sources: { chats: { from: chats.jsonl, metadata: [{ name: messages, kind: json }], pipeline: chat } }
training_stages: [ { name: sft, tokens: 256, sequence_length: 64, pack: best-fit, weights: { chats: 1 } } ]
limits: { max_epochs: 9 }
gates: { ${gates} }
exports: [trl]
`;

async function make(root: string, text: string) {
  const input = { text, name: "recipe.yaml", folder: root };
  const { plan, environment, registry, layout } = await prepare(input, { out: root, dataRoot: root });
  await run(plan, { root, workers: 0, environment, registry });
  const file = layout.manifestFile(plan.name, "sft");
  return { plan, manifest: JSON.parse(fs.readFileSync(file, "utf8")) as TrainingStageManifest };
}

test("a run counts findings and what was rendered in its manifest, and gates bound findings", async (t) => {
  const root = write(t);
  const { manifest, plan } = await make(root, recipe("", "lint: { unknown_role: 0.25, no_mask: 0 }"));
  const { counts, tokenizer_guard } = manifest.sources.chats;
  assert.deepEqual(counts.dropped, { lint: {}, render: {}, tokenize: {} });
  const { lint, render } = counts.found as Record<string, Record<string, unknown>>;
  assert.deepEqual(lint, {
    rows: 4,
    rows_with_findings: 2,
    findings: { unknown_role: 1, no_assistant: 1, mask_all_zero: 1 },
  });
  assert.equal(render.rows, 4);
  assert.equal(render.rows_without_supervision, 1);
  assert.equal(tokenizer_guard?.border_tokens, 0);
  assert.deepEqual(
    manifest.gates.map(({ name, value, passed }) => ({ name, value, passed })),
    [
      { name: "lint.unknown_role", value: 0.25, passed: true },
      { name: "lint.no_mask", value: 0, passed: true },
    ],
  );
  assert.deepEqual(await verifyRun(await openRun(plan.name, root)), []);
});

test("a gate that does not hold ends the run with exit code 3, and dropping the rows lets it through", async (t) => {
  const root = write(t);
  const gates = "lint: { unknown_role: 0.1 }";
  await assert.rejects(make(root, recipe("", gates)), { code: "run/lint-gate", exitCode: 3 });
  // What another recipe has read is held to this one's gates, too.
  await make(root, recipe("", ""));
  await assert.rejects(make(root, recipe("", gates)), { code: "run/lint-gate", exitCode: 3 });
  const { manifest } = await make(root, recipe(", drop: [unknown_role, mask_all_zero]", ""));
  assert.deepEqual(manifest.sources.chats.counts.dropped.lint, { mask_all_zero: 1, unknown_role: 1 });
  assert.equal(manifest.sources.chats.counts.kept, 2);
});

test("a recipe is told where chats are rendered for a tokenizer that reads special tokens as text", async (t) => {
  const root = write(t);
  const text = recipe("", "").replace("special_tokens: parse, append_eos: never", "special_tokens: text");
  const { plan } = await prepare({ text, name: "recipe.yaml", folder: root }, { out: root, dataRoot: root });
  assert.match(plan.warnings.join("\n"), /chat\/render writes special tokens into texts/);
});
