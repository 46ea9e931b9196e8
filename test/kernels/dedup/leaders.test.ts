import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { equalSlots, Leaders, MAX_LEADERS } from "../../../kernels/dedup/leaders.ts";

const SLOTS = 4;

/** The rule, written down once more with lists. */
function reference(documents: readonly number[], signature: (document: number) => number[], least: number): string[] {
  const leaders: number[] = [];
  const pairs: string[] = [];
  for (const document of documents) {
    const own = signature(document);
    const leader = leaders.find((other) => signature(other).filter((value, i) => value === own[i]).length >= least);
    if (leader !== undefined) pairs.push(`${leader},${document}`);
    else if (leaders.length < 16) leaders.push(document);
  }
  return pairs;
}

function match(documents: readonly number[], signature: (document: number) => number[], least: number): string[] {
  const pairs: string[] = [];
  const leaders = new Leaders(
    SLOTS,
    (signatures, a, b) => equalSlots(signatures, a, b, SLOTS) >= least,
    (document, out, at) => out.set(signature(document), at),
  );
  // A group leaves nothing behind for the next one, and entries past its count do not show.
  for (let round = 0; round < 2; round++) {
    pairs.length = 0;
    leaders.match(Uint32Array.from([...documents, 5]), documents.length, (a, b) => pairs.push(`${a},${b}`));
  }
  return pairs;
}

test("any group: exactly the pairs of the rule", () => {
  const signature = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: SLOTS, maxLength: SLOTS });
  fc.assert(
    fc.property(fc.array(signature, { maxLength: 60 }), fc.integer({ min: 0, max: SLOTS }), (signatures, least) => {
      const documents = signatures.map((_, i) => 4_000_000_000 + 3 * i);
      const of = (document: number): number[] => signatures[(document - 4_000_000_000) / 3];
      assert.deepEqual(match(documents, of, least), reference(documents, of, least));
    }),
  );
});

test("after sixteen leaders a document that is like none of them stays alone, and so does its copy", () => {
  const documents = Array.from({ length: 40 }, (_, i) => i);
  const pairs = match(documents, (document) => [document % 20, 0, 0, 1 + (document % 20)], SLOTS);
  assert.equal(MAX_LEADERS, 16);
  assert.deepEqual(
    pairs,
    Array.from({ length: 16 }, (_, i) => `${i},${i + 20}`),
  );
});

test("a million documents of one key that are all different cost sixteen comparisons each", () => {
  let comparisons = 0;
  const leaders = new Leaders(
    1,
    () => {
      comparisons++;
      return false;
    },
    () => {},
  );
  leaders.match(new Uint32Array(1_000_000), 1_000_000, () => assert.fail());
  assert.equal(comparisons, 16 * 1_000_000 - (16 * 17) / 2);
});

test("equal slots of any two places", () => {
  const signatures = Uint16Array.of(1, 2, 3, 9, 2, 3, 65535, 2, 0);
  assert.equal(equalSlots(signatures, 0, 3, 3), 2);
  assert.equal(equalSlots(signatures, 3, 6, 3), 1);
  assert.equal(equalSlots(signatures, 6, 6, 3), 3);
});
