import { buildCommand } from "@stricli/core";
import { type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import { jsonFlag, recipeArgument, setFlag } from "../flags.ts";

interface Flags {
  readonly set?: readonly string[];
  readonly json: boolean;
}

export const checkCommand = buildCommand<Flags, [string], CliContext>({
  docs: { brief: "find what is wrong with a recipe, without reading any data" },
  parameters: { flags: { set: setFlag, json: jsonFlag }, positional: { kind: "tuple", parameters: [recipeArgument] } },
  func(flags, recipePath) {
    return guarded(this, async ({ loadRecipe }) => {
      const recipe = await loadRecipe(recipePath, { set: flags.set ?? [] });
      if (flags.json) printJson(this, recipe);
      else {
        const sources = Object.keys(recipe.sources).length;
        print(this, `${recipe.name}: ok, ${sources} sources, ${recipe.training_stages.length} training stages`);
      }
      return EXIT.ok;
    });
  },
});
