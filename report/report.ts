/**
 * Reports on runs as one static HTML page: of one run, or of several side by side.
 *
 * What draws is loaded here and by nobody else: no other verb pays for it. Price: see facts/run-facts.ts, and some tens of milliseconds a source.
 */
import type { OpenRun } from "../runs/status.ts";
import type { FactOptions } from "./facts/run-facts.ts";

export interface ReportOptions extends FactOptions {
  /** Seconds after which a browser asks for the page again: of a run that goes on. */
  readonly refresh_s?: number;
}

/** The page. Throws what opening a run throws. */
export async function reportPage(runs: readonly OpenRun[], options: ReportOptions): Promise<string> {
  const { runFacts } = await import("./facts/run-facts.ts");
  const { runPage } = await import("./run-page.ts");
  const facts = [];
  for (const run of runs) facts.push(await runFacts(run, options));
  const [first] = facts;
  if (first === undefined) throw new Error("a report is of one run at least");
  return runPage(first, options.refresh_s);
}
