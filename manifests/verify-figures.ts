/**
 * Checks of manifests against themselves and each other: sums, shares, ranges, the trainer's blend. No file is opened.
 */

import { entryAt, ownOf } from "../batch/entry.ts";
import { exactly } from "../batch/plural.ts";
import { blendAt } from "../kernels/blend/blend-jump.ts";
import { shardRanges } from "../kernels/pack/ranges.ts";
import { type DocumentSelection, selectionsOverlap } from "../kernels/pack/select.ts";
import type { SourceManifest, TrainingStageManifest } from "./schema.ts";

export interface Finding {
  /** `error` makes a run bad; `note` says what was not checked. */
  readonly severity: "error" | "note";
  /** Stable, kebab-case: `verify/rows-do-not-add-up`. */
  readonly code: string;
  readonly stage?: string;
  readonly source?: string;
  /** Relative to the store's or the manifests' folder. */
  readonly file?: string;
  readonly what: string;
}

/** Weights are doubles; sums of a few hundred of them differ in the last digits. */
const TOLERANCE = 1e-9;

/** Findings on manifests in training order. */
export function figureFindings(manifests: readonly TrainingStageManifest[]): Finding[] {
  return [
    ...sequenceFindings(manifests),
    ...manifests.flatMap(stageFindings),
    ...epochFindings(manifests),
    ...manifests.flatMap(blendFindings),
    ...repeatFindings(manifests),
  ];
}

function sequenceFindings(manifests: readonly TrainingStageManifest[]): Finding[] {
  const findings: Finding[] = [];
  const [first] = manifests;
  if (first === undefined) return findings;
  manifests.forEach((manifest, position) => {
    const stage = manifest.stage.name;
    const report = (code: string, what: string) => findings.push({ severity: "error", code, stage, what });
    if (manifest.stage.index !== position) {
      report("verify/stage-missing", `is training stage ${manifest.stage.index}, and ${position} comes before it`);
    }
    if (manifest.plan_fingerprint !== first.plan_fingerprint || manifest.run !== first.run) {
      report("verify/mixed-runs", `was written by another plan than ${first.stage.name}`);
    }
    if (JSON.stringify(manifest.tokenizer) !== JSON.stringify(first.tokenizer)) {
      report("verify/mixed-tokenizers", `names another tokenizer than ${first.stage.name}`);
    }
  });
  return findings;
}

function isNear(value: number, expected: number): boolean {
  return Math.abs(value - expected) < TOLERANCE * Math.max(1, expected);
}

/** Epochs in total are those of the stages so far. */
function epochFindings(manifests: readonly TrainingStageManifest[]): Finding[] {
  const read = new Map<string, number>();
  return manifests.flatMap(({ stage, sources }) =>
    Object.entries(sources).flatMap(([source, { epochs, epochs_total }]): Finding[] => {
      const total = (read.get(source) ?? 0) + epochs;
      read.set(source, total);
      if (isNear(epochs_total, total)) return [];
      const what = `epochs_total is ${epochs_total}, and the stages so far read ${total}`;
      return [{ severity: "error", code: "verify/epochs", stage: stage.name, source, what }];
    }),
  );
}

function stageFindings(manifest: TrainingStageManifest): Finding[] {
  const findings: Finding[] = [];
  const { stage } = manifest;
  const sources = Object.entries(manifest.sources);
  const check = (holds: boolean, code: string, what: string, source?: string) => {
    if (holds) return;
    findings.push({ severity: "error", code, stage: stage.name, ...(source === undefined ? {} : { source }), what });
  };
  const sum = (value: (source: SourceManifest) => number) =>
    sources.reduce((total, [, source]) => total + value(source), 0);

  check(
    stage.window_tokens === stage.sequence_length + 1,
    "verify/window-tokens",
    "window_tokens is not sequence_length + 1",
  );
  check(
    stage.tokens === stage.windows * stage.sequence_length,
    "verify/stage-tokens",
    "tokens is not windows × sequence_length",
  );
  const windows = sum((source) => source.windows);
  check(
    windows === stage.windows,
    "verify/windows-do-not-add-up",
    `sources have ${exactly(windows, "window")}, the stage ${stage.windows}`,
  );
  const normalized = sum((source) => source.weight_normalized);
  check(
    Math.abs(normalized - 1) < TOLERANCE,
    "verify/weights-do-not-add-up",
    `normalised weights add up to ${normalized}`,
  );
  const redistributed = sources.some(([, source]) => source.windows_short !== undefined);

  for (const [name, source] of sources) {
    const achieved = source.windows / stage.windows;
    check(
      Math.abs(source.weight_achieved - achieved) < TOLERANCE,
      "verify/weight-achieved",
      `weight_achieved is ${source.weight_achieved}, and its windows are ${achieved} of the stage`,
      name,
    );
    const off = Math.abs(source.windows - source.weight_normalized * stage.windows);
    check(
      redistributed || off < 1 + TOLERANCE * stage.windows,
      "verify/weight-missed",
      `has ${exactly(off, "window")} more or less than its weight asks for`,
      name,
    );
    check(
      Math.abs(source.weight_normalized * stage.weights_sum - source.weight_requested) <
        TOLERANCE * Math.max(1, stage.weights_sum),
      "verify/weight-normalized",
      "weight_normalized is not weight_requested / weights_sum",
      name,
    );
    check(
      source.tokens === source.windows * stage.sequence_length,
      "verify/source-tokens",
      "tokens is not windows × sequence_length",
      name,
    );
    check(
      source.end_window - source.start_window === source.windows,
      "verify/window-range",
      "its window range does not hold its windows",
      name,
    );
    const stored = source.shard_windows.reduce((total, count) => total + count, 0);
    check(
      stored === source.epoch_windows,
      "verify/epoch-windows",
      `its shards hold ${exactly(stored, "window")}, and an epoch is said to have ${source.epoch_windows}`,
      name,
    );
    check(
      stored === source.packing.windows,
      "verify/epoch-windows",
      `its shards hold ${exactly(stored, "window")}, and packing is said to have made ${source.packing.windows}`,
      name,
    );
    const epochs = source.epoch_windows === 0 ? 0 : source.windows / source.epoch_windows;
    check(
      isNear(source.epochs, epochs),
      "verify/epochs",
      `epochs is ${source.epochs}, and its windows are ${epochs}`,
      name,
    );
    for (const problem of accountingProblems(source)) check(false, "verify/rows-do-not-add-up", problem, name);
    for (const problem of packingProblems(source, stage.window_tokens))
      check(false, "verify/packing-does-not-add-up", problem, name);
  }
  for (const problem of categoryProblems(manifest)) check(false, "verify/categories-do-not-add-up", problem);
  for (const gate of manifest.gates) {
    const holds = gate.name.startsWith("min_") ? gate.value >= gate.limit : gate.value <= gate.limit;
    check(
      holds === gate.passed,
      "verify/gate",
      `gate ${gate.name} says ${gate.passed ? "passed" : "failed"} at ${gate.value} of ${gate.limit}`,
    );
  }
  return findings;
}

/** Shares of categories are the sums of those of their sources. */
function* categoryProblems({ sources, categories }: TrainingStageManifest): Generator<string> {
  const named = new Set(Object.values(sources).map(({ category = "" }) => category));
  for (const name of new Set([...named, ...Object.keys(categories)])) {
    const members = Object.values(sources).filter(({ category = "" }) => category === name);
    for (const field of ["weight_requested", "weight_normalized", "weight_achieved", "windows", "tokens"] as const) {
      const sum = members.reduce((total, source) => total + source[field], 0);
      const said = ownOf(categories, name)?.[field];
      if (said !== undefined && Math.abs(said - sum) <= TOLERANCE * Math.max(1, sum)) continue;
      yield `the category ${JSON.stringify(name)} says ${field} ${said}, and its sources have ${sum}`;
    }
  }
}

function* accountingProblems(source: SourceManifest): Generator<string> {
  const { counts, token_store, packing, selection, validation } = source;
  const dropped = Object.values(counts.dropped).flatMap(Object.values<number>);
  const lost = [...dropped, ...Object.values(counts.errors)].reduce((total, rows) => total + rows, 0);
  const { held_out = 0 } = counts;
  if (counts.rows_in !== counts.kept + held_out + lost) {
    const aside = validation === undefined ? "" : `, ${held_out} held out`;
    yield `${exactly(counts.rows_in, "row")} in, but ${counts.kept} kept${aside} and ${lost} dropped or in error`;
  }
  if (counts.kept !== token_store.documents)
    yield `${exactly(counts.kept, "row")} kept, but ${exactly(token_store.documents, "document")} stored`;
  const stored = validation?.token_store.documents ?? 0;
  if (held_out !== stored)
    yield `${exactly(held_out, "row")} held out, but ${exactly(stored, "document")} stored for validation`;
  const valid = validation?.packing.documents ?? 0;
  if (stored !== valid) yield `${exactly(stored, "document")} stored for validation, but ${valid} packed`;
  const documents = packing.documents + (selection?.documents_skipped ?? 0);
  if (token_store.documents !== documents)
    yield `${exactly(token_store.documents, "document")} stored, but ${documents} packed or left out by length`;
}

function* packingProblems(
  { token_store, packing, selection }: SourceManifest,
  windowTokens: number,
): Generator<string> {
  const packed = packing.tokens + (selection?.tokens_skipped ?? 0);
  if (packed !== token_store.tokens)
    yield `${exactly(token_store.tokens, "token")} stored, but ${packed} packed or left out`;
  if (packing.tokens_lost !== 0) yield `${exactly(packing.tokens_lost, "token")} in no window`;
  const capacity = packing.windows * windowTokens;
  if (packing.tokens + packing.padding_tokens !== capacity) {
    yield `${exactly(packing.tokens, "token")} and ${packing.padding_tokens} of padding do not fill ${exactly(packing.windows, "window")} of ${windowTokens}`;
  }
}

/** The trainer picks sources by its own rule; with the achieved weights it must come to the windows the manifest states. */
function blendFindings(manifest: TrainingStageManifest): Finding[] {
  const { name, windows } = manifest.stage;
  const sources = Object.entries(manifest.sources).filter(([, source]) => source.windows > 0);
  if (sources.length === 0) return [];
  const taken = blendAt(
    sources.map(([, source]) => source.weight_achieved),
    windows,
  );
  return sources.flatMap(([source, share], i): Finding[] => {
    const windowsTaken = entryAt(taken, i, "source");
    if (Math.abs(windowsTaken - share.windows) <= 1) return [];
    const what = `a trainer's blend takes ${exactly(windowsTaken, "window")}, the manifest says ${share.windows}`;
    return [{ severity: "error", code: "verify/blend", stage: name, source, what }];
  });
}

function meet([a, aEnd]: readonly [number, number], [b, bEnd]: readonly [number, number]): boolean {
  return a < bEnd && b < aEnd;
}

/** Documents read twice before their source was read whole. Shards of all packings of a source hold the same documents. */
function repeatFindings(manifests: readonly TrainingStageManifest[]): Finding[] {
  const findings: Finding[] = [];
  type Read = {
    readonly stage: string;
    readonly packing: string;
    readonly selection: DocumentSelection;
    readonly start: number;
    readonly end: number;
    readonly documents: readonly [first: number, end: number];
  };
  const read = new Map<string, Read[]>();
  for (const manifest of manifests) {
    for (const [source, share] of Object.entries(manifest.sources)) {
      const ranges = shardRanges(share.shard_windows, share.start_window, share.end_window);
      for (const [at, range] of ranges.entries()) {
        const key = JSON.stringify([share.fingerprints.tokens, range.epoch, range.shard]);
        const earlier = read.get(key) ?? [];
        const mine = {
          stage: manifest.stage.name,
          packing: share.fingerprints.windows,
          selection: share.selection ?? {},
          start: range.start,
          end: range.end,
          documents: [
            at === 0 ? (share.first_document ?? 0) : 0,
            at === ranges.length - 1 ? (share.end_document ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
          ] as const,
        };
        const clash = earlier.find(
          (other) =>
            selectionsOverlap(other.selection, mine.selection) &&
            (other.packing === mine.packing
              ? meet([other.start, other.end], [mine.start, mine.end])
              : meet(other.documents, mine.documents)),
        );
        if (clash !== undefined) {
          findings.push({
            severity: "error",
            code: "verify/repeated-windows",
            stage: mine.stage,
            source,
            what: `reads shard ${range.shard} in epoch ${range.epoch}, documents of which ${clash.stage} has read`,
          });
        }
        read.set(key, [...earlier, mine]);
      }
    }
  }
  return findings;
}
