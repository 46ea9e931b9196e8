/**
 * For people: finished segments scroll up, active ones are redrawn in place, one line each, and one for the whole run.
 *
 * Invariant: what is erased is what was drawn, also where the terminal has become narrower since and wraps it.
 */
import { createColors } from "picocolors";
import type { RunEvent } from "../../index.ts";
import type { Reporter } from "./reporter.ts";
import { Segments } from "./segments.ts";

const CLEAR_BELOW = "\u001b[0J";
/** Of a terminal that does not say how wide it is. */
const WIDTH = 80;

export interface TerminalOutput {
  write(text: string): void;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  on?(event: "resize", listener: () => void): void;
  off?(event: "resize", listener: () => void): void;
}

export interface TerminalOptions {
  readonly colors: boolean;
  readonly now?: () => number;
}

export function terminalReporter(output: TerminalOutput, { colors, now = Date.now }: TerminalOptions): Reporter {
  const { dim, yellow } = createColors(colors);
  const segments = new Segments(now);
  let drawn: readonly string[] = [];
  const columns = (): number => output.columns || WIDTH;
  const erase = (): void => {
    // A line that was drawn in a wider terminal takes more than one now.
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns())), 0);
    if (rows > 0) output.write(`\u001b[${rows}A\r${CLEAR_BELOW}`);
    drawn = [];
  };
  const draw = (): void => {
    erase();
    drawn = segments.lines(columns() - 1, Math.max(1, (output.rows || 24) - 1));
    for (const line of drawn) output.write(`${line}\n`);
  };
  output.on?.("resize", draw);
  return {
    report: (event: RunEvent) => {
      const lines = segments.take(event);
      if (lines.length > 0) erase();
      for (const line of lines) output.write(`${line.startsWith("warning: ") ? yellow(line) : dim(line)}\n`);
      if (lines.length > 0 || event.type === "progress") draw();
    },
    note: (text) => {
      erase();
      segments.stopping();
      // The terminal has written ^C where the cursor was.
      output.write(`\r${CLEAR_BELOW}${text}\n`);
      draw();
    },
    close: () => {
      output.off?.("resize", draw);
      erase();
    },
  };
}
