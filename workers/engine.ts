/**
 * What an engine is: something that does the tasks a frontier says are ready.
 *
 * An engine decides nothing: which tasks there are, in which order their phases come and when all is done is the frontier's. It only knows how
 * to get a task done somewhere. Invariant: when `run` ends, well or not, nothing it started is in flight.
 */
import type { RunEvent } from "./events.ts";
import type { Frontier, Phase } from "./frontier/frontier.ts";
import type { MarkerOf, Task } from "./protocol.ts";

/** What an engine is given to do. */
export interface Work {
  /** What is to be done now, as all markers so far have it. Asked again whenever a phase has ended. */
  readonly frontier: () => Frontier;
  /** Takes in what a task has left. */
  readonly done: (phase: Phase, index: number, marker: MarkerOf[Task["kind"]]) => void;
  readonly report: (event: RunEvent) => void;
  /** Called when a phase has ended and before it is asked what comes next. */
  readonly phaseDone?: (phase: Phase) => void;
}

export interface Engine {
  /**
   * Does tasks until none is ready, and returns what is left: all done, or waiting for others. Rejects with the first failure once nothing is
   * in flight any more, and with RunError `run/interrupted` when it was told to stop.
   */
  readonly run: (work: Work) => Promise<Frontier>;
  /** Milliseconds its workers spent so far, by part of the work. */
  readonly time: ReadonlyMap<string, number>;
  /** Whether tasks keep the thread that calls busy. */
  readonly usesThisThread: boolean;
  readonly close: () => Promise<void>;
}
