/**
 * Two runs side by side: what their recipes differ in, counts by source, mixtures, and the documents whose fate changed, with why.
 *
 * Documents are compared by address in order, as two streams. Invariant: a row is compared where both runs read the same content of its
 * file; others are counted, not guessed at. Memory: the tables of one span of each run, and the examples. Price: the tables of all spans.
 */
import { ownOf } from "../../batch/entry.ts";
import { RunError } from "../../batch/errors.ts";
import { didYouMean } from "../../batch/suggest.ts";
import { compareCodePoints } from "../../io/local/glob.ts";
import { diffTrainingStages, type KnownTrainingStage, type MixtureDiff } from "../../mixtures/diff.ts";
import { accountRows } from "../account.ts";
import { runChanges, stageChanges } from "../changes.ts";
import { runMixture } from "../mixture-diff.ts";
import type { Fate, PeekedVerdict } from "../peek/document.ts";
import type { RowFate } from "../peek/fates.ts";
import { isFinished } from "../run-folder.ts";
import { trains } from "../run-manifests.ts";
import type { OpenRun } from "../status.ts";
import { type FatedRow, fatesInOrder } from "./fate-stream.ts";
import { addressOfRow } from "./store-rows.ts";

export interface DiffOptions {
  /** Examples of each way in which fates changed; 3 where absent. */
  readonly count?: number;
  /** Only this source. */
  readonly source?: string;
}

/** A figure in both runs; absent where a run has none. */
export type Pair<Value> = readonly [Value | undefined, Value | undefined];

export interface SourceCountsDiff {
  readonly source: string;
  readonly rows_in: Pair<number>;
  readonly kept: Pair<number>;
  readonly held_out: Pair<number>;
  /** By `stage:reason`, those that differ. */
  readonly dropped: Readonly<Record<string, Pair<number>>>;
}

/** What became of a row: `kept`, `held_out`, `undecided`, or `stage:reason`. */
export interface FateChange {
  readonly from: string;
  readonly to: string;
  readonly documents: number;
  /** What differs in the stages that decided. */
  readonly why: readonly string[];
  /** The first ones. */
  readonly examples: readonly { readonly address: string; readonly before: FateTold; readonly after: FateTold }[];
}

export interface FateTold {
  readonly fate: Fate;
  readonly verdict?: PeekedVerdict;
}

export interface SourceFatesDiff {
  readonly source: string;
  readonly compared: number;
  readonly unchanged: number;
  /** Rows of files that one run does not have, or has with other content. */
  readonly only: readonly [number, number];
  /** Rows that one run has not come to. */
  readonly unread: readonly [number, number];
  readonly changes: readonly FateChange[];
}

export interface RunDiff {
  readonly runs: readonly [string, string];
  /** What the recipes and inputs differ in; empty for the same plan. */
  readonly changes: readonly string[];
  readonly counts: readonly SourceCountsDiff[];
  /** Training stages; none where neither run is finished. */
  readonly mixtures: MixtureDiff["stages"];
  readonly fates: readonly SourceFatesDiff[];
}

/** Throws RunError `run/no-such-source`. Runs that are not finished are compared as far as they are. */
export async function diffRuns(one: OpenRun, other: OpenRun, options: DiffOptions = {}): Promise<RunDiff> {
  const { count = 3, source } = options;
  const named = ({ name }: { readonly name: string }): boolean => source === undefined || name === source;
  const all = [...one.plan.sources, ...other.plan.sources];
  const names = [...new Set(all.filter(named).map(({ name }) => name))];
  if (names.length === 0) {
    const fix = didYouMean(source ?? "", new Set(all.map(({ name }) => name)));
    throw new RunError({ code: "run/no-such-source", what: `neither run has a source ${source}`, fix });
  }
  const same = one.plan.fingerprint === other.plan.fingerprint;
  return {
    runs: [one.plan.name, other.plan.name],
    changes: same ? [] : runChanges(one.plan, other.plan),
    counts: countsDiff(one, other, names),
    mixtures: diffTrainingStages(await mixtureSoFar(one), await mixtureSoFar(other)).stages,
    fates: names.flatMap((name) => fatesDiff(one, other, name, count)),
  };
}

function countsDiff(one: OpenRun, other: OpenRun, names: readonly string[]): readonly SourceCountsDiff[] {
  const accounts = [one, other].map(({ plan, layout }) => accountRows(plan, layout));
  return names.map((name) => {
    const [left, right] = accounts.map((sources) => sources.find((account) => account.name === name));
    const reasons = [...new Set([...Object.keys(left?.dropped ?? {}), ...Object.keys(right?.dropped ?? {})])];
    const dropped = reasons.flatMap((reason): [string, Pair<number>][] => {
      const pair = [ownOf(left?.dropped, reason), ownOf(right?.dropped, reason)] as const;
      return (pair[0] ?? 0) === (pair[1] ?? 0) ? [] : [[reason, pair]];
    });
    return {
      source: name,
      rows_in: [left?.rows_in, right?.rows_in],
      kept: [left?.kept, right?.kept],
      held_out: [left?.held_out, right?.held_out],
      dropped: Object.fromEntries(dropped),
    };
  });
}

/** Empty where the run is not finished. */
async function mixtureSoFar(run: OpenRun): Promise<readonly KnownTrainingStage[]> {
  const { plan, layout } = run;
  return trains(plan.recipe) && isFinished(layout.run(plan.name), plan) ? runMixture(run) : [];
}

function fatesDiff(one: OpenRun, other: OpenRun, name: string, examples: number): readonly SourceFatesDiff[] {
  const [left, right] = [one, other].map(({ plan }) => plan.sources.find((source) => source.name === name));
  if (left === undefined || right === undefined) return [];
  const whys = stageChanges(left, right);
  const only: [number, number] = [0, 0];
  const unread: [number, number] = [0, 0];
  let compared = 0;
  let unchanged = 0;
  const changes = new Map<string, FateChange & { documents: number; examples: FateChange["examples"][number][] }>();
  const identities = [left, right].map(({ shards }) => new Map(shards.map(({ key, identity }) => [key, identity])));
  for (const [a, b] of inStep(fatesInOrder(one, left), fatesInOrder(other, right))) {
    const row = a ?? b;
    if (row === undefined) break;
    const isShared = identities[0]?.get(row.path) === identities[1]?.get(row.path);
    if (!isShared || a === undefined || b === undefined) {
      const counts = isShared ? unread : only;
      if (a !== undefined) counts[isShared ? 1 : 0]++;
      if (b !== undefined) counts[isShared ? 0 : 1]++;
      continue;
    }
    compared++;
    const [from, to] = [fateName(a.fate), fateName(b.fate)];
    if (from === to) {
      unchanged++;
      continue;
    }
    const key = `${from} → ${to}`;
    const change = changes.get(key) ?? { from, to, documents: 0, why: whyOf(a.fate, b.fate, whys), examples: [] };
    changes.set(key, change);
    change.documents++;
    if (change.examples.length >= examples) continue;
    change.examples.push({ address: addressOfRow(name, row), before: told(a.fate), after: told(b.fate) });
  }
  const sorted = [...changes.values()].sort((a, b) => b.documents - a.documents);
  return [{ source: name, compared, unchanged, only, unread, changes: sorted }];
}

/** Rows of both by address: one that only one of them has comes alone. */
function* inStep(
  left: Iterator<FatedRow>,
  right: Iterator<FatedRow>,
): Generator<readonly [FatedRow | undefined, FatedRow | undefined]> {
  let [a, b] = [left.next(), right.next()];
  while (a.done !== true || b.done !== true) {
    const order = a.done === true ? 1 : b.done === true ? -1 : byAddress(a.value, b.value);
    const pair = [order <= 0 ? rowIn(a) : undefined, order >= 0 ? rowIn(b) : undefined] as const;
    yield pair;
    if (order <= 0) a = left.next();
    if (order >= 0) b = right.next();
  }
}

function rowIn(result: IteratorResult<FatedRow>): FatedRow | undefined {
  return result.done === true ? undefined : result.value;
}

function byAddress(a: FatedRow, b: FatedRow): number {
  return compareCodePoints(a.path, b.path) || a.row - b.row;
}

function fateName({ fate, verdict }: RowFate): string {
  return verdict === undefined ? fate : verdict.reason === "" ? verdict.stage : `${verdict.stage}:${verdict.reason}`;
}

function told({ fate, verdict }: RowFate): FateTold {
  return { fate, ...(verdict && { verdict }) };
}

/** What changed in the stages that decided; where nothing did, that something before them, or beside them, changed. */
function whyOf(before: RowFate, after: RowFate, whys: ReadonlyMap<string, string>): readonly string[] {
  const stages = [...new Set([before.verdict?.stage, after.verdict?.stage])].filter((stage) => stage !== undefined);
  const found = stages.flatMap((stage) => whys.get(stage) ?? []);
  if (found.length > 0) return found;
  const others = [...whys].map(([, why]) => why);
  return others.length > 0
    ? others
    : ["no stage of the source changed: its other rows, or what it is compared with, did"];
}
