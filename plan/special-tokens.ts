/**
 * Whether the special tokens that stages write into texts become tokens.
 *
 * A stage that declares which ones it writes is refused where they would not; one that only marks what is text
 * (`literal_ranges`) is warned of.
 */
import { entryOf } from "../batch/entry.ts";
import { RecipeError } from "../batch/errors.ts";
import { declarationOf } from "../stages/define.ts";
import type { StageRegistry } from "../stages/stage-registry.ts";
import type { SourcePlan } from "./plan.ts";
import type { PlannedTokenizer } from "./tokenizer.ts";
import type { Recipe } from "./types.ts";

/**
 * Throws RecipeError `recipe/unparsed-special-tokens` where a stage writes tokens that the tokenizer would read as
 * text, and what `resolve` throws for one that it does not have: a model would be trained on letters.
 */
export function checkSpecialTokens(
  { tokenizer, pipelines, sources: specs }: Recipe,
  sources: readonly SourcePlan[],
  registry: StageRegistry,
  resolve: PlannedTokenizer["resolve"] | undefined,
): void {
  for (const { name, tokenized } of sources) {
    const pipeline = specs[name]?.pipeline;
    if (!tokenized || pipeline === undefined) continue;
    for (const { use, options, place } of entryOf(pipelines, pipeline, "pipeline")) {
      const { special_tokens } = declarationOf(registry.findStage(use), options);
      if (special_tokens.length > 0 && tokenizer?.special_tokens !== "parse") {
        throw new RecipeError({
          code: "recipe/unparsed-special-tokens",
          what: `${name}: ${use} writes the special tokens ${special_tokens.join(", ")}, and the tokenizer reads them as text`,
          why: "their letters would be trained on in their stead",
          fix: "add `special_tokens: parse` to `tokenizer`; the stage marks what is text in its documents",
          ...(place === undefined ? {} : { place }),
        });
      }
      for (const token of special_tokens) resolve?.(token);
    }
  }
}

/** Who says where special tokens are text expects that they are none elsewhere. */
export function specialTokenWarnings({ tokenizer }: Recipe, sources: readonly SourcePlan[]): string[] {
  if (tokenizer?.special_tokens !== "text") return [];
  return sources.flatMap(({ name, stages, tokenized }) => {
    const writer = stages.find(({ writes }) => writes.some((column) => column.name === "literal_ranges"));
    if (!tokenized || writer === undefined) return [];
    return `${name}: ${writer.use} writes special tokens into texts, and the tokenizer reads them as text: add \`special_tokens: parse\` to \`tokenizer\``;
  });
}
