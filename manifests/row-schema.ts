/**
 * What the manifest of a training stage of rows says: which rows it took of which source, in all senses of a share, and where its packed rows
 * are told.
 *
 * Invariant: as that of schema.ts. `kind: rows` tells the two apart.
 */
import { z } from "zod";
import { ROW_RULES } from "../kernels/row-rules.ts";
import { chatFiguresSchema } from "./chat.ts";
import { manifestShapes } from "./schema.ts";

const { count, share, storedFile, tokenStore, counts, tokenizerGuard, lineage, missing, gate, packer, head } =
  manifestShapes;

/** Rows, their tokens, and those of them that are trained: the first of a row never is. */
const amount = z.strictObject({ rows: count, tokens: count, supervised_tokens: count });

const source = z.strictObject({
  category: z.string().optional(),
  /** As the recipe has it. */
  fraction: z.number().positive(),
  /** What the rule asks for before whole rows are taken, in rows, or in tokens where the rule shares those. */
  requested: share,
  available: amount,
  taken: amount,
  /** What stands in packed rows. */
  packed: z.strictObject({ sequences: count, tokens: count, supervised_tokens: count }),
  /** Of the stage: rows and tokens of what was taken, `requested` in the unit of the rule. */
  shares: z.strictObject({ requested: share, rows: share, tokens: share, supervised_tokens: share }),
  rows_truncated: count,
  rows_split: count,
  rows_dropped: count,
  tokens_lost: count,
  tokens_repeated: count,
  fingerprints: z.strictObject({ ingest: z.string(), tokens: z.string() }),
  token_store: tokenStore,
  counts,
  tokenizer_guard: tokenizerGuard.optional(),
  /** Of a source of chats that counts them. */
  chat: chatFiguresSchema.optional(),
  lineage,
});

export const rowManifestSchema = z.strictObject({
  kind: z.literal("rows"),
  ...head,
  stage: z.strictObject({
    /** Position among all training stages of the recipe, from 0. */
    position: count,
    name: z.string(),
    rule: z.enum(ROW_RULES),
    seed: count,
    shuffle_seed: count.optional(),
    /** The side of the mixture that the stage reads, where not all. */
    split: z.strictObject({ test_size: z.number().positive(), part: z.enum(["train", "test"]) }).optional(),
    /** Tokens that a packed row may hold. */
    sequence_length: count,
    pack: packer,
    long_rows: z.union([z.enum(["truncate", "drop"]), z.strictObject({ split_before: z.string() })]),
    align_tokens: count,
    fingerprint: z.string(),
    /** Packed rows. */
    rows: count,
    pieces: count,
    sequences: count,
    tokens: count,
    supervised_tokens: count,
    /** Tokens / (rows × sequence_length). */
    fill_ratio: z.number(),
    tokens_lost: count,
    tokens_repeated: count,
    longest_sequence_tokens: count,
    sequences_per_row_max: count,
  }),
  /** In the order of the mixture. */
  order: z.array(z.string()),
  sources: z.record(z.string(), source),
  missing: z.array(missing).optional(),
  /** The packed rows: see store/row-plan.ts. */
  files: z.array(storedFile),
  /** Token files by their number in `files`. */
  token_files: z.array(z.strictObject({ source: z.string(), path: storedFile.shape.path })),
  gates: z.array(gate),
});

export type RowManifest = z.output<typeof rowManifestSchema>;
export type RowSourceManifest = RowManifest["sources"][string];
