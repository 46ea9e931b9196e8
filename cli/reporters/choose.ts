/** Which reporter draws: JSON lines, nothing, one line a segment that is redrawn, or plain lines. */
import type { CliContext } from "../context.ts";
import { jsonReporter } from "./json.ts";
import { plainReporter } from "./plain.ts";
import type { Reporter } from "./reporter.ts";
import { terminalReporter } from "./terminal.ts";

export interface ReporterFlags {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly progress: boolean;
}

export function chooseReporter({ process }: CliContext, { json, quiet, progress }: ReporterFlags): Reporter {
  if (json) return jsonReporter(process.stdout);
  if (quiet) return { report: () => {}, close: () => {} };
  const live = progress && process.stderr.isTTY === true && process.env.TERM !== "dumb";
  return live ? terminalReporter(process.stderr) : plainReporter(process.stderr, progress);
}
