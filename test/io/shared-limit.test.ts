/** Two threads' parts of one limit, here in one: they share it, and one alone has all of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createLimitMemory, SharedLimit } from "../../io/remote/shared-limit.ts";

test("never more are out than the limit, and nobody is left waiting", async () => {
  const memory = createLimitMemory();
  const parts = [new SharedLimit(memory, "qwen", 6), new SharedLimit(memory, "qwen", 6)];
  const out = [0, 0];
  const most = [0, 0];
  let all = 0;
  const call = (part: number) =>
    parts[part].within(async () => {
      out[part]++;
      most[part] = Math.max(most[part], out[part]);
      all = Math.max(all, out[0] + out[1]);
      await sleep(3);
      out[part]--;
    });
  await Promise.all(Array.from({ length: 30 }, () => call(0)));
  assert.deepEqual([most[0], all], [6, 6], "alone it has all of it");
  // The first one is at it when the other comes: it gives places back as its calls end.
  const first = Array.from({ length: 60 }, () => call(0));
  await sleep(4);
  most[1] = 0;
  await Promise.all([...first, ...Array.from({ length: 30 }, () => call(1))]);
  assert.equal(all, 6);
  assert.ok(most[1] >= 3, `${most[1]}`);
});

test("what fails gives its place back", async () => {
  const limit = new SharedLimit(createLimitMemory(), "qwen", 1);
  await assert.rejects(
    limit.within(() => Promise.reject(new Error("no"))),
    /no/,
  );
  assert.equal(await limit.within(async () => 7), 7);
});
