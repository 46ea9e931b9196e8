/**
 * Signals as the two ways of stopping: commit what is in flight, or stop at once. Before there are tasks there is only the second.
 *
 * The first SIGINT or SIGTERM commits, a second one stops at once; SIGUSR1 says that the time of a job is nearly over, and commits. Node would open
 * its debugger on SIGUSR1: nobody's signal may open a port, so it is taken here or passed over.
 */
import { type CliContext, EXIT, Stopped } from "./context.ts";
import { afterEcho } from "./reporters/plain.ts";
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
  context: CliContext,
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
  try {
    return await listening(context, { interrupt, limit }, () => work({ stop: stop.signal, kill: kill.signal }));
  } catch (error) {
    throw stopped(error, isLimit);
  } finally {
    reporter.close();
  }
}

/** Does `work`, which lists, hashes and plans: every signal stops it, and says so. */
export async function stoppable<Result>(
  context: CliContext,
  work: (stop: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { stderr } = context.process;
  const stop = new AbortController();
  let isLimit = false;
  const interrupt = (): void => {
    if (!stop.signal.aborted)
      stderr.write(afterEcho(stderr, "stopping: files are being listed and hashed, nothing is begun"));
    stop.abort();
  };
  const limit = (): void => {
    isLimit = true;
    interrupt();
  };
  try {
    return await listening(context, { interrupt, limit }, () => work(stop.signal));
  } catch (error) {
    throw stopped(error, isLimit);
  }
}

interface Handlers {
  readonly interrupt: () => void;
  /** The time of a job is nearly over. */
  readonly limit: () => void;
}

async function listening<Result>(
  { process }: CliContext,
  { interrupt, limit }: Handlers,
  work: () => Promise<Result>,
): Promise<Result> {
  const handlers = [
    ["SIGINT", interrupt],
    ["SIGTERM", interrupt],
    ["SIGUSR1", limit],
  ] as const;
  for (const [signal, handler] of handlers) process.on(signal, handler);
  try {
    return await work();
  } finally {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  }
}

function stopped(error: unknown, isLimit: boolean): unknown {
  const isStop = error instanceof Error && "code" in error && error.code === "run/interrupted";
  return isStop ? new Stopped(error, isLimit ? EXIT.again : EXIT.interrupted) : error;
}
