import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestName } from "../../kernels/nearest-name.ts";

test("finds slips, not strangers", () => {
  const names = ["id", "text", "url", "language_score"];
  assert.equal(nearestName("txet", names), "text");
  assert.equal(nearestName("TEXT", names), "text");
  assert.equal(nearestName("langage_scores", names), "language_score");
  assert.equal(nearestName("content", names), undefined);
  assert.equal(nearestName("x", []), undefined);
});
