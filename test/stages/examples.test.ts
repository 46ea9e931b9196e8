/** Runs the examples that stages document themselves with: what the reference shows is what happens. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Batch } from "../../batch/batch.ts";
import { utf8String } from "../../batch/column.ts";
import type { BarrierOperator, Example, FilterOperator, Operator, StageDefinition } from "../../stages/define.ts";
import { stageRegistry } from "../../stages/registry.ts";
import { batchOf } from "../batch-of.ts";

/** Sources read files and packers lay out windows: a text is no example of either. */
const WITHOUT_EXAMPLES = ["source", "pack"];
/** Shares nothing with any example: what a barrier must tell apart from them. */
const STRANGER =
  "Zwölf laxe Typen qualmen verdächtig süße Objekte; 0xDEADBEEF quux frobnicates the waldo plugh xyzzy thud.";

for (const stage of stageRegistry().stages) {
  test(`${stage.name} does what its examples say`, () => {
    if (stage.examples.length === 0) {
      assert.ok(/^(read|pack)\//.test(stage.name), "a stage that works on text has examples");
      return;
    }
    for (const [i, example] of stage.examples.entries()) {
      const operator = create(stage, example);
      assert.ok(!WITHOUT_EXAMPLES.includes(operator.kind), `${operator.kind} has no examples of text`);
      check(stage, operator, example, `example ${i + 1}: ${example.text.slice(0, 60)}`);
    }
  });
}

test("a barrier has an example that it can compare", () => {
  for (const stage of stageRegistry().stages.filter(({ name }) => name.startsWith("dedup/"))) {
    const compared = stage.examples.some((example) => {
      const operator = create(stage, example);
      return operator.kind === "barrier" && sketches(operator, batchOf([example.text]))[0] !== undefined;
    });
    assert.ok(compared, stage.name);
  }
});

test("a stage that judges shows a text it drops and one it keeps", () => {
  for (const { name, reasons, examples } of stageRegistry().stages) {
    if (Object.keys(reasons).length === 0 || name.startsWith("dedup/")) continue;
    assert.ok(
      examples.some((example) => "drops" in example),
      `${name} drops nothing`,
    );
    assert.ok(
      examples.some((example) => "keeps" in example),
      `${name} keeps nothing`,
    );
  }
});

function create(stage: StageDefinition, example: Example): Operator {
  const options: unknown = stage.options.parse(example.options ?? {});
  const assets = (stage.assets?.(options) ?? []).map(({ name, location }) => [name, readFileSync(location)] as const);
  return stage.create(options, new Map(assets));
}

function check(stage: StageDefinition, operator: Operator, example: Example, message: string): void {
  const batch = batchOf([example.text]);
  switch (operator.kind) {
    case "filter":
      assert.deepEqual(verdicts(stage, operator, batch), "drops" in example ? [example.drops] : [], message);
      break;
    case "rewrite":
      assert.ok("becomes" in example || "keeps" in example, "a rewrite becomes something or keeps the text");
      assert.equal(
        utf8String(operator.apply(batch), 0),
        "becomes" in example ? example.becomes : example.text,
        message,
      );
      break;
    case "annotate": {
      const columns = operator.apply(batch);
      assert.deepEqual(
        [...columns].map(([name, { kind }]) => ({ name, kind })),
        stage.writes.map(({ name, kind }) => ({ name, kind })),
        message,
      );
      if (!("tokens" in example)) break;
      const tokens = columns.get("tokens");
      assert.ok(tokens?.kind === "token_list", message);
      assert.deepEqual([...tokens.values.subarray(0, tokens.offsets[1])], example.tokens, message);
      break;
    }
    case "barrier":
      checkBarrier(operator, example, message);
      break;
  }
}

/** The first reason given for each row, as names. */
function verdicts(stage: StageDefinition, { apply }: FilterOperator, batch: Batch): string[] {
  const dropped = new Map<number, string>();
  apply(batch, (row, reason) => {
    assert.ok(Object.hasOwn(stage.reasons, reason), `undeclared reason ${reason}`);
    if (!dropped.has(row)) dropped.set(row, reason);
  });
  return [...dropped.values()];
}

/** Two rows of the example's text share all their keys; a stranger shares none of them. */
function checkBarrier(operator: BarrierOperator, example: Example, message: string): void {
  const [first, second, stranger] = sketches(operator, batchOf([example.text, example.text, STRANGER]));
  assert.deepEqual(first, second, message);
  if ("drops" in example) assert.ok(first !== undefined, `no sketch: ${message}`);
  for (const [slot, key] of first?.entries() ?? []) assert.notEqual(stranger?.[slot], key, message);
}

/** Per row, its keys as text, or undefined where it has no sketch. */
function sketches({ sketch, key_bytes, keys_per_row }: BarrierOperator, batch: Batch): (string[] | undefined)[] {
  const words = key_bytes / 4;
  return Array.from({ length: batch.rows }, (_, row) => {
    const out = new Uint32Array(keys_per_row * words);
    if (!sketch(batch, row, out)) return undefined;
    return Array.from({ length: keys_per_row }, (_, slot) => out.subarray(slot * words, (slot + 1) * words).join(","));
  });
}
