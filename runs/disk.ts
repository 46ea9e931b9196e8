/**
 * How much disk a plan takes: what is there, what will be there when it is done, and the most there may be on the way.
 *
 * Invariant: what is there is measured, what was read is counted, and the rest is a guess by what input of its kind
 * comes to; nothing depends on it. Price: one look at every file of the plan's folders.
 */
import fs from "node:fs";
import { join } from "node:path";
import { entryAt } from "../batch/entry.ts";
import { sourceOfShare } from "../mixtures/sub-sources.ts";
import { type Plan, type SourcePlan, sourceAt } from "../plan/plan.ts";
import type { Layout } from "../store/layout.ts";
import type { Frontier } from "../workers/frontier/frontier.ts";
import { accountRows } from "./account.ts";
import { planFolders } from "./tidy.ts";

export interface DiskEstimate {
  /** In the folders of the store that the plan reads and writes. */
  readonly present_bytes: number;
  readonly done_bytes: number;
  /** With what only serves to build something else, before it is removed. */
  readonly peak_bytes: number;
  /** Of the file system; absent where it does not say. */
  readonly free_bytes?: number;
}

/** Bytes of text per token of English prose; code and other scripts have fewer, which makes the guess too low. */
const TEXT_BYTES_PER_TOKEN = 4.2;
const TEXT_BYTES_PER_DOCUMENT = 2500;
/** Of what a file of rows holds, this is text. */
const TEXT_SHARE = 0.9;
/** What compressed input comes to. */
const EXPANSION: readonly (readonly [RegExp, number])[] = [
  [/\.(gz|zst|zstd|bz2|xz)$/i, 3.5],
  [/\.parquet$/i, 2.5],
];
/** What text comes to in a spool or an output. */
const COMPRESSED_SHARE = 0.4;
/** Measured: table of a span, table and index of a store, scattered facts, keys of a barrier. */
const SPAN_ROW_BYTES = 60;
const STORE_ROW_BYTES = 50;
const SCATTERED_ROW_BYTES = 65;
const KEY_ROW_BYTES: Readonly<Record<string, number>> = { "dedup/minhash": 170 };
const OTHER_KEY_ROW_BYTES = 24;

/** What a source holds, or will. */
interface Amounts {
  readonly text_bytes: number;
  readonly tokens: number;
  readonly documents: number;
}

export function estimateDisk(plan: Plan, layout: Layout, { phases }: Pick<Frontier, "phases">): DiskEstimate {
  const undone = (id: string): boolean => phases.some((phase) => phase.id === id && phase.state !== "done");
  const present_bytes = planFolders(plan, layout).reduce((sum, folder) => sum + sizeOf(folder), 0);
  const amounts = sourceAmounts(plan, layout);
  let kept = 0;
  let passing = 0;
  plan.sources.forEach((source, index) => {
    const { text_bytes, tokens, documents } = entryAt(amounts, index, "source");
    const token_bytes = tokens * (plan.tokenizer?.token_bytes ?? 0);
    if (undone(`seal:${source.name}`)) {
      kept += documents * (SPAN_ROW_BYTES + keyBytes(source));
      if (source.tokenized) kept += token_bytes + documents * STORE_ROW_BYTES;
      if (source.tokenized) passing += token_bytes + documents * SCATTERED_ROW_BYTES;
      passing += source.passes.filter(({ spool }) => spool !== undefined).length * text_bytes * COMPRESSED_SHARE;
    }
  });
  plan.windows.forEach((entry) => {
    const { tokens } = entryAt(amounts, entry.source, "source");
    const isPacked = !phases.some(
      (phase) => phase.kind === "pack" && phase.state !== "done" && isOf(phase, plan, entry),
    );
    const share = entry.held_out === true ? heldOutShare(sourceAt(plan, entry.source), tokens) : 1;
    if (!isPacked) kept += tokens * share * (plan.tokenizer?.token_bytes ?? 0);
  });
  if (phases.some(({ kind, state }) => kind === "pack" && state !== "done")) {
    kept += readAgain(plan, amounts) * (plan.tokenizer?.token_bytes ?? 0);
  }
  plan.outputs.forEach(({ name, sources }) => {
    const text = sources.reduce((sum, source) => sum + entryAt(amounts, source, "source").text_bytes, 0);
    if (undone(`write:${name}`)) kept += text * COMPRESSED_SHARE;
  });
  const free_bytes = freeBytes(layout.root);
  return {
    present_bytes,
    done_bytes: Math.round(present_bytes + kept),
    peak_bytes: Math.round(present_bytes + kept + passing),
    ...(free_bytes === undefined ? {} : { free_bytes }),
  };
}

function isOf({ subject }: Frontier["phases"][number], plan: Plan, entry: Plan["windows"][number]): boolean {
  return subject.startsWith(`${sourceAt(plan, entry.source).name} at ${entry.sequence_length}`);
}

/** Tokens of epochs after the first, which have windows of their own unless they repeat its order. */
function readAgain({ recipe, sources }: Plan, amounts: readonly Amounts[]): number {
  if (recipe.limits.epoch_order === "repeat") return 0;
  const asked = new Map<string, number>();
  for (const { tokens, weights } of recipe.training_stages) {
    const whole = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
    for (const [share, weight] of Object.entries(weights)) {
      const name = sourceOfShare(share);
      asked.set(name, (asked.get(name) ?? 0) + (tokens * weight) / whole);
    }
  }
  return sources.reduce((sum, { name }, index) => {
    return sum + Math.max(0, (asked.get(name) ?? 0) - entryAt(amounts, index, "source").tokens);
  }, 0);
}

function heldOutShare({ validation }: SourcePlan, tokens: number): number {
  if (validation === undefined) return 0;
  return "fraction" in validation ? validation.fraction : Math.min(1, validation.tokens / Math.max(1, tokens));
}

/**
 * Of sources that were read, what was counted; of those that were read in part, as much for each byte of the rest;
 * else a guess.
 */
function sourceAmounts(plan: Plan, layout: Layout): readonly Amounts[] {
  const accounts = accountRows(plan, layout);
  return plan.sources.map((source, index): Amounts => {
    const { complete, kept, text_bytes, tokens, spans_read, spans } = entryAt(accounts, index, "source");
    if (complete || (spans !== undefined && spans_read > 0)) {
      const whole = complete ? 1 : (spans ?? 1) / spans_read;
      return { text_bytes: text_bytes * whole, tokens: tokens * whole, documents: kept * whole };
    }
    const text =
      source.shards.reduce((sum, { key, size_bytes }) => sum + size_bytes * expansionOf(key), 0) * TEXT_SHARE;
    return {
      text_bytes: text,
      tokens: source.tokenized ? text / TEXT_BYTES_PER_TOKEN : 0,
      documents: text / TEXT_BYTES_PER_DOCUMENT,
    };
  });
}

function expansionOf(key: string): number {
  return EXPANSION.find(([ending]) => ending.test(key))?.[1] ?? 1;
}

function keyBytes({ barriers, stages }: SourcePlan): number {
  return barriers.reduce((sum, { stage }) => {
    const { use } = entryAt(stages, stage, "stage");
    return sum + (KEY_ROW_BYTES[use] ?? OTHER_KEY_ROW_BYTES);
  }, 0);
}

function sizeOf(folder: string): number {
  if (!fs.existsSync(folder)) return 0;
  return fs.readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const stat = entry.isFile() ? fs.statSync(join(folder, entry.name), { throwIfNoEntry: false }) : undefined;
    return sum + (stat?.size ?? 0);
  }, 0);
}

/** Of the file system that the run's folder is, or will be, on. */
function freeBytes(root: string): number | undefined {
  let folder = root;
  try {
    while (!fs.existsSync(folder)) folder = join(folder, "..");
    const { bavail, bsize } = fs.statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
