/** Clusters in figures, and as lists of their members. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  chainDepth,
  clusterFigures,
  clusterMembers,
  MAX_CHAIN_DEPTH,
  survivorSizes,
} from "../../../kernels/dedup/cluster-figures.ts";
import { NO_SURVIVOR, rootsToSizes, uniteEdges } from "../../../kernels/dedup/union-find.ts";

const edges = (...pairs: readonly number[]): Uint32Array => Uint32Array.from(pairs);

test("figures tell how many clusters there are, of what sizes, and the largest by the lowest document", () => {
  const roots = uniteEdges(20, [edges(1, 5, 5, 9, 2, 3, 10, 11, 12, 13, 13, 14, 14, 15)]);
  const sizes = rootsToSizes(roots.slice());
  assert.deepEqual(survivorSizes(roots), sizes);
  assert.deepEqual(clusterFigures(sizes), {
    clusters: 4,
    members: 11,
    sizes: [3, 1],
    largest: [
      { document: 12, size: 4 },
      { document: 1, size: 3 },
      { document: 2, size: 2 },
      { document: 10, size: 2 },
    ],
  });
  const many = new Uint32Array(100).fill(2);
  assert.equal(clusterFigures(many).largest.length, 20);
  assert.deepEqual(clusterFigures(many).largest.at(-1), { document: 19, size: 2 });
  assert.deepEqual(
    survivorSizes(edges(0, NO_SURVIVOR, 0)),
    edges(2, 0, 0),
    "who falls in nobody's stead is in no cluster",
  );
});

test("the depth of chains: pairs from the lowest document, whatever their order", () => {
  const depth = (count: number, pairs: Uint32Array): number => chainDepth(uniteEdges(count, [pairs]), () => [pairs]);
  assert.equal(depth(5, edges()), 0);
  assert.equal(depth(5, edges(0, 1, 0, 2, 0, 3)), 1);
  assert.equal(depth(5, edges(3, 4, 2, 3, 1, 2, 0, 1)), 4);
  assert.equal(depth(5, edges(0, 1, 1, 2, 2, 3, 0, 3)), 2);
  const chain = Uint32Array.from({ length: 2000 }, (_, i) => 999 - (i >> 1) + (i & 1));
  assert.equal(depth(1001, chain), MAX_CHAIN_DEPTH);
});

test("members are listed cluster by cluster, ascending, in parts of whole clusters; a large one is a part of its own", () => {
  const roots = uniteEdges(30, [edges(0, 29, 3, 4, 7, 8, 8, 9, 9, 10, 10, 11, 20, 21)]);
  const { words, parts } = clusterMembers(roots, rootsToSizes(roots.slice()), 4);
  assert.deepEqual(Array.from(words), [2, 0, 29, 2, 3, 4, 5, 7, 8, 9, 10, 11, 2, 20, 21]);
  assert.deepEqual(parts, [
    { at: 0, words: 6 },
    { at: 6, words: 6 },
    { at: 12, words: 3 },
  ]);
  assert.deepEqual(clusterMembers(edges(0, 1), edges(1, 1), 4), { words: edges(), parts: [] });
});
