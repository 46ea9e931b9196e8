/**
 * What the tokens of a source are like, from how often each of them stands in its store.
 *
 * Invariant: exact, and the same from shards in any order. Price: one pass over the vocabulary.
 */
import { float64At } from "../batch/numbers.ts";
import { mostFrequent } from "../kernels/token-counts.ts";
import type { TokenizerGuard, TrainingStageManifest } from "./schema.ts";

const TOP_TOKENS = 10;

export interface GuardFacts {
  readonly tokenizer: Pick<
    TrainingStageManifest["tokenizer"],
    "eos" | "bos" | "unknown" | "special_tokens" | "append_eos"
  >;
  readonly documents: number;
  readonly text_bytes: number;
  readonly documents_with_eos_inside: number;
  readonly documents_with_bos_inside: number;
  /** Of every id of the vocabulary: how often it stands in the store, BOS and EOS of documents included. */
  readonly counts: Float64Array;
  readonly round_trip: TokenizerGuard["round_trip"];
  readonly border_tokens?: number | undefined;
  /** Special tokens of the tokenizer. */
  readonly special: readonly number[];
  /** How a token is shown. */
  readonly text: (id: number) => string;
}

export function tokenizerGuard(facts: GuardFacts): TokenizerGuard {
  const { tokenizer, documents, text_bytes, documents_with_eos_inside, text } = facts;
  const { eos, bos, unknown } = tokenizer;
  const counts = textCounts(facts);
  const counted = (id: number) => ({ id, text: text(id), count: float64At(counts, id) });
  const text_tokens = counts.reduce((sum, count) => sum + count, 0);
  const unknown_tokens = unknown === undefined ? 0 : float64At(counts, unknown.id);
  return {
    documents,
    text_bytes,
    text_tokens,
    bytes_per_token: ratioOf(text_bytes, text_tokens),
    unknown_tokens,
    unknown_ratio: ratioOf(unknown_tokens, text_tokens),
    ...(tokenizer.append_eos === undefined && {
      eos_only_at_end_ratio: documents === 0 ? 1 : (documents - documents_with_eos_inside) / documents,
    }),
    documents_with_eos_inside,
    ...(bos && { documents_with_bos_inside: facts.documents_with_bos_inside }),
    ...(facts.border_tokens !== undefined && { border_tokens: facts.border_tokens }),
    round_trip: facts.round_trip,
    ...(tokenizer.special_tokens === "parse" && {
      special_tokens: [...new Set([...facts.special, eos.id, ...(bos ? [bos.id] : [])])]
        .sort((a, b) => a - b)
        .map(counted)
        .filter(({ count }) => count > 0),
    }),
    top_tokens: mostFrequent(counts, TOP_TOKENS).map(counted),
  };
}

/** Without the tokens that documents begin and end with. */
function textCounts({ tokenizer: { eos, bos, append_eos }, documents, counts }: GuardFacts): Float64Array {
  const own = counts.slice();
  const around = [...(append_eos === "never" ? [] : [eos]), ...(bos === undefined ? [] : [bos])];
  for (const { id } of around) own[id] = float64At(own, id) - documents;
  return own;
}

export function ratioOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
