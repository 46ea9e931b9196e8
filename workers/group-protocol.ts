/**
 * Tasks and markers of a barrier's group: match, unite and, where survivors are elected, elect and decide; where fragments are
 * compared, refine and compare in place of unite. Part of protocol.ts, which says what they are.
 */
import type { VouchedFile } from "../io/local/vouched.ts";
import type { ClusterFigures } from "../kernels/dedup/cluster-figures.ts";
import type { MarkedFile } from "../store/marker.ts";

/** A key file and the group-wide number of its span's first document, or of its first part where the barrier edits. */
export interface KeyInput {
  readonly file: MarkedFile;
  readonly firstDocument: number;
}

/** Parts of texts of one span: which documents they are of, so that parts of rows that fell earlier take no part. */
export interface PartsInput {
  readonly file: MarkedFile;
  /** Number of the span's first part in the group. */
  readonly firstPart: number;
  /** Number of the span's first document in its source. */
  readonly firstDocument: number;
}

/** Documents of one source among those of a group: where an earlier barrier's roots say what is dropped. */
export interface RootsSlice {
  readonly file: MarkedFile;
  /** Number of the source's first document in that file's group. */
  readonly first: number;
}

export interface MatchTask {
  readonly kind: "match";
  readonly group: number;
  readonly partition: number;
  readonly inputs: readonly KeyInput[];
  /** Per member: its documents in this group and the roots of its earlier barriers, whose losers take no part. */
  readonly members: readonly {
    readonly first: number;
    readonly documents: number;
    readonly earlier: readonly RootsSlice[];
    /** Where the barrier edits: numbers in the group are those of parts. */
    readonly parts?: readonly PartsInput[];
  }[];
}

export interface UniteTask {
  readonly kind: "unite";
  readonly group: number;
  /** Documents of the group, or parts where its barrier edits. */
  readonly documents: number;
  /** Number of each member's first one. */
  readonly firsts: readonly number[];
}

/** A span whose rows an election asks for, in the order of numbers in the group. */
export interface ElectSpan {
  /** Position of the member in its group. */
  readonly member: number;
  readonly span: number;
  /** Number of its first document in the group. */
  readonly firstDocument: number;
}

/** Elects the survivors of some clusters of a group. */
export interface ElectTask {
  readonly kind: "elect";
  readonly group: number;
  readonly part: number;
  /** Words of the clusters in the list of members. */
  readonly at: number;
  readonly words: number;
  /** Words that are read at a time of a cluster which is too large to be looked at as a whole: one of more than twice as many. */
  readonly piece_words: number;
  readonly spans: readonly ElectSpan[];
}

/** Puts together what was elected. */
export interface DecideTask {
  readonly kind: "decide";
  readonly group: number;
  readonly documents: number;
  readonly firsts: readonly number[];
  /** Parts that were elected. */
  readonly parts: number;
}

/** A span by its number among those of all members of a group: where the barrier compares fragments. */
export interface SpanOfGroup {
  readonly input: number;
  /** Spans of all members. */
  readonly inputs: number;
}

/** Tells which fragments of a span's texts are duplicates as far as samples say, and writes what is left to compare. */
export interface RefineTask extends SpanOfGroup {
  readonly kind: "refine";
  readonly group: number;
  /** The span: of a member, and there. */
  readonly member: number;
  readonly span: number;
}

/** Compares the fragments of a partition that samples leave open. */
export interface CompareTask {
  readonly kind: "compare";
  readonly group: number;
  readonly partition: number;
  /** Spans of all members. */
  readonly inputs: number;
}

/** What stands together in a partition: parts of one key, or runs of fragments that share a sample. */
export interface ClusterCounts {
  readonly clusters: number;
  readonly members: number;
  readonly largest: number;
}

export interface MatchMarker {
  readonly files: readonly VouchedFile[];
  /** Pairs found, of a barrier that selects rows put in order, of one that compares fragments samples that are not alone. */
  readonly edges: number;
  /** Of a barrier that edits. */
  readonly clusters?: ClusterCounts;
}

/** Who falls, and what clusters are like: what is told before anything is taken away. */
export interface VerdictFigures {
  readonly documents: number;
  /** Those of them that fall. */
  readonly duplicates: number;
  /** Where more is asked than keys: those that would fall for keys alone. */
  readonly candidates?: number;
  /** Absent where parts are cut out of texts, where rows are selected, and before survivors are elected. */
  readonly clusters?: ClusterFigures;
  /** Pairs between the lowest document of a cluster of keys and the farthest; absent where parts are cut out of texts, and where rows are selected. */
  readonly chain_depth?: number;
  /** By member of the group: rows that its barrier saw, and those that fall. Absent as above, and before survivors are elected. */
  readonly members?: readonly { readonly rows: number; readonly dropped: number }[];
  /** Of an election: what became of rows that share a key with others. */
  readonly elections?: ElectionCounts;
}

export interface UniteMarker extends VerdictFigures {
  readonly files: readonly VouchedFile[];
  /** Where survivors are elected: the parts of the list of members. What falls is a candidate only. */
  readonly parts?: readonly { readonly at: number; readonly words: number }[];
}

/** Rows of clusters by what became of them; `fallen` is how many fell. */
export interface ElectionCounts {
  readonly members: number;
  /** Dropped by a later stage of the pass: they take no part. */
  readonly absent: number;
  readonly fallen: number;
  /** Where texts are asked: rows that stay because of a word, or a passage, that no holder has; because their passages stand elsewhere in another order; because they repeat themselves; or for a token of unknown text. */
  readonly own_word: number;
  readonly own_passage: number;
  readonly own_order: number;
  readonly repetitive: number;
  readonly unknown_text: number;
}

export interface ElectMarker {
  readonly files: readonly VouchedFile[];
  readonly counts: ElectionCounts;
}

export interface DecideMarker extends VerdictFigures {
  readonly files: readonly VouchedFile[];
}

export interface RefineMarker {
  readonly files: readonly VouchedFile[];
  /** Fragments known to be duplicates, and fragments that are left to compare. */
  readonly duplicates: number;
  readonly unsettled: number;
}

export interface CompareMarker {
  readonly files: readonly VouchedFile[];
  readonly ranges: number;
}
