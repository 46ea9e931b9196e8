/**
 * The mixture within bounds that is nearest to given shares, in the sense of the KL divergence: it scales what is free and cuts what is not.
 *
 * Invariant: shares of 0 stay 0; the bounds must leave something. Price: a few passes over the shares; where stages share sources, see
 * shared-limits.ts.
 */
import { type Bounds, keepsBounds, projectStage } from "./bounds.ts";
import { projectShared } from "./shared-limits.ts";

export function project(shares: Float64Array, bounds: Bounds): Float64Array {
  const alone = new Float64Array(shares.length);
  for (const columns of bounds.stages) projectStage(shares, columns, bounds.caps, alone);
  return keepsBounds(alone, bounds) ? alone : projectShared(shares, bounds);
}
