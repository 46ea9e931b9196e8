import { buildCommand } from "@stricli/core";
import type { MixtureDiff } from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import { jsonFlag, outFlag } from "../flags.ts";
import { stageDiffText } from "../reporters/mixture-diff.ts";

interface Flags {
  readonly out: string;
  readonly json: boolean;
}

const text = (value: string): string => value;

export const diffCommand = buildCommand<Flags, [string, string], CliContext>({
  docs: {
    brief: "how two mixtures differ: weights in percentage points, tokens, epochs, where each starts",
    fullDescription: [
      "Compares recipes, runs and candidates of a sweep, stage by stage. A recipe says weights and budgets; epochs and windows are told of runs and",
      "candidates.",
      "",
      "  shardmill mix diff runs/baseline runs/more-code",
      "  shardmill mix diff my-mix.yaml sweeps/sweep/candidates/0c7527ef4d94",
    ].join("\n"),
  },
  parameters: {
    flags: { out: outFlag, json: jsonFlag },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "recipe, run (folder or name), or candidate (folder or manifest)", parse: text, placeholder: "A" },
        { brief: "what it is compared with", parse: text, placeholder: "B" },
      ],
    },
  },
  func(flags, a, b) {
    return guarded(this, flags, async ({ diffMixtures }) => {
      const diff = await diffMixtures(a, b, { out: flags.out });
      if (flags.json) printJson(this, diff);
      else print(this, diffText(diff, a, b));
      return EXIT.ok;
    });
  },
});

function diffText({ stages }: MixtureDiff, a: string, b: string): string {
  return [`A  ${a}`, `B  ${b}`, ...stages.map((stage) => stageDiffText(stage))].join("\n\n");
}
