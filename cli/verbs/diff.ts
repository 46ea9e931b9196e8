import { buildCommand } from "@stricli/core";
import type { FateTold, Pair, RunDiff, SourceCountsDiff, SourceFatesDiff } from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import { countFlag, jsonFlag, outFlag, textFlag } from "../flags.ts";
import { counted, formatInteger, formatTable } from "../format.ts";
import { printableLine } from "../printable.ts";
import { stageDiffText } from "../reporters/mixture-diff.ts";
import { runArgument } from "./status.ts";

interface Flags {
  readonly out: string;
  readonly source?: string;
  readonly count: number;
  readonly json: boolean;
}

export const diffCommand = buildCommand<Flags, [string, string], CliContext>({
  docs: {
    brief: "what two runs differ in: recipe, counts, mixture, and the documents whose fate changed, with why",
    fullDescription: [
      "  shardmill diff runs/my-mix runs/my-mix-strict",
      "  shardmill diff runs/my-mix runs/my-mix-strict --source web -n 10 --json",
      "",
      "Documents are compared by address, where both runs read the same content of a file. `shardmill explain` tells all of one.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      out: outFlag,
      source: textFlag("name", "only this source"),
      count: countFlag("count", "3", "examples of each way in which fates changed"),
      json: jsonFlag,
    },
    positional: { kind: "tuple", parameters: [runArgument, runArgument] },
    aliases: { n: "count" },
  },
  func(flags, one, other) {
    return guarded(this, flags, async ({ diffRuns, openRun }) => {
      const { out, count, source } = flags;
      const options = { count, ...(source === undefined ? {} : { source }) };
      const diff = await diffRuns(openRun(one, out), openRun(other, out), options);
      if (flags.json) printJson(this, diff);
      else print(this, diffText(diff));
      return EXIT.ok;
    });
  },
});

function diffText({ runs, changes, counts, mixtures, fates }: RunDiff): string {
  return [
    printableLine(`${runs[0]} → ${runs[1]}`),
    ...(changes.length === 0 ? ["  the same plan"] : changes.map((change) => printableLine(`  ${change}`))),
    "",
    countsTable(counts),
    ...mixtures.flatMap((stage) => ["", stageDiffText(stage, "  ")]),
    ...fates.flatMap((fate) => ["", fatesText(fate)]),
  ].join("\n");
}

const arrow = ([before, after]: Pair<number>, format: (value: number) => string): string => {
  const [from, to] = [before, after].map((value) => (value === undefined ? "-" : format(value)));
  return from === to ? (from ?? "-") : `${from} → ${to}`;
};

function countsTable(counts: readonly SourceCountsDiff[]): string {
  const rows = counts.flatMap(({ source, rows_in, kept, held_out, dropped }) => [
    [printableLine(source), "rows in", arrow(rows_in, formatInteger)],
    ["", "kept", arrow(kept, formatInteger)],
    ...(held_out.every((count) => count === undefined) ? [] : [["", "held out", arrow(held_out, formatInteger)]]),
    ...Object.entries(dropped).map(([reason, pair]) => ["", printableLine(reason), arrow(pair, formatInteger)]),
  ]);
  return formatTable(["source", "rows", "count"], rows);
}

function fatesText({ source, compared, unchanged, only, unread, changes }: SourceFatesDiff): string {
  const lines = [
    `  ${printableLine(source)}: ${counted(compared, "document")} compared, ${formatInteger(compared - unchanged)} with another fate`,
  ];
  if (only.some((count) => count > 0)) {
    lines.push(
      `    of files that the other run has not, or with other content: ${only.map(formatInteger).join(" and ")}`,
    );
  }
  if (unread.some((count) => count > 0)) lines.push(`    not come to: ${unread.map(formatInteger).join(" and ")}`);
  for (const { from, to, documents, why, examples } of changes) {
    lines.push(`    ${printableLine(`${from} → ${to}`)}: ${counted(documents, "document")}`);
    for (const text of why) lines.push(`      why: ${printableLine(text)}`);
    for (const { address, before, after } of examples) {
      lines.push(`      ${printableLine(address)}: ${fateText(before)} → ${fateText(after)}`);
    }
  }
  return lines.join("\n");
}

function fateText({ fate, verdict }: FateTold): string {
  if (verdict === undefined) return fate.replace("_", " ");
  const value = verdict.value === undefined ? "" : ` (${Number(verdict.value.toPrecision(4))})`;
  return printableLine(`${verdict.stage}: ${verdict.reason}${value}`);
}
