import { buildCommand } from "@stricli/core";
import { type CliContext, EXIT, guarded, print, printJson, warn } from "../context.ts";
import { jsonFlag, keepIntermediatesFlag, maxErrorsFlag, outFlag, recipeRootFlag } from "../flags.ts";
import { counted, formatTable } from "../format.ts";
import { unfinishedRows } from "../reporters/rows.ts";
import { summary } from "../reporters/summary.ts";
import { runArgument } from "./status.ts";

interface Flags {
  readonly out: string;
  readonly recipeRoot?: string;
  readonly finish: boolean;
  readonly maxErrors: number;
  readonly keepIntermediates: boolean;
  readonly json: boolean;
}

export const advanceCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "say which tasks of a run may be done now; write its manifests, exports and outputs when all are",
    fullDescription:
      "Prints the phases that are ready, with the numbers of their tasks that are left, for `rank`. When nothing is left the run\n" +
      "is finished: manifests, exports and outputs are written, and what only served to build them is removed.",
  },
  parameters: {
    flags: {
      out: outFlag,
      recipeRoot: recipeRootFlag,
      finish: { kind: "boolean", default: false, withNegated: false, brief: "exit 75 where tasks are left" },
      maxErrors: maxErrorsFlag,
      keepIntermediates: keepIntermediatesFlag,
      json: jsonFlag,
    },
    positional: { kind: "tuple", parameters: [runArgument] },
  },
  func(flags, name) {
    return guarded(this, flags, async ({ advanceRun }) => {
      const { ready, waiting, result } = await advanceRun(name, {
        out: flags.out,
        recipeRoot: flags.recipeRoot,
        max_errors: flags.maxErrors,
        keep_intermediates: flags.keepIntermediates,
        report: (event) => {
          if (event.type === "warning") warn(this, event.message);
          if (event.type === "run_failed" && !flags.json) print(this, unfinishedRows(name, event.sources));
        },
      });
      if (flags.json) printJson(this, { ready, waiting, ...(result && { result }) });
      else if (result !== undefined) this.process.stdout.write(summary(result));
      else {
        const rows = ready.map(({ phase, tasks, left, numbers }) => [phase, `${left} of ${tasks}`, numbers]);
        print(this, formatTable(["ready", "left", "tasks"], rows));
        if (waiting.length > 0)
          print(this, `${counted(waiting.length, "phase")} ${waiting.length === 1 ? "waits" : "wait"} for these`);
      }
      if (result === undefined) return flags.finish ? EXIT.again : EXIT.ok;
      return result.gates.every(({ ok }) => ok) ? EXIT.ok : EXIT.gate;
    });
  },
});
