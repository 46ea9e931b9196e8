import { buildCommand } from "@stricli/core";
import { type Api, type CliContext, EXIT, guarded } from "../context.ts";
import {
  cacheDownloadsFlag,
  dataRootFlag,
  endpointFlag,
  jsonFlag,
  keepDroppedFlag,
  keepIntermediatesFlag,
  matchMemoryFlag,
  maxErrorsFlag,
  maxRequestsFlag,
  maxTokensFlag,
  outFlag,
  recipeArgument,
  serveFlag,
  setFlag,
  showTextFlag,
  workersFlag,
} from "../flags.ts";
import { type Interrupt, interruptible, stoppable } from "../interrupt.ts";
import { live } from "../live.ts";
import { chooseReporter } from "../reporters/choose.ts";
import { type RunFailed, unfinishedRows } from "../reporters/rows.ts";
import { profileTable, summary, type TimeSpent } from "../reporters/summary.ts";

export interface Flags {
  readonly set?: readonly string[];
  readonly out: string;
  readonly dataRoot: string;
  readonly workers: number;
  readonly maxErrors: number;
  readonly endpoint?: readonly string[];
  readonly maxRequests?: number;
  readonly maxTokens?: number;
  readonly matchMemory: number;
  readonly keepIntermediates: boolean;
  readonly keepDropped: boolean;
  readonly cacheDownloads: boolean;
  readonly progress: boolean;
  readonly profile: boolean;
  readonly quiet: boolean;
  readonly serve: boolean;
  readonly showText: boolean;
  readonly json: boolean;
}

export const runFlags = {
  set: setFlag,
  out: outFlag,
  dataRoot: dataRootFlag,
  workers: workersFlag,
  maxErrors: maxErrorsFlag,
  endpoint: endpointFlag,
  maxRequests: maxRequestsFlag,
  maxTokens: maxTokensFlag,
  matchMemory: matchMemoryFlag,
  keepIntermediates: keepIntermediatesFlag,
  keepDropped: keepDroppedFlag,
  cacheDownloads: cacheDownloadsFlag,
  progress: { kind: "boolean", default: true, brief: "show progress" },
  profile: {
    kind: "boolean",
    default: false,
    withNegated: false,
    brief: "show what part of the workers' time each stage and phase took",
  },
  quiet: { kind: "boolean", default: false, withNegated: false, brief: "only the result and errors" },
  serve: serveFlag,
  showText: showTextFlag,
  json: jsonFlag,
} as const;

export const runCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "build the shards, windows and manifests of a recipe; run again to go on after a stop",
    fullDescription:
      "Builds what the recipe asks for and is not there yet. Output bytes depend on recipe and input alone.\n" +
      "Ctrl-C once commits what is in flight and stops; twice stops at once. Both exit 130, and the same command goes on.",
  },
  parameters: {
    flags: runFlags,
    positional: { kind: "tuple", parameters: [recipeArgument] },
    aliases: { q: "quiet" },
  },
  func(flags, recipePath) {
    return guarded(this, { json: flags.json, lines: true }, (api) => runAndTell(this, api, flags, recipePath));
  },
});

/** Runs a recipe, draws how it goes, and prints what came of it; returns the exit code. */
export async function runAndTell(context: CliContext, api: Api, flags: Flags, recipePath: string): Promise<number> {
  const { prepare, run } = api;
  const prepared = await stoppable(context, (stop) =>
    prepare(recipePath, {
      set: flags.set ?? [],
      out: flags.out,
      dataRoot: flags.dataRoot,
      cacheDownloads: flags.cacheDownloads,
      keepDropped: flags.keepDropped,
      endpoints: flags.endpoint ?? [],
      stop,
    }),
  );
  const reporter = chooseReporter(context, flags);
  let spent: TimeSpent | undefined;
  let failed: RunFailed | undefined;
  const work = ({ stop, kill }: Interrupt) =>
    run(prepared.plan, {
      root: flags.out,
      workers: flags.workers,
      environment: prepared.environment,
      registry: prepared.registry,
      max_errors: flags.maxErrors,
      max_requests: flags.maxRequests,
      max_tokens: flags.maxTokens,
      match_memory_bytes: flags.matchMemory,
      keep_intermediates: flags.keepIntermediates,
      stop,
      kill,
      report: (event) => {
        if (event.type === "time_spent") spent = event;
        if (event.type === "run_failed") failed = event;
        reporter.report(event);
      },
    });
  const served = flags.serve
    ? await live(context, api, flags, () => api.openRun(prepared.plan.name, flags.out))
    : undefined;
  const result = await interruptible(context, reporter, work)
    .catch((error: unknown) => {
      if (!flags.json && failed) context.process.stdout.write(unfinishedRows(prepared.plan.name, failed.sources));
      throw error;
    })
    .finally(() => served?.close());
  if (!flags.json) context.process.stdout.write(summary(result));
  if (!flags.json && flags.profile && spent) context.process.stdout.write(profileTable(spent));
  return result.gates.every((gate) => gate.ok) ? EXIT.ok : EXIT.gate;
}
