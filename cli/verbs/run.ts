import { buildCommand } from "@stricli/core";
import type { RunEvent, RunResult } from "../../index.ts";
import { type CliContext, EXIT, guarded } from "../context.ts";
import {
  dataRootFlag,
  jsonFlag,
  maxErrorsFlag,
  outFlag,
  parseBytes,
  recipeArgument,
  setFlag,
  workersFlag,
} from "../flags.ts";
import { jsonReporter } from "../reporters/json.ts";
import { plainReporter } from "../reporters/plain.ts";
import { profileTable, summary, type TimeSpent } from "../reporters/summary.ts";
import { terminalReporter } from "../reporters/terminal.ts";

interface Flags {
  readonly set?: readonly string[];
  readonly out: string;
  readonly dataRoot: string;
  readonly workers: number;
  readonly maxErrors: number;
  readonly matchMemory: number;
  readonly keepIntermediates: boolean;
  readonly cacheDownloads: boolean;
  readonly progress: boolean;
  readonly profile: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
}

/** Draws events; `close` leaves the terminal as it was found. */
export interface Reporter {
  readonly report: (event: RunEvent) => void;
  readonly close: () => void;
}

export const runCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "build the shards, windows and manifests of a recipe; run again to go on after a stop",
    fullDescription:
      "Builds what the recipe asks for and is not there yet. Output bytes depend on recipe and input alone.\n" +
      "Ctrl-C once commits what is in flight and stops; twice stops at once. Both can be resumed by the same command.",
  },
  parameters: {
    flags: {
      set: setFlag,
      out: outFlag,
      dataRoot: dataRootFlag,
      workers: workersFlag,
      maxErrors: maxErrorsFlag,
      matchMemory: {
        kind: "parsed",
        parse: parseBytes,
        default: "64MiB",
        placeholder: "size",
        brief: "keys a dedup task may hold in memory; more passes beyond it, the same result",
      },
      keepIntermediates: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "keep span tokens and scattered parts once stores are built",
      },
      cacheDownloads: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "keep files streamed from the Hub in its cache (HF_HUB_CACHE)",
      },
      progress: { kind: "boolean", default: true, brief: "show progress" },
      profile: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "show what part of the workers' time each stage and phase took",
      },
      quiet: { kind: "boolean", default: false, withNegated: false, brief: "only the result and errors" },
      json: jsonFlag,
    },
    positional: { kind: "tuple", parameters: [recipeArgument] },
    aliases: { q: "quiet" },
  },
  func(flags, recipePath) {
    return guarded(this, async ({ prepare, run }) => {
      const prepared = await prepare(recipePath, {
        set: flags.set ?? [],
        out: flags.out,
        dataRoot: flags.dataRoot,
        cacheDownloads: flags.cacheDownloads,
      });
      const reporter = chooseReporter(this, flags);
      const stop = new AbortController();
      const kill = new AbortController();
      const interrupt = (): void => {
        if (stop.signal.aborted) kill.abort();
        else
          this.process.stderr.write(
            "\nstopping: what is in flight is committed first; press Ctrl-C again to stop at once\n",
          );
        stop.abort();
      };
      this.process.on("SIGINT", interrupt);
      this.process.on("SIGTERM", interrupt);
      let result: RunResult;
      let spent: TimeSpent | undefined;
      try {
        result = await run(prepared.plan, {
          root: flags.out,
          workers: flags.workers,
          environment: prepared.environment,
          registry: prepared.registry,
          max_errors: flags.maxErrors,
          match_memory_bytes: flags.matchMemory,
          keep_intermediates: flags.keepIntermediates,
          stop: stop.signal,
          kill: kill.signal,
          report: (event) => {
            if (event.type === "time_spent") spent = event;
            reporter.report(event);
          },
        });
      } finally {
        reporter.close();
        this.process.off("SIGINT", interrupt);
        this.process.off("SIGTERM", interrupt);
      }
      if (!flags.json) this.process.stdout.write(summary(result));
      if (!flags.json && flags.profile && spent) this.process.stdout.write(profileTable(spent));
      return result.gates.every((gate) => gate.ok) ? EXIT.ok : EXIT.gate;
    });
  },
});

function chooseReporter(context: CliContext, flags: Flags): Reporter {
  if (flags.json) return jsonReporter(context.process.stdout);
  if (flags.quiet) return { report: () => {}, close: () => {} };
  const live = flags.progress && context.process.stderr.isTTY === true && context.process.env.TERM !== "dumb";
  return live ? terminalReporter(context.process.stderr) : plainReporter(context.process.stderr, flags.progress);
}
