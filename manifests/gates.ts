/** The bounds a recipe sets on its own result. A gate that fails ends the command with exit code 3; what was made stays. */
import type { GateResult, SourceCounts, SourceManifest } from "./schema.ts";

export interface GateLimits {
  /** Largest difference between achieved and normalised weight of a source. */
  readonly max_weight_error?: number;
  /** Smallest share of a source's windows that is documents, not padding. */
  readonly min_packing_fill?: number;
  /** Largest share of a source's rows that was dropped or in error. */
  readonly max_dropped_ratio?: number;
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
  return results;
}

function droppedRatio(counts: SourceCounts): number {
  const { rows_in, kept, held_out = 0 } = counts;
  return rows_in === 0 ? 0 : (rows_in - kept - held_out) / rows_in;
}
