import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { xxh64 } from "../../../kernels/hash/xxh64.ts";

const out = new Uint32Array(2);
const hex = () => out[0].toString(16).padStart(8, "0") + out[1].toString(16).padStart(8, "0");

function hash(bytes: Uint8Array, seedLo = 0, seedHi = 0): string {
  xxh64(bytes, 0, bytes.length, seedLo, seedHi, out);
  return hex();
}

test("published vectors", () => {
  assert.equal(hash(new Uint8Array(0)), "ef46db3751d8e999");
  assert.equal(hash(Buffer.from("a")), "d24ec4f1a98c6e5b");
  assert.equal(hash(Buffer.from("abc")), "44bc2cf5ad770999");
  assert.equal(hash(Buffer.from("Nobody inspects the spammish repetition")), "fbcea83c8a378bf1");
});

test("the reference implementation agrees at every length and seed (test/golden/scripts/xxh64.py)", () => {
  const file = path.join(process.cwd(), "test/golden/xxh64.json");
  const cases = JSON.parse(fs.readFileSync(file, "utf8")) as [number, string, string][];
  assert.equal(cases.length, 749);
  const data = Uint8Array.from({ length: 65537 }, (_, i) => Number(((BigInt(i) * 2654435761n) >> 13n) & 255n));
  for (const [length, seed, expected] of cases) {
    const [seedHi, seedLo] = [Number.parseInt(seed.slice(0, 8), 16), Number.parseInt(seed.slice(8), 16)];
    assert.equal(hash(data.subarray(0, length), seedLo, seedHi), expected, `length ${length}, seed ${seed}`);
  }
});

test("a range of a larger array hashes like its copy", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 37) ^ (i >> 3));
  xxh64(bytes, 13, 213, 5, 0, out);
  assert.equal(hex(), hash(bytes.slice(13, 213), 5));
});
