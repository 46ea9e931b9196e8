/**
 * Which reporter draws: JSON lines, nothing, one line a segment that is redrawn, or plain lines; and whether there
 * are colours.
 */
import type { CliContext } from "../context.ts";
import { jsonReporter } from "./json.ts";
import { afterEcho, plainReporter } from "./plain.ts";
import type { Reporter } from "./reporter.ts";
import { terminalReporter } from "./terminal.ts";

export interface ReporterFlags {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly progress: boolean;
}

export function chooseReporter({ process }: CliContext, { json, quiet, progress }: ReporterFlags): Reporter {
  const { stderr, env } = process;
  const note = (text: string): void => stderr.write(afterEcho(stderr, text));
  if (json) return { ...jsonReporter(process.stdout), note };
  if (quiet) return { report: () => {}, note, close: () => {} };
  const isLive = progress && stderr.isTTY === true && env.TERM !== "dumb";
  return isLive ? terminalReporter(stderr, { colors: hasColors(env) }) : plainReporter(stderr, progress);
}

/** Unless NO_COLOR says otherwise, and it says so when it holds anything. */
function hasColors({ NO_COLOR }: CliContext["process"]["env"]): boolean {
  return NO_COLOR === undefined || NO_COLOR === "";
}
