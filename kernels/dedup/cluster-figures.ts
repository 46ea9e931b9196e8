/**
 * What clusters are like, for who has to decide whether dedup may take what it would take.
 *
 * Invariant: figures depend on sizes and on the set of pairs alone. Memory: what is given, and a byte a document for the depth of chains.
 */
import { NO_SURVIVOR } from "./union-find.ts";

/** Clusters that are told by name. */
const LARGEST = 20;
/** Passes over the pairs at most: deeper chains are told as this deep. */
export const MAX_CHAIN_DEPTH = 64;

export interface ClusterFigures {
  /** Clusters of two documents and more. */
  readonly clusters: number;
  /** Documents in them. */
  readonly members: number;
  /** Clusters by size: entry i counts those of 2^(i+1) to 2^(i+2) - 1 documents. */
  readonly sizes: readonly number[];
  /** The largest ones, those of equal size by document: which document survives, and how many they are. */
  readonly largest: readonly { readonly document: number; readonly size: number }[];
}

/** `sizes` of every survivor; 0 for other documents, as rootsToSizes leaves them. */
export function clusterFigures(sizes: Uint32Array): ClusterFigures {
  const bySize: number[] = [];
  const largest: { document: number; size: number }[] = [];
  let clusters = 0;
  let members = 0;
  for (let document = 0; document < sizes.length; document++) {
    const size = sizes[document];
    if (size < 2) continue;
    clusters++;
    members += size;
    const bin = 30 - Math.clz32(size);
    while (bySize.length <= bin) bySize.push(0);
    bySize[bin]++;
    if (largest.length === LARGEST && size <= largest[LARGEST - 1].size) continue;
    const at = largest.findLastIndex((entry) => entry.size >= size) + 1;
    largest.splice(at, 0, { document, size });
    largest.length = Math.min(largest.length, LARGEST);
  }
  return { clusters, members, sizes: bySize, largest };
}

/** Sizes of clusters from survivors that need not be the lowest documents; of none where a document falls without one. */
export function survivorSizes(roots: Uint32Array): Uint32Array {
  const sizes = new Uint32Array(roots.length);
  for (let document = 0; document < roots.length; document++) {
    const root = roots[document];
    if (root !== NO_SURVIVOR) sizes[root]++;
  }
  return sizes;
}

/**
 * How many pairs lie between the lowest document of a cluster and the farthest one of it, in the cluster where that is most. A pair stands for a key that
 * two documents share; where documents share a key with one another and not with the lowest one, its first document is counted in between.
 * Goes over the pairs until nothing changes, {@link MAX_CHAIN_DEPTH} times at most.
 */
export function chainDepth(roots: Uint32Array, edges: () => Iterable<Uint32Array>): number {
  const depths = new Uint8Array(roots.length).fill(0xff);
  for (let document = 0; document < roots.length; document++) if (roots[document] === document) depths[document] = 0;
  for (let pass = 0, changes = true; changes && pass < MAX_CHAIN_DEPTH; pass++) {
    changes = false;
    for (const pairs of edges()) {
      for (let i = 0; i + 1 < pairs.length; i += 2) {
        const [a, b] = [depths[pairs[i]], depths[pairs[i + 1]]];
        if (a + 1 < b) depths[pairs[i + 1]] = a + 1;
        else if (b + 1 < a) depths[pairs[i]] = b + 1;
        else continue;
        changes = true;
      }
    }
  }
  let deepest = 0;
  for (const depth of depths) if (depth > deepest) deepest = depth;
  return Math.min(deepest, MAX_CHAIN_DEPTH);
}

/** The clusters of two documents and more, one after the other: each as the number of its documents and these, ascending. */
export interface ClusterMembers {
  readonly words: Uint32Array;
  /** Where parts begin and end in `words`: whole clusters, of at least `partWords` together but for the last. */
  readonly parts: readonly { readonly at: number; readonly words: number }[];
}

/** `roots` are lowest documents, `sizes` theirs. Linear, whatever the clusters; 4 bytes a member on top of what is given, and `sizes` is used up. */
export function clusterMembers(roots: Uint32Array, sizes: Uint32Array, partWords: number): ClusterMembers {
  let total = 0;
  for (const size of sizes) if (size > 1) total += size + 1;
  const words = new Uint32Array(total);
  const parts: { at: number; words: number }[] = [];
  let at = 0;
  let start = 0;
  // In the place of a root's size: where its next document goes.
  for (let document = 0; document < roots.length; document++) {
    const size = sizes[document];
    if (roots[document] === document) {
      if (size < 2) continue;
      // A large cluster is a part of its own.
      if (size + 1 > partWords && at > start) {
        parts.push({ at: start, words: at - start });
        start = at;
      }
      words[at] = size;
      words[at + 1] = document;
      sizes[document] = at + 2;
      at += size + 1;
      if (at - start >= partWords) {
        parts.push({ at: start, words: at - start });
        start = at;
      }
    } else {
      const root = roots[document];
      words[sizes[root]++] = document;
    }
  }
  if (at > start) parts.push({ at: start, words: at - start });
  return { words, parts };
}
