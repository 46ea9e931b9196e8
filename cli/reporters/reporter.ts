/** What draws the events of a run. */
import type { RunEvent } from "../../index.ts";

export interface Reporter {
  readonly report: (event: RunEvent) => void;
  /** Says something that is to stay on the screen: that the run is stopping. */
  readonly note: (text: string) => void;
  /** Leaves the terminal as it was found. */
  readonly close: () => void;
}
