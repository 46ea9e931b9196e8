import assert from "node:assert/strict";
import { test } from "node:test";
import stage from "../../../stages/annotate/completion-loss.ts";
import { type AnnotateOperator, NO_RESOURCES } from "../../../stages/define.ts";
import { batchOf, valueAt } from "../../batch-of.ts";

function create(options: Readonly<Record<string, unknown>>): AnnotateOperator {
  return stage.create(stage.options.parse(options), NO_RESOURCES);
}

/** What is trained on of each text. */
function trained(options: Readonly<Record<string, unknown>>, texts: readonly string[], dead = -1): string[][] {
  const batch = batchOf(texts);
  if (dead >= 0) batch.alive.clear(dead);
  const column = create(options).apply(batch).get("loss_ranges");
  assert.ok(column?.kind === "range_list");
  return texts.map((text, row) => {
    const ranges = valueAt(column, row) as number[];
    const bytes = Buffer.from(text);
    return ranges.flatMap((start, i) => (i % 2 === 0 ? [bytes.toString("utf8", start, ranges[i + 1])] : []));
  });
}

test("from a marker to the end, or to the next `until`", () => {
  const texts = ["Q é A ä", "A one Q two A three", "nothing", "A"];
  assert.deepEqual(trained({ after: "A" }, texts), [[" ä"], [" one Q two A three"], [], []]);
  assert.deepEqual(trained({ after: "A", until: "Q" }, texts), [[" ä"], [" one ", " three"], [], []]);
  assert.deepEqual(trained({ after: "A", until: "Q", include_until: true }, texts), [
    [" ä"],
    [" one Q", " three"],
    [],
    [],
  ]);
});

test("a marker that ends one turn may begin the next; dead rows have nothing", () => {
  assert.deepEqual(trained({ after: "#", until: "#" }, ["a#b#c#"]), [["b", "c"]]);
  assert.deepEqual(trained({ after: "A" }, ["A b", "A c"], 0), [[], [" c"]]);
});

test("it counts what it marks, and spans add up", () => {
  const operator = create({ after: "A" });
  operator.apply(batchOf(["A b", "c"]));
  operator.apply(batchOf(["A"]));
  const first = operator.finish?.();
  assert.deepEqual(first, { rows: 3, rows_untrained: 2, text_bytes: 5, trained_bytes: 2 });
  const none = operator.finish?.();
  assert.deepEqual(none, { rows: 0, rows_untrained: 0, text_bytes: 0, trained_bytes: 0 });
  assert.ok(first !== undefined && none !== undefined);
  assert.deepEqual(stage.merge?.([first, none, first]), {
    rows: 6,
    rows_untrained: 4,
    text_bytes: 10,
    trained_bytes: 4,
  });
});
