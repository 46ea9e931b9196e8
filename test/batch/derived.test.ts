/** What stages derive from a batch's text is made once, and ends with the text or the batch. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Derivation } from "../../batch/batch.ts";
import { batchOf } from "../batch-of.ts";

function counting(): Derivation<{ readonly bytes: number }> & { made: number; ended: number } {
  const derivation = {
    made: 0,
    ended: 0,
    make: ({ text }: { readonly text: { readonly data: Uint8Array } }) => {
      derivation.made++;
      return { bytes: text.data.length };
    },
    end: () => {
      derivation.ended++;
    },
  };
  return derivation;
}

test("a derivation is made when it is first asked for, once a batch and derivation", () => {
  const [one, other] = [counting(), counting()];
  const batch = batchOf(["abc"]);
  assert.equal(one.made, 0);
  assert.equal(batch.derived(one), batch.derived(one));
  assert.deepEqual(batch.derived(one), { bytes: 3 });
  assert.notEqual(batch.derived(other), batch.derived(one));
  assert.deepEqual([one.made, other.made, one.ended], [1, 1, 0]);
  batchOf(["de"]).derived(one);
  assert.equal(one.made, 2);
});

test("it ends with the text and with the batch, and with no other column", () => {
  const derivation = counting();
  const batch = batchOf(["abc"]);
  batch.derived(derivation);
  batch.setColumn("score", { kind: "int32", values: Int32Array.of(1) });
  assert.equal(derivation.ended, 0);
  batch.setColumn("text", batchOf(["fghi"]).text);
  assert.equal(derivation.ended, 1);
  assert.deepEqual(batch.derived(derivation), { bytes: 4 });
  batch.endDerived();
  batch.endDerived();
  assert.deepEqual([derivation.made, derivation.ended], [2, 2]);
});
