/** The verbs and their help. What they call is loaded only when one is chosen. */
import { type Application, buildApplication, buildRouteMap } from "@stricli/core";
import type { CliContext } from "./context.ts";
import { advanceCommand } from "./verbs/advance.ts";
import { checkCommand } from "./verbs/check.ts";
import { completionsCommand } from "./verbs/completions.ts";
import { diffCommand } from "./verbs/diff.ts";
import { doctorCommand } from "./verbs/doctor.ts";
import { explainCommand } from "./verbs/explain.ts";
import { exportCommand } from "./verbs/export.ts";
import { gcCommand } from "./verbs/gc.ts";
import { helpCommand } from "./verbs/help.ts";
import { listCommand } from "./verbs/list.ts";
import { mixCommands } from "./verbs/mix.ts";
import { newCommand } from "./verbs/new.ts";
import { peekCommand } from "./verbs/peek.ts";
import { planCommand } from "./verbs/plan.ts";
import { publishCommand } from "./verbs/publish.ts";
import { quickstartCommand } from "./verbs/quickstart.ts";
import { rankCommand } from "./verbs/rank.ts";
import { reportCommand } from "./verbs/report.ts";
import { reviewCommand } from "./verbs/review.ts";
import { runCommand } from "./verbs/run.ts";
import { sameCommand } from "./verbs/same.ts";
import { stagesCommand } from "./verbs/stages.ts";
import { statusCommand } from "./verbs/status.ts";
import { traceCommand } from "./verbs/trace.ts";
import { verifyCommand } from "./verbs/verify.ts";

export function buildCli(version: string): Application<CliContext> {
  const root = buildRouteMap({
    routes: {
      quickstart: quickstartCommand,
      new: newCommand,
      check: checkCommand,
      plan: planCommand,
      run: runCommand,
      advance: advanceCommand,
      rank: rankCommand,
      status: statusCommand,
      list: listCommand,
      gc: gcCommand,
      peek: peekCommand,
      explain: explainCommand,
      trace: traceCommand,
      diff: diffCommand,
      same: sameCommand,
      verify: verifyCommand,
      export: exportCommand,
      publish: publishCommand,
      report: reportCommand,
      review: reviewCommand,
      mix: mixCommands,
      stages: stagesCommand,
      doctor: doctorCommand,
      completions: completionsCommand(() => application),
      help: helpCommand(() => application),
    },
    docs: {
      brief: "Turns raw text shards into what a GPU trainer reads.",
      fullDescription: [
        "Turns raw text shards into what a GPU trainer reads.",
        "",
        "  shardmill quickstart                     a first run on this package's own text",
        "  shardmill new my-mix                     write a recipe to start from",
        "  shardmill check my-mix.yaml              find what is wrong with it, with line and column",
        "  shardmill plan my-mix.yaml               what a run would do, and what is done already",
        "  shardmill run my-mix.yaml                do it; run again to go on after a stop",
        "  shardmill peek runs/my-mix --tokens      windows with document boundaries marked",
        "  shardmill explain my-mix web/a.jsonl#12  all that the run knows of one document",
        "  shardmill trace my-mix --step 1000       a training step's sequences back to their rows",
        "  shardmill verify runs/my-mix             re-read everything and check it",
        "  shardmill export runs/my-mix --to trl    lay it out for a trainer",
        "  shardmill publish my-mix --to hf://datasets/ME/MY-MIX --dry-run   what would go to the Hub",
        "  shardmill report runs/my-mix             one page of it: where rows went, mixture, drop reasons, packing, lineage",
        "  shardmill review runs/my-mix             what was found of benchmarks, text and item side by side",
        "  shardmill mix replay my-mix.yaml         what a trainer has read of each source at a step",
        "  shardmill mix fit --ratios R --metrics M  which mixture the losses of trained mixtures speak for",
        "",
        "Exit codes: 0 ok, 1 run failed, 2 bad recipe or flag, 3 a gate, `plan --check` or `same` says no, 75 try again later, 130 interrupted and resumable.",
      ].join("\n"),
    },
  });
  const application: Application<CliContext> = buildApplication(root, {
    name: "shardmill",
    versionInfo: { currentVersion: version },
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { caseStyle: "convert-camel-to-kebab" },
  });
  return application;
}
