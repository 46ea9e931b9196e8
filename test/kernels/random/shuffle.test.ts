import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { hash64, permutation, seedFrom, threefry } from "../../../kernels/random/shuffle.ts";

const hex = (word: number): string => word.toString(16).padStart(8, "0");

test("threefry gives the published known answers of Threefry-2x32 with 20 rounds", () => {
  const cases: [number, number, number, number, string][] = [
    [0, 0, 0, 0, "6b200159 99ba4efe"],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, "1cb996fc bb002be7"],
    [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3, "c4923a9c 483df7a0"],
  ];
  for (const [k0, k1, c0, c1, expected] of cases) {
    const out = new Uint32Array(3);
    threefry(k0, k1, c0, c1, out, 1);
    assert.equal(`${hex(out[1])} ${hex(out[2])}`, expected);
    assert.equal(out[0], 0, "writes only its two words");
  }
});

test("hash64 uses all 53 bits of the index", () => {
  const low = new Uint32Array(2);
  const high = new Uint32Array(2);
  const direct = new Uint32Array(2);
  hash64(1, 2, 5, low);
  hash64(1, 2, 5 + 3 * 2 ** 32, high);
  threefry(1, 2, 5, 3, direct);
  assert.notDeepEqual(low, high);
  assert.deepEqual(high, direct);
});

test("one flipped bit of key or index flips half of the output", () => {
  const base = new Uint32Array(2);
  const flipped = new Uint32Array(2);
  let bits = 0;
  let trials = 0;
  for (let index = 0; index < 64; index++) {
    hash64(0x01234567, 0x89abcdef, index, base);
    for (let bit = 0; bit < 96; bit++) {
      if (bit < 32) hash64(0x01234567, 0x89abcdef, (index ^ (1 << bit)) >>> 0, flipped);
      else if (bit < 64) hash64(0x01234567 ^ (1 << (bit - 32)), 0x89abcdef, index, flipped);
      else hash64(0x01234567, 0x89abcdef ^ (1 << (bit - 64)), index, flipped);
      for (let difference of [base[0] ^ flipped[0], base[1] ^ flipped[1]]) {
        for (; difference !== 0; difference &= difference - 1) bits++;
      }
      trials += 64;
    }
  }
  assert.ok(Math.abs(bits / trials - 0.5) < 0.005, `${bits / trials}`);
});

test("seedFrom is fixed, tells numbers from strings, and cannot be confused by joining", () => {
  assert.deepEqual(seedFrom(6, "windows", "fineweb-edu", 0).map(hex), ["b5484372", "6b098251"]);
  const seeds = [
    seedFrom(1),
    seedFrom("1"),
    seedFrom("a", "b"),
    seedFrom("a,b"),
    seedFrom('a","b'),
    seedFrom(),
    seedFrom(""),
  ];
  assert.equal(new Set(seeds.map(String)).size, seeds.length);
  assert.throws(() => seedFrom(Number.NaN), RangeError);
});

// Expected values come from an independent implementation in Python.
test("permutation is fixed by its seed", () => {
  const large = permutation(100_000, [0x80000001, 0xdeadbeef]);
  assert.equal(
    createHash("sha256").update(new Uint8Array(large.buffer)).digest("hex"),
    "15fbac2c6da3abe6ba87d966daaac2e171989d327011601a9e19cd0409bc897e",
  );
  assert.deepEqual([...permutation(10, [0, 6])], [1, 3, 6, 9, 4, 8, 5, 7, 0, 2]);
  assert.deepEqual([...permutation(0, [1, 2])], []);
  assert.deepEqual([...permutation(1, [1, 2])], [0]);
  assert.throws(() => permutation(-1, [1, 2]), RangeError);
});

test("permutation holds every index once", () => {
  fc.assert(
    fc.property(fc.nat(500), fc.nat(), fc.nat(), (n, a, b) => {
      const sorted = permutation(n, [a, b]).sort();
      for (let i = 0; i < n; i++) assert.equal(sorted[i], i);
    }),
  );
});

test("all orders of five entries are equally likely", () => {
  const seen = new Map<string, number>();
  const draws = 24_000;
  for (let seed = 0; seed < draws; seed++) {
    const order = permutation(5, [0, seed]).join();
    seen.set(order, (seen.get(order) ?? 0) + 1);
  }
  assert.equal(seen.size, 120);
  let chi = 0;
  for (const count of seen.values()) chi += (count - draws / 120) ** 2 / (draws / 120);
  // 119 degrees of freedom: mean 119, standard deviation 15.4.
  assert.ok(chi > 70 && chi < 185, `${chi}`);
});
