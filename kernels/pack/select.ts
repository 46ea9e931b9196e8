/**
 * Part of a store's documents, chosen when they are packed: the same tokens serve every training stage, whichever documents it reads.
 *
 * Invariant: the choice depends on document ends alone; documents keep their order, and their positions in the shard are what plans
 * of the part speak of. Price: one pass over the document ends.
 */
import type { PackPlan } from "./plan.ts";

export interface DocumentSelection {
  /** Tokens of a document, EOS included; both ends belong to it. */
  readonly min_tokens?: number | undefined;
  readonly max_tokens?: number | undefined;
  /** Only so much of every shard, from its start: documents lie in random order, so that is a sample. */
  readonly part_ratio?: number | undefined;
}

export interface SelectedDocuments {
  /** Positions in the shard, ascending. */
  readonly documents: Uint32Array;
  /** Their ends, as if they alone lay one after the other. */
  readonly ends: Float64Array;
  readonly documents_skipped: number;
  readonly tokens_skipped: number;
}

/** The documents of a shard that `selection` keeps. A part ends with the document that brings it nearest to its share. */
export function selectDocuments(documentEnds: Float64Array, selection: DocumentSelection): SelectedDocuments {
  const { min_tokens = 1, max_tokens = Number.POSITIVE_INFINITY, part_ratio = 1 } = selection;
  const total = documentEnds.at(-1) ?? 0;
  const limit = total * part_ratio;
  const documents = new Uint32Array(documentEnds.length);
  const ends = new Float64Array(documentEnds.length);
  let count = 0;
  let tokens = 0;
  let start = 0;
  for (let document = 0; document < documentEnds.length; document++) {
    const end = documentEnds[document];
    if (start > 0 && end - limit > limit - start) break;
    const length = end - start;
    start = end;
    if (length < min_tokens || length > max_tokens) continue;
    tokens += length;
    documents[count] = document;
    ends[count++] = tokens;
  }
  return {
    documents: documents.slice(0, count),
    ends: ends.slice(0, count),
    documents_skipped: documentEnds.length - count,
    tokens_skipped: total - tokens,
  };
}

/** A plan of selected documents as a plan of their shard. */
export function planInShard(plan: PackPlan, documents: Uint32Array): PackPlan {
  const piece_document = plan.piece_document.map((document) => (document < 0 ? document : documents[document]));
  return { ...plan, piece_document };
}

/** Whether both mean the same documents; none means all. */
export function sameSelection(a: DocumentSelection = {}, b: DocumentSelection = {}): boolean {
  return a.min_tokens === b.min_tokens && a.max_tokens === b.max_tokens && a.part_ratio === b.part_ratio;
}

/** Whether a document can be in both selections. Parts of a shard always overlap. */
export function selectionsOverlap(a: DocumentSelection, b: DocumentSelection): boolean {
  const [lowA, highA] = [a.min_tokens ?? 1, a.max_tokens ?? Number.POSITIVE_INFINITY];
  const [lowB, highB] = [b.min_tokens ?? 1, b.max_tokens ?? Number.POSITIVE_INFINITY];
  return lowA <= highB && lowB <= highA;
}
