import fs from "node:fs";
import { buildCommand } from "@stricli/core";
import type { RunStatus } from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import { dataRootFlag, jsonFlag, outFlag, serveFlag, showTextFlag } from "../flags.ts";
import { formatTable } from "../format.ts";
import { live } from "../live.ts";
import { dedupTable } from "../reporters/dedup.ts";
import { rowsTable } from "../reporters/rows.ts";

interface Flags {
  readonly out: string;
  readonly check: boolean;
  readonly serve: boolean;
  readonly showText: boolean;
  readonly dataRoot: string;
  readonly json: boolean;
}

export const runArgument = {
  brief: "run folder, or name of a run under runs/",
  parse: (value: string) => value,
  placeholder: "run",
  /** For shells: runs of the folder that people are in. */
  proposeCompletions: (partial: string) => {
    const names = fs.existsSync("runs") ? fs.readdirSync("runs") : [];
    return names.filter((name) => name.startsWith(partial));
  },
};

export const statusCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "how far a run is, from its completion markers alone",
    fullDescription:
      "With --check it exits 0 only when all of the run is done, that of a changed recipe too, and else 3.",
  },
  parameters: {
    flags: {
      out: outFlag,
      check: { kind: "boolean", default: false, withNegated: false, brief: "exit 3 when work is left" },
      serve: serveFlag,
      showText: showTextFlag,
      dataRoot: dataRootFlag,
      json: jsonFlag,
    },
    positional: { kind: "tuple", parameters: [runArgument] },
  },
  func(flags, name) {
    return guarded(this, flags, async (api) => {
      const { accountRows, openPending, openRun, runStatus } = api;
      if (flags.serve) {
        openRun(name, flags.out);
        const served = await live(this, api, flags, () => openRun(name, flags.out));
        await stopped(this);
        await served.close();
        return EXIT.ok;
      }
      const status = runStatus(openRun(name, flags.out));
      const { plan, layout } = openPending(name, flags.out);
      const sources = accountRows(plan, layout);
      if (flags.json) printJson(this, { ...status, sources });
      else {
        print(this, statusText(status));
        if (sources.some(({ rows_in }) => rows_in > 0)) print(this, `\n${rowsTable(sources)}`);
      }
      const isDone = status.done && status.next === undefined;
      return flags.check && !isDone ? EXIT.gate : EXIT.ok;
    });
  },
});

/** Until somebody says that it is enough. */
function stopped({ process }: CliContext): Promise<void> {
  return new Promise((resolve) => {
    process.on("SIGINT", resolve);
    process.on("SIGTERM", resolve);
  });
}

function statusText(status: RunStatus): string {
  const rows = status.segments.map(({ kind, subject, done, tasks, state }) => [
    kind,
    subject,
    tasks === undefined ? "-" : `${done}/${tasks}`,
    state,
  ]);
  return [
    `${status.name}: ${status.done ? "done" : "not done; the same run command goes on"}`,
    formatTable(["phase", "of", "tasks", "state"], rows),
    ...(status.dedup === undefined ? [] : ["", dedupTable(status.dedup)]),
    ...(status.failure === undefined ? [] : [status.failure]),
    ...(status.next === undefined
      ? []
      : ["", "a changed recipe, which takes its place when it is done:", statusText(status.next)]),
  ].join("\n");
}
