import { fileURLToPath } from "node:url";
import { buildCommand } from "@stricli/core";
import { type CliContext, guarded, note } from "../context.ts";
import { flagDefaults, jsonFlag, outFlag, workersFlag } from "../flags.ts";
import { PACKAGE_ROOT } from "../package-root.ts";
import { runAndTell, runFlags } from "./run.ts";

interface Flags {
  readonly out: string;
  readonly workers: number;
  readonly json: boolean;
}

/** The recipe, from the folder of the package. */
const RECIPE = "mixtures/recipes/first-run.yaml";

export const quickstartCommand = buildCommand<Flags, [], CliContext>({
  docs: {
    brief: "a first run that needs nothing: this package's own pages and code are the text",
    fullDescription:
      `Runs ${RECIPE} of this package over its own documentation and code, and prints what came of it. Nothing is downloaded.\n` +
      "Then look around: shardmill peek first-run --out quickstart, with --tokens too, and shardmill verify first-run --out quickstart.",
  },
  parameters: {
    flags: {
      out: { ...outFlag, default: "quickstart" },
      workers: workersFlag,
      json: jsonFlag,
    },
  },
  func(flags) {
    return guarded(this, { json: flags.json, lines: true }, async (api) => {
      const packageRoot = fileURLToPath(PACKAGE_ROOT);
      const recipe = `${packageRoot}${RECIPE}`;
      const code = await runAndTell(this, api, { ...flagDefaults(runFlags), ...flags, dataRoot: packageRoot }, recipe);
      note(this, `next: shardmill peek first-run --out ${flags.out}; shardmill new my-mix`);
      return code;
    });
  },
});
