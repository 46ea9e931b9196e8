import assert from "node:assert/strict";
import { test } from "node:test";
import { counted, exactly, withArticle } from "../../batch/plural.ts";

test("words follow their number, in figures for people and in those of files", () => {
  assert.deepEqual(
    [0, 1, 2, 1234].map((count) => counted(count, "task")),
    ["0 tasks", "1 task", "2 tasks", "1,234 tasks"],
  );
  assert.deepEqual(
    [1, 1234].map((count) => exactly(count, "byte")),
    ["1 byte", "1234 bytes"],
  );
  assert.equal(counted(2, "entry", "entries"), "2 entries");
  assert.deepEqual(["ingest", "pack"].map(withArticle), ["an ingest", "a pack"]);
});
