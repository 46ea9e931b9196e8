/** Files that are no models, or no longer: refused by name, never read beyond their end. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exp, log } from "../../../kernels/fasttext/floats.ts";
import { BadModel, describeModel } from "../../../kernels/fasttext/model-file.ts";
import { ROOT } from "../../project-root.ts";

const FILES = ["hs-quantized.ftz", "many.ftz", "ns-words.bin"];

function read(name: string): Buffer {
  return readFileSync(join(ROOT, "test/golden/fasttext", name));
}

test("a model that is cut anywhere, or goes on, is refused", () => {
  for (const name of FILES) {
    const bytes = read(name);
    const { entries, input, output } = describeModel(bytes);
    const cuts = [0, 3, 4, 7, 40, entries, entries + 3, input.at - 1, input.at, output.at, bytes.length - 1];
    for (let cut = 50; cut < bytes.length; cut += 997) cuts.push(cut);
    for (const cut of cuts)
      assert.throws(() => describeModel(bytes.subarray(0, cut)), BadModel, `${name}, ${cut} bytes`);
    assert.throws(() => describeModel(Buffer.concat([bytes, Buffer.alloc(1)])), /1 bytes follow its end/);
  }
});

test("sizes that contradict each other are refused", () => {
  const bytes = read("hs-quantized.ftz");
  const changed = (at: number, value: number) => {
    const copy = Buffer.from(bytes);
    copy.writeInt32LE(value, at);
    return copy;
  };
  assert.throws(() => describeModel(changed(4, 13)), /version 13/);
  assert.throws(() => describeModel(changed(8 + 4 * 7, 1)), /word vectors and no classifier/);
  assert.throws(() => describeModel(changed(8 + 4 * 6, 9)), /loss of number 9/);
  const { entries, input } = describeModel(bytes);
  for (const [at, value] of [
    [8, 0],
    [8, 2 ** 30],
    [entries - 28, 2 ** 31 - 1],
    [entries - 24, -1],
    [entries - 8, 2 ** 30],
    [input.at - 4, 2 ** 30],
    [input.at - 4, -1],
    [input.at - 20, 2 ** 30],
  ] as const) {
    assert.throws(() => describeModel(changed(at, value)), BadModel, `${value} at ${at}`);
  }
});

test("any byte of a head may be wrong: an error or a description, never a hang or a read outside", () => {
  const bytes = read("hs-quantized.ftz");
  const { entries } = describeModel(bytes);
  for (let at = 0; at < entries; at++) {
    for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
      const copy = Buffer.from(bytes);
      copy[at] = value;
      try {
        describeModel(copy);
      } catch (error) {
        assert.ok(error instanceof BadModel, `byte ${at}: ${error}`);
      }
    }
  }
});

test("exponential and logarithm are those of the engine, to 1e-15", () => {
  for (let x = -700; x < 700; x += 0.37) {
    const wanted = Math.exp(x);
    assert.ok(Math.abs(exp(x) - wanted) <= 2e-15 * wanted, `exp ${x}`);
    const value = wanted + 1e-5;
    assert.ok(Math.abs(log(value) - Math.log(value)) <= 2e-15 * Math.max(1, Math.abs(Math.log(value))), `log ${value}`);
  }
  assert.equal(exp(0), 1);
  assert.equal(log(1), 0);
  assert.equal(exp(-1000), 0);
});
