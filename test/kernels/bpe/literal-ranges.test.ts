/** Special tokens are text in literal ranges: the ids are those of a file that does not know them there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Bitmap } from "../../../batch/bitmap.ts";
import type { RangeListColumn } from "../../../batch/column.ts";
import { loadTokenizer } from "../../../io/tokenizer-files.ts";
import { ByteBpeEncoder } from "../../../kernels/bpe/encoder.ts";
import { RoundTrip } from "../../../kernels/bpe/round-trip.ts";
import { TokenLoss } from "../../../kernels/bpe/token-loss.ts";
import { batchOf } from "../../batch-of.ts";
import { tinyTokenizer } from "./tiny-tokenizer.ts";

const SPECIAL = ["<a>", "<a>b", "<é>"];
/** What stands for them in the file that knows no other names: nothing else spells these. */
const ALIASES = ["\u{f0001}", "\u{f0002}", "\u{f0003}"];
const PLAIN = { id: 261, content: "x x", special: false, normalized: false };

function fileWith(names: readonly string[], normalized: boolean): object {
  const added_tokens = [
    ...names.map((content, i) => ({ id: 258 + i, content, special: true, normalized })),
    { ...PLAIN, normalized },
  ];
  const file = tinyTokenizer([
    ["<", "a"],
    ["Ã", "©"],
  ]);
  return { ...file, added_tokens, normalizer: { type: "NFC" } };
}

const load = (file: object) => loadTokenizer("tiny", Buffer.from(JSON.stringify(file)));
const pieces = fc.array(
  fc.record({
    text: fc.constantFrom("<a>", "<a>b", "<", "a", "a>", "x x", "b", "<é>", "<e", "\u0301", ">", " ", "x", "é"),
    isLiteral: fc.boolean(),
  }),
  { maxLength: 12 },
);

/** The special tokens of template parts, as a file finds them that looks at each part alone. */
function aliased(text: string): string {
  return text.normalize("NFC").replace(/<a>b|<a>|<é>/g, (name) => ALIASES[SPECIAL.indexOf(name)]);
}

for (const normalized of [false, true]) {
  test(`ids are those of texts without the tokens there, ${normalized ? "in normal form" : "as they are"}`, () => {
    const tokenizer = load(fileWith(SPECIAL, normalized));
    const oracle = load(fileWith(ALIASES, false));
    const plain = new ByteBpeEncoder(tokenizer.model);
    const roundTrip = new RoundTrip(tokenizer);
    const tokenLoss = new TokenLoss(tokenizer.model, "parse");
    fc.assert(
      fc.property(pieces, (parts) => {
        // Parts of one kind that touch are one; what is not literal is normal already, so that aliases stand where tokens did.
        const runs: { text: string; isLiteral: boolean }[] = [];
        for (const { text, isLiteral } of parts) {
          const last = runs.at(-1);
          if (last?.isLiteral === isLiteral) last.text += text;
          else runs.push({ text, isLiteral });
        }
        // A mark at the border of two parts would compose over it.
        if (runs.some(({ text }) => text.startsWith("\u0301"))) return;
        if (!normalized && runs.some(({ text }) => text.includes("\u0301"))) return;
        const starts: number[] = [];
        const ends: number[] = [];
        let bytes = 0;
        for (const { text, isLiteral } of runs) {
          const size = Buffer.byteLength(text);
          if (isLiteral) {
            starts.push(bytes);
            ends.push(bytes + size);
          }
          bytes += size;
        }
        const literals: RangeListColumn = {
          kind: "range_list",
          starts: Int32Array.from([0, ...starts]),
          ends: Int32Array.from([1, ...ends]),
          offsets: Int32Array.of(0, 1, 1 + starts.length),
        };
        const text = runs.map((run) => run.text).join("");
        const wanted = runs.map((run) => (run.isLiteral ? run.text : aliased(run.text))).join("");
        const expected = [...oracle.encodeText(wanted, { special: "parse" })];
        const { text: column } = batchOf(["<", text]);
        for (const encoder of [plain, tokenizer.encoder]) {
          const parsed = new Int32Array(2);
          const options = { special: "parse", parsed, literals } as const;
          const tokens = encoder.encodeDocuments(column, Bitmap.full(2), undefined, options);
          const ids = tokens.values.subarray(tokens.offsets[1], tokens.offsets[2]);
          assert.deepEqual([...ids], expected, JSON.stringify(runs));
          assert.equal(parsed[1], expected.filter((id) => id >= 258 && id < 261).length);
          const pairs = Int32Array.from(starts.flatMap((start, i) => [start, ends[i]]));
          const whole = Buffer.from(text);
          assert.ok(roundTrip.keeps(whole, 0, whole.length, ids, pairs));
          // Everything marked: every token is trained on, so that tokens and pieces agree on where they lie.
          const all: RangeListColumn = {
            kind: "range_list",
            starts: Int32Array.of(0, 0),
            ends: Int32Array.of(1, whole.length),
            offsets: Int32Array.of(0, 1, 2),
          };
          const lane = tokenLoss.lane(tokens, column, all, { after: 0, literals });
          assert.ok(lane.every((trained) => trained === 1));
        }
      }),
      { numRuns: 1000 },
    );
  });
}

test("a token that only reaches into a literal range is none, and a shorter one before it is", () => {
  const tokenizer = load(fileWith(SPECIAL, false));
  const encode = (text: string, ...ranges: number[]) => {
    const literals: RangeListColumn = {
      kind: "range_list",
      starts: Int32Array.from(ranges.filter((_, i) => i % 2 === 0)),
      ends: Int32Array.from(ranges.filter((_, i) => i % 2 === 1)),
      offsets: Int32Array.of(0, ranges.length / 2),
    };
    return [...tokenizer.encodeText(text, { special: "parse", literals })];
  };
  assert.deepEqual(encode("<a>b"), [259]);
  assert.deepEqual(encode("<a>b", 3, 4), [258, 98]);
  assert.deepEqual(encode("<a>b", 2, 4), [60, 97, 62, 98]);
  assert.deepEqual(encode("<a>b<a>", 0, 3), [60, 97, 62, 98, 258]);
  // What is not special is found over borders, also where a special token would have begun before it.
  assert.deepEqual(encode("x x<a>", 2, 4), [261, 60, 97, 62]);
});
