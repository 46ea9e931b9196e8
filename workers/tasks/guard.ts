/**
 * The tokenizer guard of a source: what tokenizing found out in its spans, and what lies in the shards of its store.
 *
 * Price: 8 bytes for each id of the vocabulary, the counts of every shard read once, and the tokenizer where this thread has not opened it yet.
 */
import { join } from "node:path";
import { RunError } from "../../batch/errors.ts";
import { readVouched } from "../../io/local/vouched.ts";
import { tokenText } from "../../kernels/bpe/token-text.ts";
import type { TokenizerGuard } from "../../manifests/schema.ts";
import { tokenizerGuard } from "../../manifests/tokenizer-guard.ts";
import { assetsOf } from "../../plan/assets.ts";
import { type PlannedStage, type SourcePlan, tokenizerOf } from "../../plan/plan.ts";
import { type TokenChecks, tokenChecks } from "../../stages/tokenize/token-check.ts";
import { openVocabulary, type VocabularyRef } from "../../stages/tokenize/vocabulary-option.ts";
import { tokenFiles } from "../../store/layout.ts";
import { vouchers } from "../../store/marker.ts";
import { addCounts, companions } from "../../store/token-file.ts";
import type { WorkerContext } from "../context.ts";
import type { ShardMarker, SourceCounts } from "../protocol.ts";

/** `shards` are those of the store that is trained on; `seen` is how many documents the last pass tokenized. */
export function guardOf(
  source: SourcePlan,
  shards: readonly ShardMarker[],
  counts: SourceCounts,
  seen: number,
  context: WorkerContext,
): TokenizerGuard {
  const tokenizer = tokenizerOf(context.plan);
  const stage = tokenizeStage(source);
  const checks = checksOf(stage, counts);
  const sums = new Float64Array(tokenizer.vocab_size);
  const folder = context.layout.tokens(source.tokens);
  for (const shard of shards.keys()) {
    const name = `${tokenFiles.shard(shard, source.name)}${companions.counts}`;
    addCounts(sums, readVouched(vouchers(folder, tokenFiles.shardMarker(shard))(name)), join(folder, name));
  }
  const total = (key: "documents" | "text_bytes" | "documents_with_eos_inside" | "documents_with_bos_inside") =>
    shards.reduce((sum, shard) => sum + (shard[key] ?? 0), 0);
  const { model } = openVocabulary(
    stage.options as Readonly<Record<string, unknown>> & VocabularyRef,
    assetsOf(stage, context.environment.assets),
  );
  const documents = total("documents");
  const guard = tokenizerGuard({
    tokenizer,
    documents,
    text_bytes: total("text_bytes"),
    documents_with_eos_inside: total("documents_with_eos_inside"),
    documents_with_bos_inside: total("documents_with_bos_inside"),
    counts: sums,
    border_tokens: checks.border_tokens,
    round_trip: checks.round_trip,
    special: model.addedTokens.flatMap(({ id, special }) => (special ? [id] : [])),
    text: (id) => tokenText(model.vocabulary, id),
  });
  checkParsed(source, guard, checks, documents === seen);
  return guard;
}

function tokenizeStage({ name, stages }: SourcePlan): PlannedStage {
  const stage = stages.at(-1);
  if (stage?.use !== "tokenize/bpe") throw new Error(`${name} has a token store and no stage that makes tokens`);
  return stage;
}

function checksOf({ id }: PlannedStage, { stages }: SourceCounts): TokenChecks {
  const state = stages.find((stage) => stage.id === id)?.state;
  // A source without a span has none.
  return state === undefined
    ? { special_tokens: 0, round_trip: { documents: 0, changed: 0, places: [] } }
    : tokenChecks(state);
}

/** What spans parsed is in the store, or fell with the documents that it stood in. */
function checkParsed({ name }: SourcePlan, guard: TokenizerGuard, checks: TokenChecks, isAll: boolean): void {
  const stored = (guard.special_tokens ?? []).reduce((sum, { count }) => sum + count, 0);
  if (isAll ? stored === checks.special_tokens : stored <= checks.special_tokens) return;
  throw new RunError({
    code: "run/accounting",
    what: `${name}: its spans parsed ${checks.special_tokens} special tokens, and its store holds ${stored}`,
    why: "a token went missing or was counted twice, so no figure of this run could be trusted",
    fix: "this is a bug: please report it with the recipe",
  });
}
