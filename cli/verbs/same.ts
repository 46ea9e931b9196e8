import { buildCommand } from "@stricli/core";
import type { ComparedPart, Comparison, FirstDifference } from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import { jsonFlag, outFlag } from "../flags.ts";
import { formatTable } from "../format.ts";
import { printableLine } from "../printable.ts";
import { runArgument } from "./status.ts";

interface Flags {
  readonly out: string;
  readonly json: boolean;
}

export const sameCommand = buildCommand<Flags, [string, string], CliContext>({
  docs: {
    brief: "whether two runs came to the same: one Merkle root for each store and mixture",
    fullDescription: [
      "  shardmill same runs/my-mix /mnt/elsewhere/runs/my-mix",
      "",
      "Compares token stores, windows, packed rows, mixtures and outputs by the checksums of their manifests. Where they part,",
      "it tells the first difference, down to the document, and what caused it. Exits 0 where all is the same, else 3.",
      "`shardmill verify` holds files to their checksums.",
    ].join("\n"),
  },
  parameters: {
    flags: { out: outFlag, json: jsonFlag },
    positional: { kind: "tuple", parameters: [runArgument, runArgument] },
  },
  func(flags, one, other) {
    return guarded(this, flags, async ({ compareRuns, openRun }) => {
      const comparison = await compareRuns(openRun(one, flags.out), openRun(other, flags.out));
      if (flags.json) printJson(this, comparison);
      else print(this, comparisonText(comparison));
      return comparison.same ? EXIT.ok : EXIT.gate;
    });
  },
});

/** Digits of a root that people are shown. */
const SHOWN = 16;

function comparisonText({ same, roots, parts, difference }: Comparison): string {
  const rows = parts.map(partRow);
  const [root] = roots;
  return [
    formatTable(["part", "of", "root", "other root", ""], rows),
    "",
    same ? `the same: ${root}` : "not the same",
    ...(difference === undefined ? [] : differenceText(difference)),
  ].join("\n");
}

function partRow({ kind, name, roots: [one, other], same }: ComparedPart): readonly string[] {
  const shown = (root: string | undefined): string => root?.slice(0, SHOWN) ?? "-";
  return [kind.replace("_", " "), printableLine(name), shown(one), same ? "" : shown(other), same ? "same" : "differs"];
}

function differenceText({ part, leaf, values, byte, documents, cause }: FirstDifference): readonly string[] {
  const at = byte === undefined ? "" : ` at byte ${byte}`;
  const of = (index: 0 | 1): string => documents?.[index] ?? "no document";
  return [
    `  first difference: ${[part, ...(leaf === undefined ? [] : [leaf])].map(printableLine).join(": ")}${at}`,
    ...(documents === undefined
      ? (values ?? []).map((value) => `    ${printableLine(value ?? "not there")}`)
      : [`    ${printableLine(of(0))} in one run, ${printableLine(of(1))} in the other`]),
    ...cause.map((text) => `  cause: ${printableLine(text)}`),
  ];
}
