import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RunError } from "../../../batch/errors.ts";
import {
  checkDocumentCount,
  MAX_DOCUMENTS,
  rootsToSizes,
  UnionFind,
  uniteEdges,
} from "../../../kernels/dedup/union-find.ts";

/** Smallest member of each document's connected component, by flooding. */
function flood(documents: number, pairs: readonly (readonly [number, number])[]): number[] {
  const roots = Array.from({ length: documents }, (_, i) => i);
  for (let changed = true; changed; ) {
    changed = false;
    for (const [a, b] of pairs) {
      const least = Math.min(roots[a], roots[b]);
      if (roots[a] !== least || roots[b] !== least) changed = true;
      roots[a] = least;
      roots[b] = least;
    }
  }
  return roots;
}

/** Roots and the sizes made from them. */
function clusters(documents: number, edges: Iterable<Uint32Array>): { roots: number[]; sizes: number[] } {
  const roots = uniteEdges(documents, edges);
  return { roots: [...roots], sizes: [...rootsToSizes(roots)] };
}

test("no documents, no pairs", () => {
  assert.deepEqual(clusters(0, []), { roots: [], sizes: [] });
  assert.deepEqual(clusters(3, [new Uint32Array(0)]), { roots: [0, 1, 2], sizes: [1, 1, 1] });
});

test("a chain that is united from its end has its smallest document as root", () => {
  const { roots, sizes } = clusters(6, [Uint32Array.of(4, 5, 3, 4), Uint32Array.of(5, 1)]);
  assert.deepEqual(roots, [0, 1, 2, 1, 1, 1]);
  assert.deepEqual(sizes, [1, 4, 1, 0, 0, 0]);
});

test("any pairs in any order: roots are the smallest documents, sizes add up", () => {
  const documents = 24;
  const document = fc.integer({ min: 0, max: documents - 1 });
  fc.assert(
    fc.property(fc.array(fc.tuple(document, document), { maxLength: 40 }), (pairs) => {
      const expected = flood(documents, pairs);
      const forwards = clusters(documents, [Uint32Array.from(pairs.flat())]);
      const backwards = clusters(
        documents,
        pairs.toReversed().map(([a, b]) => Uint32Array.of(b, a)),
      );
      assert.deepEqual(forwards.roots, expected);
      assert.deepEqual(backwards, forwards);
      for (let root = 0; root < documents; root++) {
        assert.equal(forwards.sizes[root], expected.filter((other) => other === root).length);
      }
    }),
  );
});

test("a group is united as the pairs of its documents, as far as it counts", () => {
  const union = new UnionFind(8);
  union.uniteGroup(Uint32Array.of(2, 5, 7, 0), 3);
  union.uniteGroup(Uint32Array.of(6, 1), 1);
  union.uniteGroup(Uint32Array.of(4, 5), 2);
  assert.deepEqual([...union.finish()], [0, 1, 2, 3, 2, 2, 6, 2]);
  assert.throws(() => new UnionFind(3).uniteGroup(Uint32Array.of(0, 3), 2), { code: "run/bad-edge" });
});

test("a long chain in the worst order stays fast", () => {
  const documents = 1_000_000;
  const edges = new Uint32Array(2 * (documents - 1));
  for (let i = 0; i < documents - 1; i++) edges.set([documents - 2 - i, documents - 1 - i], 2 * i);
  const started = performance.now();
  const roots = uniteEdges(documents, [edges]);
  assert.ok(performance.now() - started < 10_000);
  assert.ok(roots.every((root) => root === 0));
  const sizes = rootsToSizes(roots);
  assert.equal(sizes[0], documents);
  assert.ok(sizes.subarray(1).every((size) => size === 0));
});

test("an unknown document and too many documents are errors for the user", () => {
  const code = (expected: string) => (error: unknown) => error instanceof RunError && error.code === expected;
  assert.throws(() => new UnionFind(3).unite(Uint32Array.of(0, 3)), code("run/bad-edge"));
  assert.throws(() => new UnionFind(MAX_DOCUMENTS + 1), code("run/too-many-documents"));
  assert.throws(() => checkDocumentCount(2 ** 32), code("run/too-many-documents"));
  checkDocumentCount(2 ** 32 - 1);
});
