/** Which characters may be taken whole: by example, each rule alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { characterTokens, linkBit } from "../../../kernels/bpe/character-tokens.ts";
import { assertSame, engines, NO_ENGINE } from "../wasm/bpe-engines.ts";
import { load, tinyTokenizer } from "./tiny-tokenizer.ts";

const E_ACUTE = 0xe9; // C3 A9, spelled Ã ©
const utf8 = new TextEncoder();

type Merges = readonly (readonly [string, string])[];

function tablesOf(merges: Merges) {
  const tables = characterTokens(load(tinyTokenizer(merges)).model);
  const has = (codePoint: number, bit: number) =>
    ((tables.neighbours[tables.positions[codePoint] * 64 + (bit >> 3)] >> (bit & 7)) & 1) === 1;
  return {
    ...tables,
    mayFollow: (codePoint: number, byte: string) => has(codePoint, byte.charCodeAt(0)),
    mayPrecede: (codePoint: number, byte: string) => has(codePoint, 256 + byte.charCodeAt(0)),
  };
}

test("a character with a token of its own is listed, others are not", () => {
  const { positions, tokens } = tablesOf([["Ã", "©"]]);
  assert.equal(positions.filter((position) => position !== 0).length, 1);
  assert.equal(tokens[positions[E_ACUTE]], 256);
});

test("an earlier merge across its border forbids it beside that byte, a later one does not", () => {
  const early = tablesOf([
    ["x", "Ã"],
    ["Ã", "©"],
    ["y", "Ã"],
    ["©", "z"],
  ]);
  assert.equal(early.mayFollow(E_ACUTE, "x"), false);
  assert.equal(early.mayFollow(E_ACUTE, "y"), true);
  assert.equal(early.mayPrecede(E_ACUTE, "z"), true);
  const late = tablesOf([
    ["©", "z"],
    ["Ã", "©"],
  ]);
  assert.equal(late.mayPrecede(E_ACUTE, "z"), false);
  assert.equal(late.mayPrecede(E_ACUTE, "x"), true);
});

test("a merge of the whole character that ranks before its own counts too", (t) => {
  const merges: Merges = [
    ["x", "Ã©"],
    ["z", "x"],
    ["Ã", "©"],
  ];
  assert.equal(tablesOf(merges).mayFollow(E_ACUTE, "x"), false);
  const both = engines(load(tinyTokenizer(merges)).model);
  if (both === undefined) return t.skip(NO_ENGINE);
  // "z x" merges while the character is incomplete: "x é" comes too late.
  assert.equal(assertSame(both, utf8.encode("zxé")), 2);
  assert.equal(assertSame(both, utf8.encode("xé")), 1);
});

test("neighbours are linked where a token holds them", (t) => {
  const merges: Merges = [
    ["Ã", "©"],
    ["Ã", "¨"],
    ["Ã©", "Ã¨"],
  ];
  const { positions, links } = tablesOf(merges);
  const linked = (left: string, right: string) => {
    const bit = linkBit(positions[left.codePointAt(0)!], positions[right.codePointAt(0)!]);
    return ((links[bit >> 3] >> (bit & 7)) & 1) === 1;
  };
  assert.equal(linked("é", "è"), true);
  assert.equal(linked("è", "é"), false);
  const both = engines(load(tinyTokenizer(merges)).model);
  if (both === undefined) return t.skip(NO_ENGINE);
  assert.equal(assertSame(both, utf8.encode("éèéèèéé")), 5);
});
