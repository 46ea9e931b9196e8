import { buildCommand } from "@stricli/core";
import type { ListedRun } from "../../index.ts";
import { type CliContext, EXIT, guarded, note, print, printJson } from "../context.ts";
import { jsonFlag, outFlag } from "../flags.ts";
import { formatBytes, formatTable } from "../format.ts";
import { printableLine } from "../printable.ts";

interface Flags {
  readonly out: string;
  readonly json: boolean;
}

export const listCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "the runs of a folder: when, state, size on disk, and what a changed recipe waits to do",
    fullDescription: [
      "  shardmill list",
      "  shardmill list --out /mnt/data/out --json",
      "",
      "`own` is what the run has of the store and no other run asks for.",
    ].join("\n"),
  },
  parameters: { flags: { out: outFlag, json: jsonFlag }, positional: { kind: "tuple", parameters: [] } },
  func(flags) {
    return guarded(this, flags, async ({ listRuns }) => {
      const runs = listRuns(flags.out);
      if (flags.json) printJson(this, runs);
      else if (runs.length === 0)
        note(this, `there are no runs in ${flags.out}: start one with \`shardmill run RECIPE\``);
      else print(this, runsText(runs));
      return EXIT.ok;
    });
  },
});

function runsText(runs: readonly ListedRun[]): string {
  const rows = runs.map(({ name, state, planned, finished, size_bytes, store_bytes, store_bytes_own }) => [
    printableLine(name),
    state,
    (finished ?? planned ?? "-").slice(0, 16).replace("T", " "),
    formatBytes(size_bytes),
    formatBytes(store_bytes),
    formatBytes(store_bytes_own),
  ]);
  const remarks = runs.flatMap(({ name, problem, recipe_changes = [] }) => [
    ...(problem === undefined ? [] : [`${name}: ${problem}`]),
    ...(recipe_changes.length === 0 ? [] : [`${name}: a changed recipe is under way: ${recipe_changes.join("; ")}`]),
  ]);
  const table = formatTable(["run", "state", "when (UTC)", "folder", "store", "own"], rows);
  return [table, ...remarks.map((remark) => printableLine(`  ${remark}`))].join("\n");
}
