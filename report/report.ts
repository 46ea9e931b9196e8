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
  const facts = [];
  // Beside each other runs show no documents.
  const texts = options.texts && runs.length === 1;
  for (const run of runs) facts.push(await runFacts(run, { ...options, texts }));
  const [first] = facts;
  if (first === undefined) throw new Error("a report is of one run at least");
  if (facts.length > 1) return (await import("./compare-page.ts")).comparePage(facts);
  return (await import("./run-page.ts")).runPage(first, options.refresh_s);
}
