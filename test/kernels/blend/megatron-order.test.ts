/** Megatron's shuffle, held to numpy's and megatron-core's own: test/golden/scripts/megatron-order.py. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MegatronOrder } from "../../../kernels/blend/megatron-order.ts";
import { Mt19937 } from "../../../kernels/random/mt19937.ts";

interface Golden {
  readonly shuffles: readonly {
    readonly count: number;
    readonly seed: number;
    readonly order?: readonly number[];
    readonly sha256_u32le?: string;
  }[];
  readonly orders: readonly {
    readonly lengths: readonly number[];
    readonly sequence_length: number;
    readonly samples: number;
    readonly seed: number;
    readonly epochs: number;
    readonly apart: boolean;
    readonly pieces: readonly (readonly (readonly [number, number, number])[])[];
  }[];
}

const golden: Golden = JSON.parse(readFileSync("test/golden/megatron/order.json", "utf8"));

test("RandomState.shuffle of numpy, from one entry to a million", () => {
  for (const { count, seed, order, sha256_u32le } of golden.shuffles) {
    const values = Uint32Array.from({ length: count }, (_, i) => i);
    new Mt19937(seed).shuffle(values);
    if (order !== undefined) assert.deepEqual([...values], order);
    else assert.equal(createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex"), sha256_u32le);
  }
});

test("every sample of a prefix, piece by piece, over one epoch and several, the last one apart or not", () => {
  assert.deepEqual([...new Set(golden.orders.map(({ apart }) => apart))].sort(), [false, true]);
  for (const { lengths, pieces, epochs, ...prefix } of golden.orders) {
    const order = new MegatronOrder({ ...prefix, lengths: Float64Array.from(lengths) });
    assert.deepEqual([order.epochs, order.samples], [epochs, pieces.length]);
    const ours = pieces.map((_, sample) =>
      order.pieces(sample).map(({ document, start, length }) => [document, start, length]),
    );
    assert.deepEqual(ours, pieces);
    lengths.forEach((_, document) => {
      const holding = pieces.flatMap((sample, index) => (sample.some(([other]) => other === document) ? [index] : []));
      assert.deepEqual(order.samplesOf(document), holding);
    });
  }
});
