/**
 * One shard of a token store becomes windows: the file a trainer reads, its index, and the table of pieces.
 *
 * A later epoch is the same documents packed anew, under a key that has the epoch in it.
 * Memory: the shard's plan (16 bytes a piece) and one write buffer: windows are filled and written a few MiB at a time, with tokens read
 * from the file where they lie in long runs. Where runs are short, a read for each would cost more than the work: the whole shard is
 * in memory then (4 bytes a token, 128 MB of a full one).
 */
import { join } from "node:path";
import { RunError } from "../../batch/errors.ts";
import { ARENA, release } from "../../batch/memory.ts";
import {
  type CommittedFile,
  commitBytes,
  commitMarker,
  createPending,
  type PendingFile,
} from "../../io/local/commit.ts";
import { readVouched } from "../../io/local/vouched.ts";
import { cutsOf } from "../../kernels/pack/cuts.ts";
import { copiedRuns, type FillInput, fillOutput, fillWindows } from "../../kernels/pack/fill.ts";
import { packingStatistics, planProblem } from "../../kernels/pack/plan.ts";
import { planInShard, type ShardScores, selectDocuments } from "../../kernels/pack/select.ts";
import { seedFrom } from "../../kernels/random/shuffle.ts";
import { sourceAt, tokenizerOf, windowsAt } from "../../plan/plan.ts";
import type { PackInput, PackOperator, PackPlan } from "../../stages/define.ts";
import { isStageKind } from "../../stages/kinds.ts";
import { tokenFiles, windowFiles } from "../../store/layout.ts";
import { vouchers } from "../../store/marker.ts";
import { tableScores } from "../../store/shard-scores.ts";
import { bytesOf, companions, decodeEnds, formatMetadata } from "../../store/token-file.ts";
import { withTokenLanes } from "../../store/token-lanes.ts";
import type { WorkerContext } from "../context.ts";
import type { PackMarker, PackTask } from "../protocol.ts";
import { foundSelection } from "./quantile.ts";

const WRITE_TOKENS = 1 << 20;

export function packShard(task: PackTask, context: WorkerContext): PackMarker {
  context.forgetTextOperators();
  const entry = windowsAt(context.plan, task.windows);
  const source = sourceAt(context.plan, entry.source);
  const { eos, token_bytes, name: tokenizer } = tokenizerOf(context.plan);
  const operator = context.operator(entry.pack);
  if (operator.kind !== "pack") throw new Error(`${entry.pack.use} is not a pack stage`);
  const stored = entry.held_out ? context.layout.validation(source.tokens) : context.layout.tokens(source.tokens);
  const store = tokenFiles.shard(task.shard, source.name);
  const index = `${store}${companions.index}`;
  const fileOf = vouchers(stored, tokenFiles.shardMarker(task.shard));
  const scoresOf = (shard: number, column: string): ShardScores => {
    const table = tokenFiles.documents(shard, source.name);
    return { shard, scores: tableScores(readVouched(fileOf(table)), table, column) };
  };
  const document_ends = decodeEnds(readVouched(fileOf(index)), index);
  const selection = entry.selection && foundSelection(entry, context);
  const selected =
    selection &&
    selectDocuments(document_ends, selection, selection.score && scoresOf(task.shard, selection.score.column));
  const packed_ends = selected?.ends ?? document_ends;
  const seedParts = [
    context.plan.recipe.seed,
    entry.held_out ? "validation" : "windows",
    source.name,
    entry.sequence_length,
    task.shard,
  ] as const;
  const window_tokens = entry.sequence_length + 1;
  const plan = planWindows(entry.pack.use, operator, {
    document_ends: packed_ends,
    sequence_length: entry.sequence_length,
    seed: seedFrom(...seedParts, ...(task.epoch === 0 ? [] : [task.epoch])),
  });
  const placed = selected === undefined ? plan : planInShard(plan, selected.documents);
  const folder = context.layout.windows(entry.fingerprint);
  const target = join(folder, windowFiles.shard(task.epoch, task.shard, source.name));
  const written = withTokenLanes(
    {
      tokens: fileOf(store),
      token_bytes,
      ...(source.loss && { loss: fileOf(`${store}${companions.loss}`) }),
      runs: copiedRuns({ plan: placed, document_ends }),
    },
    (lanes) => writeWindows({ plan: placed, ...lanes, document_ends, window_tokens, eos: eos.id }, target),
  );
  const files = [
    ...written,
    commitBytes(
      `${target}${companions.metadata}`,
      Buffer.from(formatMetadata({ tokenizer_name: tokenizer, token_bytes, tokens: plan.windows * window_tokens })),
    ),
  ];
  const cuts = cutsOf(placed);
  const marker: PackMarker = {
    files,
    windows: plan.windows,
    ...(cuts && { cuts }),
    statistics: packingStatistics(plan, packed_ends, window_tokens),
    ...(selection?.score && { selection }),
    ...(selected && { skipped: { documents: selected.documents_skipped, tokens: selected.tokens_skipped } }),
  };
  commitMarker(join(folder, windowFiles.marker(task.epoch, task.shard)), marker);
  return marker;
}

/**
 * The packer's plan, checked where a plugin made it. Built-in packers are proved by tests, and checking them would cost 1 to 10 % of
 * the task (3 % for concat at 4096). Throws RunError `run/bad-packing`.
 */
function planWindows(use: string, operator: PackOperator, input: PackInput): PackPlan {
  const [kind = ""] = use.split("/");
  if (operator.plan === undefined) throw new Error(`${use} makes no windows`);
  if (isStageKind(kind)) return operator.plan(input);
  // A copy, because the check and the copying of tokens rely on ends that the plugin cannot have written to.
  const plan = operator.plan({ ...input, document_ends: input.document_ends.slice() });
  const window_tokens = input.sequence_length + 1;
  const problem = planProblem(plan, input.document_ends, window_tokens);
  if (problem === undefined) return plan;
  throw new RunError({
    code: "run/bad-packing",
    what: `${use} laid ${input.document_ends.length} documents out in windows of ${window_tokens} tokens, and ${problem}`,
    why: "documents would be lost, repeated or cut where nobody asked for it; nothing of this shard is committed",
    fix: `mend the plugin: ${use} must fill every window (document -1 is padding) and place every token of every document once`,
  });
}

/** The files that windows are written to; `loss` where the store has the lane. */
interface WindowFiles {
  readonly tokens: PendingFile;
  readonly index: PendingFile;
  readonly pieces: PendingFile;
  readonly loss: PendingFile | undefined;
}

function writeWindows(input: FillInput, target: string): readonly CommittedFile[] {
  const create = (suffix: string): PendingFile => createPending(`${target}${suffix}`);
  const files: WindowFiles = {
    tokens: create(""),
    index: create(companions.index),
    pieces: create(companions.pieces),
    loss: input.loss && create(companions.loss),
  };
  const pending = [files.tokens, files.index, files.pieces, files.loss].filter((file) => file !== undefined);
  try {
    fillAll(input, files);
  } catch (error) {
    for (const file of pending) file.abort();
    throw error;
  }
  return pending.map((file) => file.commit());
}

function fillAll(input: FillInput, { tokens, index, pieces, loss }: WindowFiles): void {
  const step = Math.max(1, Math.floor(WRITE_TOKENS / input.window_tokens));
  for (let from = 0; from < input.plan.windows; from += step) {
    const to = Math.min(input.plan.windows, from + step);
    const output = fillOutput(input, from, to, ARENA);
    fillWindows(input, from, to, output);
    tokens.write(bytesOf(output.tokens));
    release(output.tokens);
    index.write(bytesOf(output.ends));
    pieces.write(bytesOf(output.pieces));
    if (output.loss === undefined) continue;
    loss?.write(output.loss);
    release(output.loss);
  }
}
