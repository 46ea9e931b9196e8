/** For pipes and logs: a line when something is done, and every ten seconds a line for each active segment. */
import type { RunEvent } from "../../index.ts";
import type { Reporter } from "./reporter.ts";
import { Segments } from "./segments.ts";

const INTERVAL_MS = 10_000;
const WIDTH = 200;

export function plainReporter(output: { write(text: string): void }, progress: boolean): Reporter {
  const segments = new Segments(Date.now);
  let last = Date.now();
  return {
    report: (event: RunEvent) => {
      const line = segments.take(event);
      if (line !== undefined) output.write(`${line}\n`);
      if (!progress || event.type !== "progress" || Date.now() - last < INTERVAL_MS) return;
      last = Date.now();
      for (const active of segments.lines(WIDTH)) output.write(`${active}\n`);
    },
    close: () => {},
  };
}
