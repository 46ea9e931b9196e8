import { buildCommand } from "@stricli/core";
import type { CheckedRecipe } from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson, warn } from "../context.ts";
import { endpointFlag, jsonFlag, recipeArgument, setFlag } from "../flags.ts";
import { counted, formatInteger } from "../format.ts";

interface Flags {
  readonly set?: readonly string[];
  readonly endpoint?: readonly string[];
  readonly json: boolean;
}

export const checkCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "find what is wrong with a recipe, without reading any data",
    fullDescription:
      "Checks the recipe, reads its tokenizer, and looks for the files on this machine that its stages need.\n" +
      "No data is read.",
  },
  parameters: {
    flags: { set: setFlag, endpoint: endpointFlag, json: jsonFlag },
    positional: { kind: "tuple", parameters: [recipeArgument] },
  },
  func(flags, recipePath) {
    return guarded(this, flags, async ({ checkRecipe }) => {
      const checked = await checkRecipe(recipePath, { set: flags.set ?? [], endpoints: flags.endpoint ?? [] });
      if (flags.json) printJson(this, { ok: true, ...checked, counts: countsOf(checked) });
      else print(this, checkedText(checked));
      for (const warning of checked.warnings) warn(this, warning);
      return EXIT.ok;
    });
  },
});

function countsOf({ recipe }: CheckedRecipe) {
  return {
    sources: Object.keys(recipe.sources).length,
    pipelines: Object.keys(recipe.pipelines).length,
    training_stages: recipe.training_stages.length + (recipe.row_stages ?? []).length,
    outputs: recipe.outputs.length,
    exports: recipe.exports.length,
  };
}

function checkedText(checked: CheckedRecipe): string {
  const { sources, training_stages, outputs } = countsOf(checked);
  const { recipe, tokenizer } = checked;
  const parts = [
    counted(sources, "source"),
    ...(training_stages > 0 ? [counted(training_stages, "training stage")] : []),
    ...(outputs > 0 ? [counted(outputs, "output")] : []),
    ...(tokenizer === undefined
      ? []
      : [
          `tokenizer ${tokenizer.name} of ${counted(tokenizer.vocab_size, "token")}, EOS ${tokenizer.eos.token} is ${formatInteger(tokenizer.eos.id)}`,
        ]),
  ];
  return `${recipe.name}: ok, ${parts.join(", ")}`;
}
