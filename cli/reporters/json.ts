/** One JSON object a line on stdout, for programs. The plan itself is left out of `run_started`: `plan --json` has it. */
import type { RunEvent } from "../../index.ts";
import type { Reporter } from "./reporter.ts";

export function jsonReporter(output: { write(text: string): void }): Omit<Reporter, "note"> {
  return {
    report: (event: RunEvent) => {
      const line =
        event.type === "run_started"
          ? { ...event, plan: { name: event.plan.name, fingerprint: event.plan.fingerprint } }
          : event;
      output.write(`${JSON.stringify(line)}\n`);
    },
    close: () => {},
  };
}
