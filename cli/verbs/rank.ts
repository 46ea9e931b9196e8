import { buildCommand } from "@stricli/core";
import { type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import {
  cacheDownloadsFlag,
  dataRootFlag,
  endpointFlag,
  jsonFlag,
  matchMemoryFlag,
  maxErrorsFlag,
  maxRequestsFlag,
  maxTokensFlag,
  outFlag,
  recipeRootFlag,
  workersFlag,
} from "../flags.ts";
import { counted, formatInteger } from "../format.ts";
import { interruptible } from "../interrupt.ts";
import { chooseReporter } from "../reporters/choose.ts";
import { runArgument } from "./status.ts";

interface Flags {
  readonly phase: string;
  readonly tasks?: readonly [number, number];
  readonly out: string;
  readonly recipeRoot?: string;
  readonly dataRoot: string;
  readonly workers: number;
  readonly maxErrors: number;
  readonly endpoint?: readonly string[];
  readonly maxRequests?: number;
  readonly maxTokens?: number;
  readonly matchMemory: number;
  readonly cacheDownloads: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** `5` or `0-15`, both ends included. */
function parseTasks(text: string): readonly [number, number] {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text.trim());
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || last < first)
    throw new SyntaxError(`--tasks must be a number or a range such as 0-15, not ${text}`);
  return [first, last];
}

export const rankCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "do some tasks of one phase of a run, from its folder alone",
    fullDescription:
      "Does tasks of a phase that `advance` calls ready, on this host, and leaves their markers. Any number of ranks may work\n" +
      "on a run at once, and on the same tasks. Exit 75: an earlier phase is not done, or time is up; try again.",
  },
  parameters: {
    flags: {
      phase: { kind: "parsed", parse: String, placeholder: "id", brief: "phase as `advance` names it: ingest:web" },
      tasks: {
        kind: "parsed",
        parse: parseTasks,
        optional: true,
        placeholder: "i-j",
        brief: "numbers of tasks, the last included; all of the phase where not given",
      },
      out: outFlag,
      recipeRoot: recipeRootFlag,
      dataRoot: dataRootFlag,
      workers: workersFlag,
      maxErrors: maxErrorsFlag,
      endpoint: endpointFlag,
      maxRequests: maxRequestsFlag,
      maxTokens: maxTokensFlag,
      matchMemory: matchMemoryFlag,
      cacheDownloads: cacheDownloadsFlag,
      quiet: { kind: "boolean", default: false, withNegated: false, brief: "only the result and errors" },
      json: jsonFlag,
    },
    positional: { kind: "tuple", parameters: [runArgument] },
    aliases: { q: "quiet" },
  },
  func(flags, name) {
    return guarded(this, flags, async ({ runRank }) => {
      const reporter = chooseReporter(this, { json: false, quiet: flags.quiet || flags.json, progress: false });
      const result = await interruptible(this, reporter, ({ stop, kill }) =>
        runRank(name, {
          out: flags.out,
          dataRoot: flags.dataRoot,
          recipeRoot: flags.recipeRoot,
          cacheDownloads: flags.cacheDownloads,
          endpoints: flags.endpoint ?? [],
          phase: flags.phase,
          ...(flags.tasks === undefined ? {} : { tasks: flags.tasks }),
          workers: flags.workers,
          max_errors: flags.maxErrors,
          max_requests: flags.maxRequests,
          max_tokens: flags.maxTokens,
          match_memory_bytes: flags.matchMemory,
          stop,
          kill,
          report: reporter.report,
        }),
      );
      if (flags.json) printJson(this, result);
      else
        print(
          this,
          `${result.phase}: ${formatInteger(result.performed)} of ${counted(result.tasks, "task")} done here, the others before`,
        );
      return EXIT.ok;
    });
  },
});
