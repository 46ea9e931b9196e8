/** `shardmill export`: trainers and flags follow from the exporters' declarations. */
import { buildCommand } from "@stricli/core";
import type { Trainer } from "../../index.ts";
import { type CliContext, EXIT, guarded, print } from "../context.ts";
import { outFlag, recipeRootFlag } from "../flags.ts";
import { type ExportFlags, exportFlags, OPTION_NAMES, TRAINERS } from "../trainers.gen.ts";
import { runArgument } from "./status.ts";

interface Flags extends ExportFlags {
  readonly out: string;
  readonly recipeRoot?: string;
  readonly to: Trainer;
}

export const exportCommand = buildCommand<Flags, [string], CliContext>({
  docs: { brief: "lay a finished run out for a trainer" },
  parameters: {
    flags: {
      out: outFlag,
      recipeRoot: recipeRootFlag,
      to: { kind: "enum", values: TRAINERS, brief: "trainer to export for" },
      ...exportFlags,
    },
    positional: { kind: "tuple", parameters: [runArgument] },
  },
  func({ out, recipeRoot, to, ...flags }, name) {
    return guarded(this, async ({ exportRun, openRun }) => {
      const given = Object.entries(OPTION_NAMES).flatMap(([flag, option]) => {
        const value = flags[flag as keyof typeof OPTION_NAMES];
        return value === undefined ? [] : [[option, value] as const];
      });
      const result = await exportRun(openRun(name, out, recipeRoot), to, Object.fromEntries(given));
      for (const path of result.paths) print(this, path);
      for (const warning of result.warnings) this.process.stderr.write(`warning: ${warning}\n`);
      return EXIT.ok;
    });
  },
});
