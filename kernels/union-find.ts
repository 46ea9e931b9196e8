/**
 * Clusters from pairs of documents.
 *
 * Invariant: a root is the smallest document of its cluster, so the result depends on the set of pairs alone, never on
 * their order. Price: 4 bytes per document while uniting and 4 more for the sizes; union by minimum with path halving,
 * no ranks.
 */
import { RunError } from "../batch/errors.ts";

/** Document numbers are unsigned 32-bit integers and the largest one marks "none". */
export const MAX_DOCUMENTS = 0xffffffff;

export interface Clusters {
  /** For every document the smallest document of its cluster: itself where it survives. */
  readonly roots: Uint32Array;
  /** For every root the documents of its cluster, itself included; 0 for the other documents. */
  readonly sizes: Uint32Array;
}

/** Unites pairs as they come; `finish` ends its life, because the result takes over its memory. */
export class UnionFind {
  readonly #parents: Uint32Array;

  /** Throws RunError `run/too-many-documents` or `run/out-of-memory`. */
  constructor(documents: number) {
    this.#parents = allocate(documents);
    for (let document = 0; document < documents; document++) this.#parents[document] = document;
  }

  /** Unites the pairs (edges[2i], edges[2i + 1]). Throws RunError `run/bad-edge` for a document that does not exist. */
  unite(edges: Uint32Array): void {
    const parents = this.#parents;
    const documents = parents.length;
    for (let i = 0; i + 1 < edges.length; i += 2) {
      let a = edges[i];
      let b = edges[i + 1];
      if (a >= documents || b >= documents) throw badEdge(Math.max(a, b), documents);
      while (parents[a] !== a) {
        parents[a] = parents[parents[a]];
        a = parents[a];
      }
      while (parents[b] !== b) {
        parents[b] = parents[parents[b]];
        b = parents[b];
      }
      if (a < b) parents[b] = a;
      else parents[a] = b;
    }
  }

  finish(): Clusters {
    const roots = this.#parents;
    const sizes = allocate(roots.length);
    // A parent is never larger than its child: ascending, every parent is already a root.
    for (let document = 0; document < roots.length; document++) {
      const root = roots[roots[document]];
      roots[document] = root;
      sizes[root]++;
    }
    return { roots, sizes };
  }
}

/** Unites every pair of every array: `[a0, b0, a1, b1, …]`. Errors as {@link UnionFind}. */
export function uniteEdges(documents: number, edges: Iterable<Uint32Array>): Clusters {
  const clusters = new UnionFind(documents);
  for (const pairs of edges) clusters.unite(pairs);
  return clusters.finish();
}

/** Throws RunError `run/too-many-documents` where 32 bits cannot number that many. */
export function checkDocumentCount(documents: number): void {
  if (documents <= MAX_DOCUMENTS) return;
  throw new RunError({
    code: "run/too-many-documents",
    what: `${documents} documents are to be compared with each other, at most ${MAX_DOCUMENTS} can be`,
    why: "documents are numbered with 32 bits, because memory grows with every byte of a number",
    fix: "use `scope: source` or split the source, so that fewer documents share a scope",
  });
}

function allocate(documents: number): Uint32Array {
  checkDocumentCount(documents);
  try {
    return new Uint32Array(documents);
  } catch (error) {
    throw new RunError(
      {
        code: "run/out-of-memory",
        what: `cannot allocate ${documents * 4} bytes to cluster ${documents} documents`,
        why: "clustering holds 8 bytes per document in one process",
        fix: "give the run more memory, use `scope: source`, or use a newer Node, whose typed arrays may be longer",
      },
      { cause: error },
    );
  }
}

function badEdge(document: number, documents: number): RunError {
  return new RunError({
    code: "run/bad-edge",
    what: `a pair names document ${document}, there are ${documents}`,
    why: "the files of the match phase belong to another set of documents",
    fix: "remove the scratch folder of the run and start it again",
  });
}
