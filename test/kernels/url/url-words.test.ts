import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineSet, lineHash } from "../../../kernels/url/line-set.ts";
import { UrlWords, wordOf } from "../../../kernels/url/url-words.ts";

const word = fc.string({ unit: fc.constantFrom("a", "b", "1"), minLength: 1, maxLength: 6 });
const words = fc.uniqueArray(word, { maxLength: 5 });
const url = fc.string({ unit: fc.constantFrom("a", "b", "A", "1", "/", ".", "é"), maxLength: 40 });

test("words and parts of words are those that regular expressions find", () => {
  fc.assert(
    fc.property(
      words,
      words,
      words,
      fc.array(url, { minLength: 1 }),
      fc.boolean(),
      (banned, softBanned, parts, urls, fold) => {
        const finder = new UrlWords({ banned, softBanned, parts });
        for (const each of urls) {
          const bytes = Buffer.from(`xx${each}yy`);
          finder.look(bytes, 2, bytes.length - 2, fold);
          const found = new Set((fold ? each.toLowerCase() : each).split(/[^a-zA-Z0-9]+/));
          const spelled = wordOf(each);
          assert.equal(
            finder.banned !== undefined,
            banned.some((one) => found.has(one)),
          );
          const soft = softBanned.filter((one) => found.has(one) && !banned.includes(one));
          assert.equal(finder.softBanned, soft.length);
          assert.equal(
            finder.part !== undefined,
            parts.some((one) => spelled.includes(one)),
          );
          if (finder.part !== undefined) assert.ok(spelled.includes(finder.part));
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("a list's lines are a set, without comments, empty lines and the white space around them; those that are marked are at least those", () => {
  const line = fc.string({ unit: fc.constantFrom("a", "b", "#", " ", "\t", "\r"), maxLength: 5 });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), fc.array(line, { maxLength: 40 }), (lines, asked) => {
      const set = new LineSet(Buffer.from(lines.join("\n")));
      const memory = new ArrayBuffer(64 + set.index_bytes);
      set.attach(memory, 64);
      set.fill(() => {});
      // Another thread may fill it again.
      set.fill(() => {});
      const there = new Set(lines.filter((each) => !each.startsWith("#")).map((each) => each.trim()));
      there.delete("");
      for (const each of [...asked, ...lines].map((each) => each.trim())) {
        const bytes = Buffer.from(`.${each}.`);
        const marks = new Uint8Array(1);
        set.mark(Uint32Array.of(lineHash(bytes, 1, bytes.length - 1)), 1, marks);
        assert.equal(set.has(bytes, 1, bytes.length - 1), there.has(each), JSON.stringify(each));
        assert.ok(marks[0] === 1 || !there.has(each));
      }
    }),
    { numRuns: 200 },
  );
});
