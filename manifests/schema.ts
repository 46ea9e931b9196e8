/**
 * What a manifest says: one JSON file per training stage, complete enough to check, to export and to reproduce the stage.
 *
 * Invariant: no absolute path, time, host or worker count; equal runs give equal bytes. Paths are relative to the store's folder.
 * Windows are numbered through the epochs of a source, see kernels/pack/ranges.ts.
 */
import { z } from "zod";
import { chatFiguresSchema } from "./chat.ts";

const count = z.int().nonnegative();
const share = z.number().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const relativePath = z.string().regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\\]+$/, "must be a path inside the store");

const storedFile = z.strictObject({ path: relativePath, size_bytes: count, sha256 });

/** A file of a packed store. `windows` is on the token file only, not on the files beside it. */
const windowsFile = storedFile.extend({
  shard: count,
  windows: count.optional(),
  /** Absent for the first epoch. A later one without files of its own reads those of the first again. */
  epoch: z.int().positive().optional(),
});

const packing = z.strictObject({
  windows: count,
  window_tokens: count,
  documents: count,
  tokens: count,
  padding_tokens: count,
  tokens_lost: count,
  fill_ratio: z.number(),
  pieces: count,
  documents_cut_avoidable: count,
  documents_cut_unavoidable: count,
  documents_per_window_mean: z.number(),
  documents_per_window_max: count,
  sum_squared_lengths: z.number(),
});

/** The last document below a quantile; null where there is none. */
const scoreBorder = z.strictObject({ score: z.number(), shard: count, document: count }).nullable();

/** Documents of the token store that the windows are made of, where not all: what was asked for and what it left out. */
const selection = z.strictObject({
  min_tokens: count.optional(),
  max_tokens: count.optional(),
  part_ratio: z.number().optional(),
  score: z
    .strictObject({
      column: z.string(),
      min: z.number().optional(),
      max: z.number().optional(),
      min_quantile: z.number().optional(),
      max_quantile: z.number().optional(),
      unscored: z.literal("lowest").optional(),
      /** What the quantiles come to in the token store. */
      borders: z.strictObject({ min: scoreBorder, max: scoreBorder }).optional(),
    })
    .optional(),
  documents_skipped: count,
  tokens_skipped: count,
});

const countedToken = z.strictObject({ id: count, text: z.string(), count });

/**
 * What the tokens of a source are like. Those that documents begin and end with are no tokens of the text; all figures are exact, but for the
 * sampled round trip.
 */
const tokenizerGuard = z.strictObject({
  documents: count,
  text_bytes: count,
  text_tokens: count,
  /** 0 where there are no tokens. */
  bytes_per_token: z.number().nonnegative(),
  unknown_tokens: count,
  unknown_ratio: share,
  /**
   * Documents that end in EOS and hold none before: all of them unless special tokens are parsed. Absent where none is appended: documents end as
   * their texts do.
   */
  eos_only_at_end_ratio: share.optional(),
  documents_with_eos_inside: count,
  /** Absent where documents do not begin with BOS. */
  documents_with_bos_inside: count.optional(),
  /** Tokens that are trained on although a part of them is not meant, before duplicates fall; absent where all are trained on. */
  border_tokens: count.optional(),
  /** Sampled documents, drawn before duplicates fall, and those whose tokens do not decode to their text. */
  round_trip: z.strictObject({
    documents: count,
    changed: count,
    places: z.array(z.strictObject({ shard: z.string(), position: z.number() })),
  }),
  /** Special tokens that were parsed; absent where they are text. */
  special_tokens: z.array(countedToken).optional(),
  /** The ten most frequent. */
  top_tokens: z.array(countedToken),
});

const counts = z.strictObject({
  /** Rows met, including those that could not be used. */
  rows_in: count,
  /** Rows that became documents of the token store. */
  kept: count,
  /** Rows that became documents for validation; absent where none are held out. */
  held_out: count.optional(),
  /** By pipeline stage id, then by reason. */
  dropped: z.record(z.string(), z.record(z.string(), count)),
  /** Rows that could not be used, by kind. */
  errors: z.record(z.string(), count),
  /** What `chat/render` and `chat/lint` found out about the rows, and barriers that edit cut out of texts, by pipeline stage id; absent where there are none. */
  found: z.record(z.string(), z.json()).optional(),
});

const tokenStore = z.strictObject({
  documents: count,
  tokens: count,
  files: z.array(storedFile.extend({ shard: count })),
});

/** Documents of a source that are never trained on, and their windows as this stage packs them. */
const validation = z.strictObject({
  /** Share of the documents, and the key they are chosen by. */
  share: z.number(),
  seed: count,
  token_store: tokenStore,
  fingerprint: z.string(),
  shard_windows: z.array(count),
  files: z.array(windowsFile),
  packing,
});

const shareFields = {
  weight_requested: share,
  weight_normalized: share,
  weight_achieved: share,
  windows: count,
  /** Trained tokens: windows × sequence_length. */
  tokens: count,
};

const lineage = z.strictObject({
  files: z.array(z.strictObject({ key: z.string(), size_bytes: count, identity: z.string() })),
});

const source = z.strictObject({
  category: z.string().optional(),
  ...shareFields,
  start_window: count,
  end_window: count,
  /** Where windows of another packing may border on these: see kernels/pack/ranges.ts. */
  first_document: count.optional(),
  end_document: count.optional(),
  epoch_windows: count,
  /** Epochs that this stage reads, and those that all stages up to it do. */
  epochs: share,
  epochs_total: share,
  windows_short: count.optional(),
  fingerprints: z.strictObject({ ingest: z.string(), tokens: z.string(), windows: z.string() }),
  /** Windows of every shard of the packed store. */
  shard_windows: z.array(count),
  /** All files of the packed store, first those of the first epoch. */
  files: z.array(windowsFile),
  packing,
  selection: selection.optional(),
  validation: validation.optional(),
  token_store: tokenStore,
  counts,
  /** Absent from manifests of versions that had none. */
  tokenizer_guard: tokenizerGuard.optional(),
  /** Of a source of chats that counts them. */
  chat: chatFiguresSchema.optional(),
  lineage,
});

/** A source the recipe names and nobody can get, and what became of its weight in this stage. */
const missing = z.strictObject({
  source: z.string(),
  policy: z.enum(["drop", "substitute"]),
  substitute: z.string().optional(),
  /** Name of the endpoint that its pipeline asks and nobody gave; absent where it has no data. */
  endpoint: z.string().optional(),
  /** As the recipe has it. */
  weight: share,
});

const namedToken = z.strictObject({ token: z.string(), id: count });

const gate = z.strictObject({ name: z.string(), limit: z.number(), value: z.number(), passed: z.boolean() });

const packer = z.strictObject({ use: z.string(), version: count, options: z.record(z.string(), z.json()) });

/** What every manifest begins with. */
const head = {
  schema: z.literal(1),
  run: z.string(),
  plan_fingerprint: z.string(),
  /** The recipe with every default filled in. */
  recipe: z.record(z.string(), z.json()),
  seed: z.number(),
  tokenizer: z.strictObject({
    name: z.string(),
    sha256,
    vocab_size: count,
    token_bytes: z.union([z.literal(2), z.literal(4)]),
    hub: z.strictObject({ repo: z.string(), commit: z.string() }).optional(),
    eos: namedToken,
    /** What every document begins with, where it begins with anything but its text. */
    bos: namedToken.optional(),
    /** What stands for text without tokens, where there is such text. */
    unknown: namedToken.optional(),
    /** Absent where text that spells a special token is text. */
    special_tokens: z.literal("parse").optional(),
    /** Absent where documents end with EOS. */
    append_eos: z.literal("never").optional(),
  }),
};

/** Parts that manifests of all kinds of training stages share. */
export const manifestShapes = {
  count,
  share,
  storedFile,
  tokenStore,
  counts,
  tokenizerGuard,
  lineage,
  missing,
  gate,
  packer,
  head,
};

export const trainingStageManifestSchema = z.strictObject({
  ...head,
  stage: z.strictObject({
    /** Position among the training stages, from 0. */
    index: count,
    name: z.string(),
    tokens_requested: count,
    tokens: count,
    windows: count,
    sequence_length: count,
    window_tokens: count,
    pack: packer,
    weights_sum: z.number(),
    /** The mixture as the recipe asks for it, where that is more than a weight by source. */
    mixture: z.json().optional(),
  }),
  sources: z.record(z.string(), source),
  /** Absent where every source has data. */
  missing: z.array(missing).optional(),
  /** Sources without a category are under the empty name. */
  categories: z.record(z.string(), z.strictObject(shareFields)),
  gates: z.array(gate),
});

export type TrainingStageManifest = z.output<typeof trainingStageManifestSchema>;
export type SourceManifest = TrainingStageManifest["sources"][string];
export type StoredFile = z.output<typeof storedFile>;
export type SourceCounts = SourceManifest["counts"];
export type TokenizerGuard = z.output<typeof tokenizerGuard>;
export type GateResult = TrainingStageManifest["gates"][number];
