/** `shardmill export`: trainers and flags follow from the exporters' declarations. */
import { buildCommand } from "@stricli/core";
import type { Trainer } from "../../index.ts";
import { type CliContext, EXIT, guarded, note, print, printJson, warn } from "../context.ts";
import { jsonFlag, outFlag, recipeRootFlag } from "../flags.ts";
import { type ExportFlags, exportFlags, OPTION_NAMES, TRAINERS } from "../trainers.gen.ts";
import { runArgument } from "./status.ts";

interface Flags extends ExportFlags {
  readonly out: string;
  readonly reset: boolean;
  readonly json: boolean;
  readonly recipeRoot?: string;
  readonly to: Trainer;
}

export const exportCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "lay a finished run out for a trainer",
    fullDescription:
      "Writes runs/NAME/exports/TRAINER with the options of the recipe. Where an export stands there, what it was given by\n" +
      "hand is kept, and flags change only themselves.",
  },
  parameters: {
    flags: {
      out: outFlag,
      recipeRoot: recipeRootFlag,
      to: { kind: "enum", values: TRAINERS, brief: "trainer to export for" },
      ...exportFlags,
      reset: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "forget what the export that stands there was given by hand",
      },
      json: jsonFlag,
    },
    positional: { kind: "tuple", parameters: [runArgument] },
  },
  func({ out, recipeRoot, to, reset, json, ...flags }, name) {
    return guarded(this, { json }, async ({ exportRun, openRun }) => {
      const given = Object.entries(OPTION_NAMES).flatMap(([flag, option]) => {
        const value = flags[flag as keyof typeof OPTION_NAMES];
        return value === undefined ? [] : [[option, value] as const];
      });
      const run = openRun(name, out, recipeRoot);
      const result = await exportRun(run, to, Object.fromEntries(given), { reset });
      if (json) printJson(this, { trainer: to, ...result });
      else for (const path of result.paths) print(this, path);
      const kept = Object.entries(result.kept_options).map(([option, value]) => `${option}=${String(value)}`);
      if (kept.length > 0)
        note(this, `kept from the export that stood there: ${kept.join(", ")}; --reset forgets them`);
      for (const warning of result.warnings) warn(this, warning);
      return EXIT.ok;
    });
  },
});
