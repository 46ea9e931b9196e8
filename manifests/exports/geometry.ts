/**
 * What each trainer reads at one index, and where it takes document boundaries from: the one table every export goes by.
 *
 * The row length differs per trainer, and nobody stores masks: they are derived at load time from what the last columns say. So a wrong entry
 * here is a wrong loss there; the five-document fixture in test/manifests/exports holds each entry against its reader's rules.
 */

export interface RowGeometry {
  /**
   * `windows`: the packed windows of the store as they are. `rows`: packed anew, because a row is one token shorter.
   * `documents`: whole documents back to back, the trainer cuts its own rows.
   */
  readonly layout: "windows" | "rows" | "documents";
  /** A row the trainer reads has this many tokens more than the sequence length: 1 where the last one is only a label. */
  readonly row_extra_tokens: 0 | 1;
  /** From the start of one row to the next, beyond the sequence length: 0 with an extra token means that rows overlap by it. */
  readonly stride_extra_tokens: 0 | 1;
  /** What fills a row that documents do not: EOS, or nothing because rows may be short, or nothing because rows are cut from a stream. */
  readonly padding: "eos" | "none";
  /** Ids written per token, where fixed by the format; otherwise what the store has. */
  readonly token_bytes?: 4;
  /** What the trainer finds documents by. */
  readonly boundaries: "eos" | "document_index" | "sequence_lengths" | "offsets" | "first_token" | "nothing";
  /** Whether the label that would be the first token of the next document is left out of the loss. */
  readonly boundary_labels: "masked" | "masked_by_file" | "trained";
  /** Whether a row is read in the order in which it was written. */
  readonly order: "kept" | "shuffled";
}

export const GEOMETRY = {
  nanotron: {
    layout: "windows",
    row_extra_tokens: 1,
    stride_extra_tokens: 1,
    padding: "eos",
    boundaries: "eos",
    boundary_labels: "masked",
    order: "kept",
  },
  megatron: {
    layout: "documents",
    row_extra_tokens: 1,
    stride_extra_tokens: 0,
    padding: "none",
    boundaries: "document_index",
    boundary_labels: "trained",
    order: "shuffled",
  },
  trl: {
    layout: "rows",
    row_extra_tokens: 0,
    stride_extra_tokens: 0,
    padding: "none",
    token_bytes: 4,
    boundaries: "sequence_lengths",
    boundary_labels: "masked",
    order: "shuffled",
  },
  "olmo-core": {
    layout: "rows",
    row_extra_tokens: 0,
    stride_extra_tokens: 0,
    padding: "eos",
    boundaries: "eos",
    boundary_labels: "masked_by_file",
    order: "shuffled",
  },
  mosaic: {
    layout: "rows",
    row_extra_tokens: 0,
    stride_extra_tokens: 0,
    padding: "eos",
    token_bytes: 4,
    boundaries: "eos",
    boundary_labels: "trained",
    order: "shuffled",
  },
  litdata: {
    layout: "windows",
    row_extra_tokens: 1,
    stride_extra_tokens: 1,
    padding: "eos",
    boundaries: "nothing",
    boundary_labels: "trained",
    order: "shuffled",
  },
  torchtitan: {
    layout: "documents",
    row_extra_tokens: 1,
    stride_extra_tokens: 0,
    padding: "none",
    token_bytes: 4,
    boundaries: "offsets",
    boundary_labels: "masked",
    order: "shuffled",
  },
  "modded-nanogpt": {
    layout: "documents",
    row_extra_tokens: 1,
    stride_extra_tokens: 0,
    padding: "none",
    boundaries: "first_token",
    boundary_labels: "trained",
    order: "kept",
  },
} as const satisfies Readonly<Record<string, RowGeometry>>;

export type Trainer = keyof typeof GEOMETRY;

export const TRAINERS = Object.keys(GEOMETRY) as [Trainer, ...Trainer[]];

/** Tokens of a row a trainer reads at this sequence length. */
export function rowTokens(geometry: RowGeometry, sequenceLength: number): number {
  return sequenceLength + geometry.row_extra_tokens;
}
