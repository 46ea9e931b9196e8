import { buildCommand } from "@stricli/core";
import { type CliContext, EXIT, guarded, print } from "../context.ts";
import { recipeArgument } from "../flags.ts";

interface Flags {
  readonly from: string;
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
    },
    positional: {
      kind: "tuple",
      parameters: [{ ...recipeArgument, brief: "name of the recipe, or path of its file" }],
    },
  },
  func(flags, name) {
    return guarded(this, async ({ newRecipe }) => {
      const path = await newRecipe(name, { from: flags.from });
      print(this, path);
      this.process.stderr.write(`next: shardmill check ${path}\n`);
      return EXIT.ok;
    });
  },
});
