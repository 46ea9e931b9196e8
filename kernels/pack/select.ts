/**
 * Part of a store's documents, chosen when they are packed: the same tokens serve every training stage, whichever documents it reads.
 *
 * Invariant: the choice depends on document ends, and where scores are asked for on those, alone; documents keep their order, and their
 * positions in the shard are what plans of the part speak of. Price: one pass over the document ends.
 */
import { entryAt } from "../../batch/entry.ts";
import type { ScoreBorder } from "../quantiles.ts";
import type { PackPlan } from "./plan.ts";

/** Documents by the values of a numeric column. Quantiles count tokens of all documents that have a score, whatever else is asked of them. */
export interface ScoreRange {
  readonly column: string;
  /** Both ends belong to it. */
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** From the first document at or above `min_quantile` to the last one below `max_quantile`: ranges that meet share none. */
  readonly min_quantile?: number | undefined;
  readonly max_quantile?: number | undefined;
  /** Documents without a score count as those with the lowest ones; without it they are never chosen. */
  readonly unscored?: "lowest" | undefined;
  /** What the quantiles come to in a store, known when it is whole; null where no document is below. */
  readonly borders?: { readonly min: ScoreBorder | null; readonly max: ScoreBorder | null } | undefined;
}

/** Scores of the documents of a shard, NaN where there is none, and which shard of the store it is. */
export interface ShardScores {
  readonly shard: number;
  readonly scores: Float64Array;
}

/** Stands for no score where that is the lowest one. */
const LOWEST = -Number.MAX_VALUE;

export interface DocumentSelection {
  /** Tokens of a document, EOS included; both ends belong to it. */
  readonly min_tokens?: number | undefined;
  readonly max_tokens?: number | undefined;
  /** Only so much of every shard, from its start: documents lie in random order, so that is a sample. */
  readonly part_ratio?: number | undefined;
  readonly score?: ScoreRange | undefined;
}

export interface SelectedDocuments {
  /** Positions in the shard, ascending. */
  readonly documents: Uint32Array;
  /** Their ends, as if they alone lay one after the other. */
  readonly ends: Float64Array;
  readonly documents_skipped: number;
  readonly tokens_skipped: number;
}

/**
 * The documents of a shard that `selection` keeps. A part ends with the document that brings it nearest to its share. `scored` is needed where
 * the selection has a score.
 */
export function selectDocuments(
  documentEnds: Float64Array,
  selection: DocumentSelection,
  scored?: ShardScores,
): SelectedDocuments {
  const { min_tokens = 1, max_tokens = Number.POSITIVE_INFINITY, part_ratio = 1 } = selection;
  const isInScore = selection.score === undefined ? undefined : scoreTest(selection.score, scored);
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
    if (isInScore !== undefined && !isInScore(document)) continue;
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

/** The scores of a selection with what it says of documents without one. */
export function countedScores(scores: Float64Array, unscored: ScoreRange["unscored"]): Float64Array {
  return unscored === "lowest" ? scores.map((score) => (Number.isNaN(score) ? LOWEST : score)) : scores;
}

function scoreTest(range: ScoreRange, scored: ShardScores | undefined): (document: number) => boolean {
  const { column, unscored, borders } = range;
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = range;
  if (scored === undefined) throw new Error(`documents are chosen by ${column} without its values`);
  if (hasQuantiles(range) && borders === undefined) throw new Error(`the quantiles of ${column} have no borders yet`);
  const scores = countedScores(scored.scores, unscored);
  const { shard } = scored;
  const [from, to] = [range.min_quantile === undefined ? null : borders?.min, borders?.max];
  const endsBefore = range.max_quantile !== undefined && to === null;
  return (document) => {
    const score = entryAt(scores, document, "score");
    // NaN, no score, is in no range.
    if (!(score >= min && score <= max)) return false;
    if (endsBefore) return false;
    if (from && !isAfter(from, score, shard, document)) return false;
    return !(to && isAfter(to, score, shard, document));
  };
}

function isAfter(border: ScoreBorder, score: number, shard: number, document: number): boolean {
  if (score !== border.score) return score > border.score;
  return shard === border.shard ? document > border.document : shard > border.shard;
}

/** Whether a range is known only when a store is whole. */
export function hasQuantiles({ min_quantile, max_quantile }: ScoreRange): boolean {
  return min_quantile !== undefined || max_quantile !== undefined;
}

/** A plan of selected documents as a plan of their shard. */
export function planInShard(plan: PackPlan, documents: Uint32Array): PackPlan {
  const piece_document = plan.piece_document.map((document) => (document < 0 ? document : documents[document]));
  return { ...plan, piece_document };
}

/** Whether both mean the same documents of a store; none means all. */
export function sameSelection(a: DocumentSelection = {}, b: DocumentSelection = {}): boolean {
  if (a.min_tokens !== b.min_tokens || a.max_tokens !== b.max_tokens || a.part_ratio !== b.part_ratio) return false;
  if (a.score === undefined || b.score === undefined) return a.score === b.score;
  const [x, y] = [a.score, b.score];
  return (
    x.column === y.column &&
    x.unscored === y.unscored &&
    x.min === y.min &&
    x.max === y.max &&
    x.min_quantile === y.min_quantile &&
    x.max_quantile === y.max_quantile
  );
}

/** Whether a document can be in both selections of a store. Parts of a shard always overlap. */
export function selectionsOverlap(a: DocumentSelection, b: DocumentSelection): boolean {
  const [lowA, highA] = [a.min_tokens ?? 1, a.max_tokens ?? Number.POSITIVE_INFINITY];
  const [lowB, highB] = [b.min_tokens ?? 1, b.max_tokens ?? Number.POSITIVE_INFINITY];
  return lowA <= highB && lowB <= highA && (a.score === undefined || b.score === undefined || meet(a.score, b.score));
}

/** Quantiles of two columns, or of one that is counted in two ways, say nothing of each other. */
function meet(a: ScoreRange, b: ScoreRange): boolean {
  if (a.column !== b.column || a.unscored !== b.unscored) return true;
  if ((a.min ?? Number.NEGATIVE_INFINITY) > (b.max ?? Number.POSITIVE_INFINITY)) return false;
  if ((b.min ?? Number.NEGATIVE_INFINITY) > (a.max ?? Number.POSITIVE_INFINITY)) return false;
  return (a.min_quantile ?? 0) < (b.max_quantile ?? 1) && (b.min_quantile ?? 0) < (a.max_quantile ?? 1);
}
