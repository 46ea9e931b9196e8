import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteStrings } from "../../kernels/byte-strings.ts";

test("a set of byte strings knows its own and no others, wherever they lie", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme", maxLength: 6 })),
      fc.array(fc.string({ maxLength: 3 })),
      (strings, others) => {
        const set = ByteStrings.of(strings);
        assert.equal(set.size, strings.length);
        for (const text of [...strings, ...others]) {
          const bytes = new TextEncoder().encode(`<${text}>`);
          assert.equal(set.find(bytes, 1, bytes.length - 1), strings.indexOf(text));
        }
      },
    ),
  );
  assert.equal(ByteStrings.of([]).has(new Uint8Array(3), 1, 1), false);
  assert.equal(ByteStrings.of([""]).has(new Uint8Array(3), 1, 1), true);
});
