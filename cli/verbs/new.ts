import { buildCommand } from "@stricli/core";
import { type CliContext, EXIT, guarded, note, print, printJson } from "../context.ts";
import { jsonFlag, recipeArgument } from "../flags.ts";

interface Flags {
  readonly from: string;
  readonly json: boolean;
}

export const newCommand = buildCommand<Flags, [string], CliContext>({
  docs: { brief: "write a commented recipe to start from" },
  parameters: {
    flags: {
      from: {
        kind: "parsed",
        parse: (value: string) => value,
        default: "data/*.jsonl",
        placeholder: "pattern",
        brief: "where the text is: path, glob, https:// or hf://datasets/ORG/NAME@REVISION/GLOB",
      },
      json: jsonFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [{ ...recipeArgument, brief: "name of the recipe, or path of its file" }],
    },
  },
  func(flags, name) {
    return guarded(this, flags, async ({ newRecipe }) => {
      const path = await newRecipe(name, { from: flags.from });
      if (flags.json) printJson(this, { recipe: path });
      else print(this, path);
      note(this, `next: shardmill check ${path}`);
      return EXIT.ok;
    });
  },
});
