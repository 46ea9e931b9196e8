import { buildCommand } from "@stricli/core";
import type { RunStatus } from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import { jsonFlag, outFlag } from "../flags.ts";
import { formatTable } from "../format.ts";

interface Flags {
  readonly out: string;
  readonly json: boolean;
}

export const runArgument = {
  brief: "run folder, or name of a run under runs/",
  parse: (value: string) => value,
  placeholder: "run",
};

export const statusCommand = buildCommand<Flags, [string], CliContext>({
  docs: { brief: "how far a run is, from its completion markers alone" },
  parameters: { flags: { out: outFlag, json: jsonFlag }, positional: { kind: "tuple", parameters: [runArgument] } },
  func(flags, name) {
    return guarded(this, async ({ openRun, runStatus }) => {
      const status = runStatus(openRun(name, flags.out));
      if (flags.json) printJson(this, status);
      else print(this, statusText(status));
      return EXIT.ok;
    });
  },
});

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
    ...(status.failure === undefined ? [] : [status.failure]),
    ...(status.next === undefined
      ? []
      : ["", "a changed recipe, which takes its place when it is done:", statusText(status.next)]),
  ].join("\n");
}
