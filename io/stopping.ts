/**
 * Being told to stop while files are listed, hashed or fetched for a plan.
 *
 * Invariant: nothing of a run is begun by then, and what was hashed is remembered, so that the same command goes on. Price: one look a piece.
 */
import { RunError } from "../batch/errors.ts";

/** Throws RunError `run/interrupted` where `stop` is aborted. */
export function lookUp(stop: AbortSignal | undefined): void {
  if (stop?.aborted !== true) return;
  throw new RunError({
    code: "run/interrupted",
    what: "stopped while files were listed and hashed",
    why: "nothing was begun, and files that are hashed by now need not be hashed again",
    fix: "run the same command again to go on",
  });
}
