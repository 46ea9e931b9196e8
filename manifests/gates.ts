/** The bounds a recipe sets on its own result. A gate that fails ends the command with exit code 3; what was made stays. */
import { RunError } from "../batch/errors.ts";
import type { RowRule } from "../kernels/row-rules.ts";
import { type LintGates, lintGateResults } from "./lint-gates.ts";
import type { RowManifest, RowSourceManifest } from "./row-schema.ts";
import type { GateResult, SourceCounts, SourceManifest, TokenizerGuard } from "./schema.ts";
import { ratioOf } from "./tokenizer-guard.ts";

/** What the tokens of every source must satisfy. */
export interface TokenizerGates {
  /** Largest share of tokens that are the unknown token. */
  readonly max_unknown_ratio?: number | undefined;
  /** Fewest bytes of text a token holds on average. */
  readonly min_bytes_per_token?: number | undefined;
  /** Largest share of tokens that are one and the same. */
  readonly max_top_token_ratio?: number | undefined;
  /** Largest share of documents that hold EOS before their end. */
  readonly max_eos_inside_ratio?: number | undefined;
  /** Smallest share of sampled documents whose tokens decode to their text. */
  readonly min_round_trip_ratio?: number | undefined;
}

export interface GateLimits extends TokenizerGates {
  /** By finding of `chat/lint`: largest share of a source's rows. */
  readonly lint?: LintGates;
  /** Largest difference between achieved and normalised weight of a source. */
  readonly max_weight_error?: number;
  /** Smallest share of a source's windows that is documents, not padding. */
  readonly min_packing_fill?: number;
  /** Largest share of a source's rows that was dropped or in error. */
  readonly max_dropped_ratio?: number;
  /** Largest share of the tokens taken that packing rows lost. */
  readonly max_lost_ratio?: number;
}

/** The gates that have a limit, in a fixed order. The value is that of the worst source the stage reads. */
export function gateResults(limits: GateLimits, sources: Readonly<Record<string, SourceManifest>>): GateResult[] {
  const read = Object.values(sources).filter((source) => source.windows > 0);
  const results: GateResult[] = [];
  const { max_weight_error, min_packing_fill, max_dropped_ratio } = limits;
  if (max_weight_error !== undefined) {
    // A source that should be read and is not is off by its whole weight, so all sources count here.
    const errors = Object.values(sources).map((source) => Math.abs(source.weight_achieved - source.weight_normalized));
    const value = Math.max(0, ...errors);
    results.push({ name: "max_weight_error", limit: max_weight_error, value, passed: value <= max_weight_error });
  }
  if (min_packing_fill !== undefined) {
    const value = Math.min(1, ...read.map((source) => source.packing.fill_ratio));
    results.push({ name: "min_packing_fill", limit: min_packing_fill, value, passed: value >= min_packing_fill });
  }
  if (max_dropped_ratio !== undefined) {
    const value = Math.max(0, ...read.map((source) => droppedRatio(source.counts)));
    results.push({ name: "max_dropped_ratio", limit: max_dropped_ratio, value, passed: value <= max_dropped_ratio });
  }
  results.push(...tokenizerGateResults(limits, Object.values(sources)));
  results.push(...lintGateResults(limits.lint ?? {}, Object.values(sources)));
  return results;
}

/** By gate of a tokenizer: its value for a source, undefined where there is nothing to judge. */
const TOKENIZER_VALUES: Readonly<Record<keyof TokenizerGates, (guard: TokenizerGuard) => number | undefined>> = {
  max_unknown_ratio: ({ unknown_ratio }) => unknown_ratio,
  min_bytes_per_token: ({ text_tokens, bytes_per_token }) => (text_tokens === 0 ? undefined : bytes_per_token),
  max_top_token_ratio: ({ top_tokens, text_tokens }) => ratioOf(top_tokens[0]?.count ?? 0, text_tokens),
  max_eos_inside_ratio: ({ documents, documents_with_eos_inside }) => ratioOf(documents_with_eos_inside, documents),
  min_round_trip_ratio: ({ round_trip: { documents, changed } }) =>
    documents === 0 ? undefined : (documents - changed) / documents,
};
const TOKENIZER_GATES = Object.keys(TOKENIZER_VALUES) as readonly (keyof TokenizerGates)[];

function isWithin(gate: string, value: number, limit: number): boolean {
  return gate.startsWith("min_") ? value >= limit : value <= limit;
}

/** {@link gateResults} of a training stage of rows: its fill, and what it lost, are those of the stage. */
export function rowGateResults(
  limits: GateLimits,
  stage: Pick<RowManifest["stage"], "rule" | "fill_ratio" | "tokens_lost">,
  sources: Readonly<Record<string, RowSourceManifest>>,
): GateResult[] {
  const all = Object.values(sources);
  const taken = all.reduce((sum, source) => sum + source.taken.tokens, 0);
  const values = {
    max_weight_error: Math.max(
      0,
      ...all.map((source) => Math.abs(achievedShare(stage.rule, source) - source.shares.requested)),
    ),
    min_packing_fill: stage.fill_ratio,
    max_dropped_ratio: Math.max(0, ...all.map(({ counts }) => droppedRatio(counts))),
    max_lost_ratio: taken === 0 ? 0 : stage.tokens_lost / taken,
  };
  const results = (Object.keys(values) as (keyof typeof values)[]).flatMap((name): GateResult[] => {
    const [limit, value] = [limits[name], values[name]];
    return limit === undefined ? [] : [{ name, limit, value, passed: isWithin(name, value, limit) }];
  });
  return [...results, ...tokenizerGateResults(limits, all)];
}

/** The share that a rule is about, as it came out. */
export function achievedShare(rule: RowRule, { shares }: Pick<RowSourceManifest, "shares">): number {
  return rule === "tokens" ? shares.tokens : rule === "supervised_tokens" ? shares.supervised_tokens : shares.rows;
}

function tokenizerGateResults(
  limits: TokenizerGates,
  sources: readonly Pick<SourceManifest, "tokenizer_guard">[],
): GateResult[] {
  return TOKENIZER_GATES.flatMap((name): GateResult[] => {
    const limit = limits[name];
    if (limit === undefined) return [];
    const values = sources.flatMap(({ tokenizer_guard }) => {
      return tokenizer_guard === undefined ? [] : (TOKENIZER_VALUES[name](tokenizer_guard) ?? []);
    });
    const value = name.startsWith("min_") ? Math.min(...values) : Math.max(...values);
    return values.length === 0 ? [] : [{ name, limit, value, passed: isWithin(name, value, limit) }];
  });
}

/** Throws RunError `run/tokenizer-gate` where the tokens of `source` are not what the recipe demands. */
export function requireTokenizerGates(source: string, guard: TokenizerGuard, gates: TokenizerGates): void {
  for (const gate of TOKENIZER_GATES) {
    const limit = gates[gate];
    const value = TOKENIZER_VALUES[gate](guard);
    if (limit === undefined || value === undefined || isWithin(gate, value, limit)) continue;
    const top = guard.top_tokens.map(({ text, count }) => `${JSON.stringify(text)} ${count}`).join(", ");
    const [place] = gate === "min_round_trip_ratio" ? guard.round_trip.places : [];
    throw new RunError({
      code: "run/tokenizer-gate",
      what: `${source}: ${GATE_VALUES[gate]} is ${Number(value.toPrecision(4))}, and the gate ${gate} of the tokenizer is ${limit}`,
      ...(place && { place: { source, shard: place.shard, row: place.position } }),
      why: `nothing is packed of such tokens; its most frequent ones are ${top}`,
      fix: "look at the source's text column and language and at the tokenizer, or change the gate: nothing that was read is read again",
    });
  }
}

const GATE_VALUES: Readonly<Record<keyof TokenizerGates, string>> = {
  max_unknown_ratio: "the share of its tokens that are the unknown token",
  min_bytes_per_token: "the text that a token holds, in bytes,",
  max_top_token_ratio: "the share of its tokens that are the most frequent one",
  max_eos_inside_ratio: "the share of its documents that hold EOS before their end",
  min_round_trip_ratio: "the share of sampled documents whose tokens decode to their text",
};

function droppedRatio(counts: SourceCounts): number {
  const { rows_in, kept, held_out = 0 } = counts;
  return rows_in === 0 ? 0 : (rows_in - kept - held_out) / rows_in;
}
