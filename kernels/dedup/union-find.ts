/**
 * Clusters from groups of documents.
 *
 * Invariant: a root is the smallest document of its cluster, so the result depends on the set of pairs alone, never on
 * their order. Price: 4 bytes per document, whatever is asked; union by minimum with path halving, no ranks.
 */
import { RunError } from "../../batch/errors.ts";

/** Document numbers are unsigned 32-bit integers and the largest one marks "none". */
export const MAX_DOCUMENTS = 0xffffffff;
/** In the place of a root: the document falls, and not because it is like another. */
export const NO_SURVIVOR = 0xffffffff;

/** Unites documents as they come; `finish` ends its life, because the result takes over its memory. */
export class UnionFind {
  readonly #parents: Uint32Array;

  /** Throws RunError `run/too-many-documents` or `run/out-of-memory`. */
  constructor(documents: number) {
    this.#parents = everyDocument(documents);
  }

  /** Unites the pairs (pairs[2i], pairs[2i + 1]). Throws RunError `run/bad-edge` for a document that does not exist. */
  unite(pairs: Uint32Array): void {
    const parents = this.#parents;
    for (let i = 0; i + 1 < pairs.length; i += 2) uniteTwo(parents, pairs[i], pairs[i + 1]);
  }

  /** Unites the documents `group[0, count)` with each other; errors as {@link unite}. */
  uniteGroup(group: Uint32Array, count: number): void {
    const parents = this.#parents;
    for (let i = 1; i < count; i++) uniteTwo(parents, group[0], group[i]);
  }

  /** For every document the smallest document of its cluster: itself where it survives. */
  finish(): Uint32Array {
    const roots = this.#parents;
    // A parent is never larger than its child: ascending, every parent is already a root.
    for (let document = 0; document < roots.length; document++) roots[document] = roots[roots[document]];
    return roots;
  }
}

function uniteTwo(parents: Uint32Array, first: number, second: number): void {
  let a = first;
  let b = second;
  if (a >= parents.length || b >= parents.length) throw badEdge(Math.max(a, b), parents.length);
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

/** Unites every pair of every array, `[a0, b0, a1, b1, …]`, and returns the roots. Errors as {@link UnionFind}. */
export function uniteEdges(documents: number, edges: Iterable<Uint32Array>): Uint32Array {
  const clusters = new UnionFind(documents);
  for (const pairs of edges) clusters.unite(pairs);
  return clusters.finish();
}

/**
 * Turns roots into sizes, in place: for every root the documents of its cluster, itself included; 0 for the other
 * documents. Returns its argument.
 */
export function rootsToSizes(roots: Uint32Array): Uint32Array {
  // Descending, a document's cluster is complete when its root is reached. Until then a root holds its own number plus the
  // others found so far, which is less than the number of documents, and at least its number: others hold less than theirs.
  for (let document = roots.length - 1; document >= 0; document--) {
    const root = roots[document];
    if (root >= document) {
      roots[document] = root - document + 1;
    } else {
      roots[root]++;
      roots[document] = 0;
    }
  }
  return roots;
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

/** Roots of documents that are all on their own. Errors as {@link UnionFind}. */
export function everyDocument(documents: number): Uint32Array {
  const roots = allocate(documents);
  for (let document = 0; document < documents; document++) roots[document] = document;
  return roots;
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
        why: "clustering holds 4 bytes per document in one process",
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
