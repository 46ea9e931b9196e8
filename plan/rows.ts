/**
 * Training stages that mix rows, as a plan has them: packers planned, borders looked up, fingerprints.
 *
 * Invariant: an entry is named by the token stores it reads, by its rule and by its packing; never by the names of stage or sources.
 */
import { RecipeError } from "../batch/errors.ts";
import { fingerprint, packId, STORE_VERSION } from "./fingerprint.ts";
import { type Plan, type RowsPlan, type SourcePlan, sourceAt } from "./plan.ts";
import type { StagePlanner } from "./stages.ts";
import type { PlannedTokenizer } from "./tokenizer.ts";
import type { Recipe, RowStageSpec } from "./types.ts";

/** Entries in recipe order; nothing where no training stage mixes rows. Throws RecipeError `recipe/bad-border`. */
export async function planRows(
  recipe: Recipe,
  sources: readonly SourcePlan[],
  planner: StagePlanner,
  encode: PlannedTokenizer["encode"] | undefined,
): Promise<Pick<Plan, "rows">> {
  if (recipe.row_stages === undefined) return {};
  const rows: RowsPlan[] = [];
  for (const stage of recipe.row_stages) {
    const pack = await planner.plan(stage.pack);
    const members = stage.fractions.map(({ source: name, fraction }) => {
      return { source: sources.findIndex((source) => source.name === name), fraction };
    });
    const { rule, seed, shuffle_seed, split, sequence_length, align_tokens } = stage;
    const meaning = {
      rule,
      seed,
      ...(shuffle_seed === undefined ? {} : { shuffle_seed }),
      ...(split === undefined ? {} : { split }),
      sequence_length,
      long_rows: longRows(stage, encode),
      align_tokens,
    };
    const identity = {
      store_version: STORE_VERSION,
      rows: members.map(({ source, fraction }) => ({ tokens: sourceAt({ sources }, source).tokens, fraction })),
      pack: packId(pack),
      ...meaning,
    };
    rows.push({ stage: stage.name, sources: members, pack, ...meaning, fingerprint: fingerprint(identity) });
  }
  return { rows };
}

function longRows(
  { name, long_rows, place }: RowStageSpec,
  encode: PlannedTokenizer["encode"] | undefined,
): RowsPlan["long_rows"] {
  if (typeof long_rows === "string") return long_rows;
  const border = encode?.(long_rows.split_before);
  if (border !== undefined) return { border };
  throw new RecipeError({
    code: "recipe/bad-border",
    what: `training stage ${name}: \`split_before: ${long_rows.split_before}\` does not begin with a special token of the tokenizer`,
    why: "text that people wrote could spell it, and rows would be split there",
    fix: "write what an exchange begins with, special token first: `<|im_start|>user`",
    ...(place === undefined ? {} : { place }),
  });
}
