/**
 * For pipes and logs: a line when something is done, and every ten seconds a line for each active segment and one
 * for the whole run.
 */
import type { RunEvent } from "../../index.ts";
import type { Reporter } from "./reporter.ts";
import { Segments } from "./segments.ts";

const INTERVAL_MS = 10_000;
const WIDTH = 200;

export interface PlainOutput {
  write(text: string): void;
  readonly isTTY?: boolean | undefined;
}

/** A line of its own, also where a terminal has just written ^C. */
export function afterEcho({ isTTY }: PlainOutput, text: string): string {
  return `${isTTY === true ? "\n" : ""}${text}\n`;
}

export function plainReporter(output: PlainOutput, progress: boolean, now: () => number = Date.now): Reporter {
  const segments = new Segments(now);
  let last = now();
  return {
    report: (event: RunEvent) => {
      for (const line of segments.take(event)) output.write(`${line}\n`);
      if (!progress || event.type !== "progress" || now() - last < INTERVAL_MS) return;
      last = now();
      for (const active of segments.lines(WIDTH)) output.write(`${active}\n`);
    },
    note: (text) => {
      segments.stopping();
      output.write(afterEcho(output, text));
    },
    close: () => {},
  };
}
