/** For people: finished segments scroll up, active ones are redrawn in place, one line each. */
import colors from "picocolors";
import type { RunEvent } from "../../index.ts";
import type { Reporter } from "./reporter.ts";
import { Segments } from "./segments.ts";

const CLEAR_BELOW = "\u001b[0J";

export function terminalReporter(output: {
  write(text: string): void;
  readonly columns?: number | undefined;
}): Reporter {
  const segments = new Segments(Date.now);
  let drawn = 0;
  const erase = (): void => {
    if (drawn > 0) output.write(`\u001b[${drawn}A\r${CLEAR_BELOW}`);
    drawn = 0;
  };
  const draw = (): void => {
    erase();
    const lines = segments.lines((output.columns ?? 100) - 1);
    for (const line of lines) output.write(`${line}\n`);
    drawn = lines.length;
  };
  return {
    report: (event: RunEvent) => {
      const line = segments.take(event);
      if (line !== undefined) {
        erase();
        output.write(`${event.type === "warning" ? colors.yellow(line) : colors.dim(line)}\n`);
      }
      if (line !== undefined || event.type === "progress") draw();
    },
    close: erase,
  };
}
