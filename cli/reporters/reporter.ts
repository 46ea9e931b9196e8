/** What draws the events of a run. */
import type { RunEvent } from "../../index.ts";

export interface Reporter {
  readonly report: (event: RunEvent) => void;
  /** Leaves the terminal as it was found. */
  readonly close: () => void;
}
