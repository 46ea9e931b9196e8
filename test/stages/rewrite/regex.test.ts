import assert from "node:assert/strict";
import { test } from "node:test";
import { Regex } from "../../../kernels/regex.ts";
import stage from "../../../stages/rewrite/regex.ts";
import { batchOf } from "../../batch-of.ts";
import { applyAll } from "../filter/run.ts";

test("matches are replaced from left to right, and what is around them stays byte for byte", () => {
  const batch = batchOf(["été – 12 et 345 – fin", "none", Uint8Array.of(0x31, 0xff, 0x32), "", "77"]);
  const { texts, dropped } = applyAll(stage, { pattern: "[0-9]+", replacement: "№" }, batch);
  assert.deepEqual([texts[0], texts[1], texts[3], texts[4]], ["été – № et № – fin", "none", "", "№"]);
  assert.deepEqual(
    Buffer.from(batch.text.data).subarray(batch.text.offsets[2], batch.text.offsets[3]),
    Buffer.concat([Buffer.from("№"), Buffer.of(0xff), Buffer.from("№")]),
  );
  assert.equal(dropped.size, 0);
});

test("a text of which nothing is left falls; a replacement is no template; dead rows are left alone", () => {
  const cut = batchOf(["aaa", "aba", "aaa"]);
  cut.alive.clear(2);
  const { texts, dropped } = applyAll(stage, { pattern: "a+" }, cut);
  assert.deepEqual(texts, ["", "b", "aaa"]);
  assert.deepEqual([...dropped.keys()], [0]);
  assert.deepEqual(applyAll(stage, { pattern: "(b)", replacement: "$1$&" }, batchOf(["abc"])).texts, ["a$1$&c"]);
});

test("an expression that may match nothing does so without an effect or an end", () => {
  assert.deepEqual(applyAll(stage, { pattern: "x*", replacement: "-" }, batchOf(["axxb", "ab"])).texts, ["a-b", "ab"]);
  const regex = Regex.compile("x*");
  assert.ok(regex instanceof Regex);
  assert.deepEqual([...regex.all(Buffer.from("axxbx"), 1, 4)], [[1, 3]]);
});
