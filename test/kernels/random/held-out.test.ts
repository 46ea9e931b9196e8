import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldOut } from "../../../kernels/random/held-out.ts";

const held = (seed: number, share: number): number[] => {
  const side = new HeldOut(seed, share);
  return Array.from({ length: 20_000 }, (_, i) => i).filter((i) => side.has(Math.imul(i, 0x9e3779b1), i));
};

test("about the share asked for, none at 0, all at 1", () => {
  assert.deepEqual([held(1, 0).length, held(1, 1).length], [0, 20_000]);
  assert.ok(Math.abs(held(1, 0.1).length - 2000) < 150, String(held(1, 0.1).length));
});

test("a larger share holds out more, another seed others", () => {
  const large = new Set(held(3, 0.05));
  assert.ok(held(3, 0.01).every((document) => large.has(document)));
  assert.ok(held(4, 0.05).some((document) => !large.has(document)));
});

test("the sign in which a word comes does not matter", () => {
  const side = new HeldOut(9, 0.5);
  for (let i = 0; i < 100; i++) {
    const word = Math.imul(i + 1, 0xdeadbeef);
    assert.equal(side.has(word, -i), side.has(word >>> 0, -i >>> 0));
  }
});
