/** A line that stands in every document, with so little memory that its runs are taken apart: what a suffix array finds, and the bound held on ten times as many. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { ContextComparer, type DuplicateVisitor } from "../../kernels/substring/compare-contexts.ts";
import { allPlaces } from "../../kernels/substring/context-clip.ts";
import type { FragmentShape } from "../../kernels/substring/sampler.ts";
import { ContextSplitter, type EachContext } from "../../workers/tasks/split-contexts.ts";
import { duplicateFragments, marked } from "../kernels/substring/oracle.ts";
import { findDuplicates } from "../kernels/substring/phases.ts";
import { randomizer, temporaryFolder } from "./fixture.ts";

const LENGTH = 32;
const MEMORY_BYTES = 16_384;

/** Documents with a line of `line` bytes in surroundings of their own, and in some that several have. */
function pages(count: number, line: number, seed: number): Buffer[] {
  const random = randomizer(seed);
  const noise = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, () => 97 + random(26)));
  const notice = noise(line);
  const around = Array.from({ length: 6 }, () => noise(14));
  return Array.from({ length: count }, (_, i) => {
    const before = i % 3 === 0 ? around[random(6)] : noise(14);
    const behind = i % 4 === 0 ? around[random(6)] : noise(14);
    const again = i % 17 === 0 ? [behind, notice] : [];
    return Buffer.concat([noise(5), before, notice, behind, ...again, Buffer.from("a".repeat(i % 23 === 0 ? 80 : 0))]);
  });
}

/** Compares contexts with a budget of bytes, all told. */
function splitter(folder: string, memory_bytes: number, figures: { depth: number; held_bytes: number }) {
  return (contexts: readonly Uint32Array[], shape: FragmentShape, visitor: DuplicateVisitor): void => {
    const comparer = new ContextComparer({ ...shape, maxPaired: 4, tableFragments: 128 });
    const path_ = (depth: number): string => path.join(folder, `split-${depth}`);
    const place = { path: path_, vouch: { folder, marker: "marker" } };
    const split = new ContextSplitter(shape, memory_bytes / 4, comparer, place, visitor);
    const words = contexts.reduce((sum, each) => sum + each.length, 0);
    const each: EachContext = (take) => {
      for (const context of contexts) take(context, 0);
    };
    split.compare(each, { words, contexts: contexts.length }, allPlaces(shape));
    figures.depth = Math.max(figures.depth, split.depth);
    figures.held_bytes = Math.max(figures.held_bytes, split.held_bytes, comparer.held_bytes);
    assert.deepEqual(fs.readdirSync(folder), [], "files that were only for this are gone");
  };
}

function found(
  t: test.TestContext,
  documents: readonly Buffer[],
  { symbol_bytes = 1, memory_bytes = MEMORY_BYTES }: { symbol_bytes?: 1 | 4; memory_bytes?: number } = {},
) {
  const figures = { depth: 0, held_bytes: 0 };
  const compare = splitter(temporaryFolder(t), memory_bytes, figures);
  const symbols = symbol_bytes === 1 ? documents : documents.map((each) => Buffer.from(Uint32Array.from(each).buffer));
  const { duplicates, context_bytes } = findDuplicates(symbols, { length: LENGTH, symbol_bytes, compare });
  return { duplicates, context_bytes, ...figures };
}

function check(documents: readonly Buffer[], duplicates: readonly [number, number][][]): number {
  const expected = duplicateFragments(documents, LENGTH);
  documents.forEach((document, index) => {
    const marks = marked(document.length - LENGTH + 1, duplicates[index]);
    assert.ok(Buffer.compare(marks, expected[index]) === 0, `document ${index}`);
  });
  return expected.reduce((sum, marks) => sum + marks.reduce((all, mark) => all + mark, 0), 0);
}

test("runs that share a k-gram are taken apart by places and contents: the fragments that a suffix array finds", (t) => {
  // Lines around the length of a fragment: shorter ones, of which only wider runs are equal, up to ones whose own fragments all documents share.
  for (const [line, seed] of [
    [31, 2],
    [44, 4],
  ]) {
    const documents = pages(200, line, seed);
    const bytes = found(t, documents, { memory_bytes: 2000 });
    const marks = check(documents, bytes.duplicates);
    assert.ok(marks > 300 && bytes.depth >= 2, `${marks} fragments, ${bytes.depth} deep`);
    // Five halvings leave one place of 17.
    if (line > LENGTH) assert.ok(bytes.depth >= 4, `${bytes.depth} deep`);
    const ids = found(t, documents, { symbol_bytes: 4, memory_bytes: 8000 });
    assert.deepEqual(ids.duplicates, bytes.duplicates, "of ids as of bytes");
  }
});

test("memory is the budget, also for ten times as many, and the same fragments go", (t) => {
  const few = pages(150, 36, 5);
  const many = pages(1500, 36, 5);
  const [small, large] = [found(t, few), found(t, many)];
  check(few, small.duplicates);
  assert.ok(large.context_bytes > 10 * MEMORY_BYTES, "they do not fit by far");
  for (const { held_bytes } of [small, large]) assert.ok(held_bytes <= MEMORY_BYTES, `${held_bytes} bytes were held`);
  t.diagnostic(`${large.context_bytes} bytes of contexts: ${large.held_bytes} held of ${MEMORY_BYTES}`);
  // The same without a bound on memory.
  const whole = findDuplicates(many, { length: LENGTH, maxPaired: 4 });
  assert.deepEqual(large.duplicates, whole.duplicates);
});

test("records that share a k-gram and do not fit are judged as they pass by", () => {
  const documents = pages(400, 40, 6);
  const whole = findDuplicates(documents, { length: LENGTH });
  const sliced = findDuplicates(documents, { length: LENGTH, memory_records: 20, span: 7 });
  assert.deepEqual(sliced.duplicates, whole.duplicates);
  assert.ok(sliced.slices > 3, `${sliced.slices} slices`);
});
