import path from "node:path";
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
      "Then look around: it ends with the commands that show rows, the report and what went.",
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
      // Texts lie in the package, and other verbs look for them where they are called.
      const from = path.relative(process.cwd(), packageRoot);
      const places = `--out ${flags.out}${from === "" ? "" : ` --data-root ${from}`}`;
      for (const next of [`peek first-run ${places}`, `report first-run ${places}`, "new my-mix"])
        note(this, `next: shardmill ${next}`);
      return code;
    });
  },
});
