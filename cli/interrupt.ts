/**
 * Signals as the two ways of stopping: commit what is in flight, or stop at once.
 *
 * The first SIGINT or SIGTERM commits, a second one stops at once; SIGUSR1 says that the time of a job is nearly over, and commits. Node would open
 * its debugger on SIGUSR1: nobody's signal may open a port, so it is taken here or passed over.
 */
import { type CliContext, EXIT, Stopped } from "./context.ts";
import type { Reporter } from "./reporters/reporter.ts";

/** How work is told to stop. */
export interface Interrupt {
  /** Aborted: commit what is in flight. */
  readonly stop: AbortSignal;
  /** Aborted: stop at once. */
  readonly kill: AbortSignal;
}

/** Does `work`, with signals listened to, and closes the reporter after it. */
export async function interruptible<Result>(
  { process }: CliContext,
  reporter: Reporter,
  work: (interrupt: Interrupt) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const kill = new AbortController();
  let isLimit = false;
  const interrupt = (): void => {
    if (kill.signal.aborted) return;
    if (stop.signal.aborted) {
      reporter.note("stopping at once");
      kill.abort();
      return;
    }
    reporter.note("stopping: what is in flight is committed first; press Ctrl-C again to stop at once");
    stop.abort();
  };
  const limit = (): void => {
    if (stop.signal.aborted) return;
    isLimit = true;
    reporter.note("time is nearly up: what is in flight is committed, the rest is for the next attempt");
    stop.abort();
  };
  const handlers = [
    ["SIGINT", interrupt],
    ["SIGTERM", interrupt],
    ["SIGUSR1", limit],
  ] as const;
  for (const [signal, handler] of handlers) process.on(signal, handler);
  try {
    return await work({ stop: stop.signal, kill: kill.signal });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "run/interrupted") {
      throw new Stopped(error, isLimit ? EXIT.again : EXIT.interrupted);
    }
    throw error;
  } finally {
    reporter.close();
    for (const [signal, handler] of handlers) process.off(signal, handler);
  }
}
