/** Runs the examples that stages document themselves with: what the reference shows is what happens. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Batch } from "../../batch/batch.ts";
import type { Column } from "../../batch/column.ts";
import { jsonText } from "../../kernels/json/json-text.ts";
import type { Seed } from "../../kernels/random/shuffle.ts";
import { PlainFragmentSampler } from "../../kernels/substring/sampler.ts";
import {
  type Answer,
  type BarrierOperator,
  type Drop,
  declarationOf,
  type Example,
  kindsOf,
  type Operator,
  type OperatorKind,
  type RequestOperator,
  type StageDefinition,
  type StageResources,
  type StageState,
} from "../../stages/define.ts";
import { stageRegistry } from "../../stages/registry.ts";
import { batchOfRows, valueAt } from "../batch-of.ts";
import { LOCAL_ASSETS } from "./local-assets.ts";

/** Sources read files, packers lay out windows, sinks encode files: a row is no example of any. */
const WITHOUT_EXAMPLES: readonly OperatorKind[] = ["source", "pack", "sink"];
/** Shares nothing with any example: what a barrier must tell apart from them. */
const STRANGER =
  "Zwölf laxe Typen qualmen verdächtig süße Objekte; 0xDEADBEEF quux frobnicates the waldo plugh xyzzy thud.";
const SEED: Seed = [1, 2];

/** The model that examples ask. */
const chat: StageResources["chat"] = {
  complete: async () => ({
    content: "Four.",
    reasoning: "Two and two.",
    tool_calls: [],
    finish_reason: "stop",
    usage: null,
    model: null,
    system_fingerprint: null,
  }),
};
/** The store that examples ask. It holds one file. */
const FILE = "print('hello')\n";
const objects: StageResources["objects"] = {
  get: async (_place, key) =>
    key === createHash("sha1").update(FILE).digest("hex") ? { bytes: gzipSync(FILE) } : { missing: 404 },
};
const resources: StageResources = { assets: LOCAL_ASSETS, chat, objects, seed: SEED };

for (const stage of stageRegistry().stages) {
  test(`${stage.name} does what its examples say`, async () => {
    if (kindsOf(stage).every((kind) => WITHOUT_EXAMPLES.includes(kind))) {
      assert.deepEqual(stage.examples, []);
      return;
    }
    assert.ok(stage.examples.length > 0, "a stage that works on rows has examples");
    for (const [i, example] of stage.examples.entries()) {
      const operator = create(stage, example);
      const { kind } = declarationOf(stage, optionsOf(stage, example));
      assert.equal(operator.kind, kind, "a stage makes the operator that it declares");
      await check(stage, operator, example, `example ${i + 1}: ${jsonText(rowOf(example)).slice(0, 80)}`);
    }
  });
}

test("a barrier has an example that it can compare", () => {
  for (const stage of stageRegistry().stages.filter((definition) => kindsOf(definition).includes("barrier"))) {
    const compared = stage.examples.some((example) => {
      const operator = create(stage, example);
      return operator.kind === "barrier" && keysOf(operator, batchOfRows([rowOf(example)]))[0].length > 0;
    });
    assert.ok(compared, stage.name);
  }
});

test("a stage that judges shows a row it drops and one it keeps", () => {
  for (const stage of stageRegistry().stages) {
    if (kindsOf(stage)[0] === "barrier" || stage.examples.length === 0) continue;
    const judges = stage.examples.some(
      (example) => Object.keys(declarationOf(stage, optionsOf(stage, example)).reasons).length > 0,
    );
    if (!judges) continue;
    assert.ok(
      stage.examples.some((example) => "drops" in example),
      `${stage.name} drops nothing`,
    );
    assert.ok(
      stage.examples.some((example) => !("drops" in example)),
      `${stage.name} keeps nothing`,
    );
  }
});

function rowOf(example: Example): Parameters<typeof batchOfRows>[0][number] {
  return "text" in example ? { text: example.text } : example.columns;
}

function optionsOf(stage: StageDefinition, example: Example): unknown {
  return stage.options.parse(example.options ?? {});
}

function create(stage: StageDefinition, example: Example): Operator {
  return stage.create(optionsOf(stage, example), resources);
}

async function check(stage: StageDefinition, operator: Operator, example: Example, message: string): Promise<void> {
  if (operator.kind === "barrier") {
    checkBarrier(operator, example, message);
    return;
  }
  if ("prepare" in operator) await operator.prepare?.();
  const declaration = declarationOf(stage, optionsOf(stage, example));
  const batch = batchOfRows([rowOf(example)]);
  for (const name of declaration.reads) {
    const known = batch.column(name) ?? batch.column(name.split(".")[0]);
    assert.ok(known, `${message}: the example has no column ${name}, which the stage reads`);
  }
  const dropped: string[] = [];
  const made = await apply(operator, batch, (row, reason) => {
    assert.ok(Object.hasOwn(declaration.reasons, reason), `undeclared reason ${reason}`);
    if (batch.alive.has(row)) dropped.push(reason);
    batch.alive.clear(row);
  });
  const declared = declaration.writes.map(({ name }) => name);
  if (operator.kind === "rewrite") declared.push("text");
  assert.deepEqual([...made.keys()].sort(), declared.sort(), message);
  assert.deepEqual(dropped, "drops" in example ? [example.drops] : [], message);
  if ("becomes" in example) assert.equal(valueAt(made.get("text") ?? batch.text, 0), example.becomes, message);
  if ("keeps" in example && operator.kind === "rewrite") {
    assert.equal(valueAt(made.get("text") ?? batch.text, 0), valueAt(batch.text, 0), message);
  }
  if ("writes" in example) {
    for (const [name, value] of Object.entries(example.writes)) {
      const column = made.get(name);
      assert.ok(column, `${message}: no column ${name}`);
      assert.deepEqual(valueAt(column, 0), value, `${message}: ${name}`);
    }
  }
}

async function apply(operator: Operator, batch: Batch, drop: Drop): Promise<ReadonlyMap<string, Column>> {
  switch (operator.kind) {
    case "filter":
      operator.apply(batch, drop);
      return new Map();
    case "rewrite":
      return new Map([["text", operator.apply(batch)]]);
    case "annotate":
      return operator.apply(batch);
    case "transform":
      return operator.apply(batch, drop);
    case "request":
      return askFor(operator, batch, drop);
    default:
      throw new Error(`${operator.kind} has no examples`);
  }
}

async function askFor(operator: RequestOperator, batch: Batch, drop: Drop): Promise<ReadonlyMap<string, Column>> {
  const question = operator.question(batch, 0);
  const answer = question === undefined ? undefined : await answerTo(operator, question);
  return operator.apply(batch, () => answer, drop);
}

async function answerTo(operator: RequestOperator, question: StageState): Promise<Answer> {
  const { signal } = new AbortController();
  const dialogue = operator.dialogue?.(question);
  if (dialogue === undefined) return operator.ask(question, signal);
  for (let step = dialogue.next(); ; ) {
    if (step.done === true) return step.value;
    step = dialogue.next(await Promise.all(step.value.map((asked) => operator.ask(asked, signal))));
  }
}

/** Two rows of the example share all their keys; a stranger shares none of them. Of a barrier that selects, a row has a key or falls for that. */
function checkBarrier(operator: BarrierOperator, example: Example, message: string): void {
  const row = rowOf(example);
  if (operator.verdict === "rank") return;
  if (operator.verdict === "select") {
    const [keys] = keysOf(operator, batchOfRows([row]));
    assert.deepEqual(keys.length, "drops" in example ? 0 : 1, message);
    if ("drops" in example) assert.equal(operator.keyless, example.drops, message);
    return;
  }
  const other = Object.fromEntries(Object.entries(row).map(([k, v]) => [k, typeof v === "string" ? STRANGER : v]));
  const [first, second, stranger] = keysOf(operator, batchOfRows([row, row, other]));
  assert.deepEqual(first, second, message);
  if ("drops" in example) assert.ok(first.length > 0, `no sketch: ${message}`);
  for (const key of first) assert.ok(!stranger.includes(key), message);
}

/** Per row, its keys as text, named by slot where rows meet by slot. */
function keysOf(operator: BarrierOperator, batch: Batch): string[][] {
  if (operator.verdict === "edit" && operator.unit === "fragments") {
    const { data, offsets } = operator.symbols(batch, batch.alive);
    const sampler = new PlainFragmentSampler(operator.shape);
    return Array.from({ length: batch.rows }, (_, row) => {
      const keys: string[] = [];
      const sink = { keys: (words: Uint32Array) => void keys.push(words.join(",")), words: () => undefined };
      sampler.sample(data, offsets[row], offsets[row + 1], sink);
      return keys;
    });
  }
  const words = operator.key_bytes / 4;
  return Array.from({ length: batch.rows }, (_, row) => {
    if (operator.verdict === "edit") {
      const keys: string[] = [];
      operator.parts(batch, row, (key) => {
        if (key !== undefined) keys.push(key.slice(0, words).join(","));
      });
      return keys;
    }
    if (operator.verdict === "select" || operator.verdict === "rank") {
      const out = new Uint32Array(words);
      return operator.draw(batch)(row, out) ? [out.join(",")] : [];
    }
    if (operator.verdict === "sequence") {
      const keys: string[] = [];
      operator.parts(batch, row, (found) => {
        for (let at = 0; at < found.length; at += words) keys.push(found.slice(at, at + words).join(","));
      });
      return keys;
    }
    const out = new Uint32Array(operator.keys_per_row * words);
    if (!operator.sketch(batch, row, out)) return [];
    return Array.from(
      { length: operator.keys_per_row },
      (_, slot) => `${slot}: ${out.subarray(slot * words, (slot + 1) * words).join(",")}`,
    );
  });
}
