/**
 * What somebody wants to see of a run, checked against its plan: what the plan does not know is an error with a
 * suggestion.
 */
import { RunError } from "../../batch/errors.ts";
import { didYouMean } from "../../batch/suggest.ts";
import type { PlannedStage, SourcePlan } from "../../plan/plan.ts";
import type { RowFate } from "./fates.ts";

/** Whether a row with this fate is wanted. */
export type Wants = (fate: RowFate) => boolean;

/** Rows that are kept, or will be as far as anybody can say. */
export const keptRows: Wants = ({ fate }) => fate === "kept" || fate === "undecided";

export const heldOutRows: Wants = ({ fate }) => fate === "held_out";

/** `all`, a stage's id, or `stage:reason`. Throws RunError `run/no-such-stage`, `run/no-such-reason`. */
export function droppedRows(which: string, sources: readonly SourcePlan[]): Wants {
  if (which === "all") return ({ fate }) => fate === "dropped";
  const [id = "", reason] = which.split(":");
  const stages = sources.flatMap((source) => source.stages);
  const named = stages.filter((stage) => stage.id === id);
  if (named.length === 0) {
    const dropping = stages.filter((stage) => reasonsOf(stage).length > 0).map((stage) => stage.id);
    throw new RunError({
      code: "run/no-such-stage",
      what: `no stage of the run is called ${id}`,
      fix: didYouMean(id, new Set(["all", ...dropping])),
    });
  }
  const reasons = new Set(named.flatMap(reasonsOf));
  if (reason !== undefined && !reasons.has(reason)) {
    const fix = reasons.size === 0 ? "it drops nothing" : didYouMean(reason, reasons);
    throw new RunError({ code: "run/no-such-reason", what: `${id} drops no row because of ${reason}`, fix });
  }
  return ({ verdict }) => verdict?.stage === id && (reason === undefined || verdict.reason === reason);
}

function reasonsOf({ reasons, exchange }: PlannedStage): readonly string[] {
  return exchange?.reason === undefined ? reasons : [...new Set([...reasons, exchange.reason])];
}

/** Where a row is, by its address. */
export interface Located {
  readonly source: SourcePlan;
  readonly shard: number;
  /** Counted from the start of the file. */
  readonly row: number;
}

/** Reads `source/shard#row`. Throws RunError `run/no-such-address`. */
export function locate(address: string, sources: readonly SourcePlan[]): Located {
  const hash = address.lastIndexOf("#");
  const row = Number(address.slice(hash + 1));
  const place = address.slice(0, hash);
  if (hash < 0 || address.slice(hash + 1) === "" || !Number.isSafeInteger(row) || row < 0) {
    throw noSuchAddress(`${address} is no address of a row`, "write it as peek shows it: SOURCE/SHARD#ROW");
  }
  for (const source of sources) {
    if (!place.startsWith(`${source.name}/`)) continue;
    const shard = source.shards.findIndex(({ key }) => `${source.name}/${key}` === place);
    if (shard >= 0) return { source, shard, row };
  }
  const known = sources.flatMap((source) => source.shards.map(({ key }) => `${source.name}/${key}`));
  throw noSuchAddress(`no source of the run has a file ${place}`, listed(place, known));
}

/** Most names are of one form, so the nearest one says more than all of them. */
function listed(name: string, known: readonly string[]): string {
  return known.length > 20 ? `its files are called such as ${known[0]}` : didYouMean(name, known);
}

function noSuchAddress(what: string, fix: string): RunError {
  return new RunError({ code: "run/no-such-address", what, fix });
}

/** Columns of a source that `--text` can show. Throws RunError `run/no-such-column`. */
export function shownColumn(name: string, sources: readonly SourcePlan[]): string {
  const known = new Set(["text", "id", ...sources.flatMap(({ reader }) => reader.writes.map((column) => column.name))]);
  if (known.has(name)) return name;
  throw new RunError({
    code: "run/no-such-column",
    what: `no source of the run reads a column ${name}`,
    why: "a run carries the columns that its recipe names under `metadata`",
    fix: didYouMean(name, known),
  });
}
