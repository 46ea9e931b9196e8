import assert from "node:assert/strict";
import { test } from "node:test";
import { DistinctCount } from "../../../kernels/dedup/distinct-count.ts";

test("different things are counted within 5 %, however often each comes", () => {
  for (const different of [0, 1, 10, 3000, 40_000, 300_000]) {
    const count = new DistinctCount();
    for (let i = 0; i < different + 20_000 && different > 0; i++) {
      let x = Math.imul((i % different) + 1, 0x9e3779b1);
      x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
      x = Math.imul(x ^ (x >>> 12), 0x297a2d39);
      count.add((x ^ (x >>> 15)) >>> 0);
    }
    const { estimate } = count;
    assert.ok(Math.abs(estimate - different) <= 0.05 * different, `${estimate} for ${different}`);
  }
});
