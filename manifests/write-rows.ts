/**
 * Manifests of training stages of rows, from what their tasks found out. Pure assembly, as write.ts.
 *
 * Invariant: shares of all sources add up to 1, or are 0 where there is nothing to share.
 */
import { entryAt } from "../batch/entry.ts";
import { type GateLimits, rowGateResults } from "./gates.ts";
import { type RowManifest, type RowSourceManifest, rowManifestSchema } from "./row-schema.ts";
import type { StoredFile } from "./schema.ts";
import { type MissingFacts, missingOf, type SourceFacts, storeManifest } from "./write.ts";

/** What one source gave. */
type GivenFacts = Pick<
  RowSourceManifest,
  | "requested"
  | "available"
  | "taken"
  | "packed"
  | "rows_truncated"
  | "rows_split"
  | "rows_dropped"
  | "tokens_lost"
  | "tokens_repeated"
>;

export interface RowManifestFacts {
  readonly stage: Pick<
    RowManifest["stage"],
    | "position"
    | "name"
    | "rule"
    | "seed"
    | "shuffle_seed"
    | "split"
    | "sequence_length"
    | "pack"
    | "long_rows"
    | "align_tokens"
    | "fingerprint"
  >;
  readonly rows: number;
  readonly pieces: number;
  readonly tokens: number;
  readonly longest_sequence_tokens: number;
  readonly sequences_per_row_max: number;
  readonly files: readonly StoredFile[];
  /** In the order of the mixture. */
  readonly sources: readonly {
    readonly name: string;
    readonly category?: string | undefined;
    readonly fraction: number;
    readonly given: GivenFacts;
    readonly facts: SourceFacts;
  }[];
}

export type RowManifestHead = Pick<RowManifest, "run" | "plan_fingerprint" | "recipe" | "seed" | "tokenizer">;

/** Throws a ZodError for facts no manifest may hold: a bug of the caller. */
export function buildRowManifest(
  head: RowManifestHead,
  facts: RowManifestFacts,
  limits: GateLimits,
  missing: readonly MissingFacts[],
): RowManifest {
  const { stage, sources, files, ...figures } = facts;
  const given = sources.map((source) => source.given);
  const shares = sharesOf(given);
  const sum = (value: (source: GivenFacts) => number): number =>
    given.reduce((total, source) => total + value(source), 0);
  const entries = sources.map(({ name, category, fraction, given: own, facts: source }, index) => {
    const manifest: RowSourceManifest = {
      ...(category === undefined ? {} : { category }),
      fraction,
      ...own,
      shares: entryAt(shares, index, "source"),
      fingerprints: source.fingerprints,
      token_store: storeManifest(source.shards),
      counts: source.counts,
      ...(source.tokenizer_guard && { tokenizer_guard: source.tokenizer_guard }),
      ...(source.chat && { chat: source.chat }),
      lineage: { files: [...source.lineage] },
    };
    return [name, manifest] as const;
  });
  const left = missingOf(missing, stage.name);
  const whole: RowManifest["stage"] = {
    ...stage,
    ...figures,
    sequences: sum(({ packed }) => packed.sequences),
    supervised_tokens: sum(({ packed }) => packed.supervised_tokens),
    fill_ratio: figures.tokens / (figures.rows * stage.sequence_length),
    tokens_lost: sum(({ tokens_lost }) => tokens_lost),
    tokens_repeated: sum(({ tokens_repeated }) => tokens_repeated),
  };
  const byName = Object.fromEntries(entries);
  return rowManifestSchema.parse({
    kind: "rows",
    schema: 1,
    ...head,
    stage: whole,
    order: sources.map(({ name }) => name),
    sources: byName,
    ...(left.length === 0 ? {} : { missing: left }),
    files,
    token_files: sources.flatMap(({ name, facts: { shards } }) =>
      shards.flatMap((shard) => shard.files.filter(isTokens).map(({ path }) => ({ source: name, path }))),
    ),
    gates: rowGateResults(limits, whole, byName),
  });
}

function isTokens({ path }: StoredFile): boolean {
  return path.endsWith(".ds");
}

function sharesOf(given: readonly GivenFacts[]): readonly RowSourceManifest["shares"][] {
  const shared = (value: (source: GivenFacts) => number): readonly number[] => {
    const total = given.reduce((sum, source) => sum + value(source), 0);
    return given.map((source) => (total === 0 ? 0 : value(source) / total));
  };
  const [requested, rows, tokens, supervised] = [
    shared((source) => source.requested),
    shared(({ taken }) => taken.rows),
    shared(({ taken }) => taken.tokens),
    shared(({ taken }) => taken.supervised_tokens),
  ] as const;
  return given.map((_, index) => ({
    requested: entryAt(requested, index, "source"),
    rows: entryAt(rows, index, "source"),
    tokens: entryAt(tokens, index, "source"),
    supervised_tokens: entryAt(supervised, index, "source"),
  }));
}
