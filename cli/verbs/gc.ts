import { buildCommand } from "@stricli/core";
import type { GcResult, UnaskedEntry } from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson, warn } from "../context.ts";
import { jsonFlag, outFlag } from "../flags.ts";
import { formatBytes, formatInteger, formatTable } from "../format.ts";
import { printableLine } from "../printable.ts";

interface Flags {
  readonly out: string;
  readonly delete: boolean;
  readonly withAnswers: boolean;
  readonly json: boolean;
}

export const gcCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "what of the store no run asks for; --delete removes it",
    fullDescription: [
      "  shardmill gc                what could go, and how large it is; nothing is touched",
      "  shardmill gc --delete       remove it",
      "",
      "Asked for is what the plan of any run names, finished or not, and that of a changed recipe. To have the store of a run",
      "go, remove its folder under runs/ first. What a living run may need stays. Exports and outputs are links of their own",
      "and lose nothing.",
    ].join("\n"),
  },
  parameters: {
    flags: {
      out: outFlag,
      delete: { kind: "boolean", default: false, withNegated: false, brief: "remove it, instead of only telling" },
      withAnswers: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "also what holds answers of models and services, which cost something to get again",
      },
      json: jsonFlag,
    },
    positional: { kind: "tuple", parameters: [] },
  },
  func(flags) {
    return guarded(this, flags, async ({ collectGarbage }) => {
      const result = await collectGarbage(flags.out, { delete: flags.delete, with_answers: flags.withAnswers });
      if (flags.json) printJson(this, result);
      else {
        print(this, resultText(result, flags.delete));
        for (const name of result.unknown) warn(this, `store/${name} is not of the store's own names and stays`);
      }
      return EXIT.ok;
    });
  },
});

function resultText({ entries, unasked_bytes, freed_bytes, asked_bytes }: GcResult, isDone: boolean): string {
  const asked = `runs ask for ${formatBytes(asked_bytes)}`;
  if (entries.length === 0) return `nothing to remove: ${asked}, and that is all there is`;
  const table = formatTable(["store/", "of", "files", "size", "last written (UTC)", ""], entries.map(entryRow));
  const end = isDone
    ? `${formatBytes(freed_bytes)} removed; ${asked}`
    : `${formatBytes(unasked_bytes)} that no run asks for; ${asked}. Nothing was touched: --delete removes it`;
  return `${table}\n\n${end}`;
}

function entryRow({
  path,
  kind,
  files,
  size_bytes,
  modified,
  answers,
  deleted,
  kept,
}: UnaskedEntry): readonly string[] {
  const remark = deleted ? "removed" : (kept ?? (answers ? "holds answers: --with-answers" : ""));
  return [
    printableLine(path.length > 40 ? `${path.slice(0, 24)}…` : path),
    kind,
    formatInteger(files),
    formatBytes(size_bytes),
    modified.slice(0, 16).replace("T", " "),
    remark,
  ];
}
