/**
 * The tokenizer of a recipe on its way into a plan: its file found and read, its special tokens looked up, its template compared with what the
 * recipe puts around documents.
 *
 * Price: the file is read, 0.1 to 0.5 s; of a model of the Hub nothing but its `tokenizer.json`.
 */
import { entryAt } from "../batch/entry.ts";
import { RecipeError } from "../batch/errors.ts";
import type { Asset } from "../io/assets.ts";
import { parseHubPath } from "../io/remote/hub-path.ts";
import { loadTokenizer } from "../io/tokenizer-files.ts";
import { tokenText } from "../kernels/bpe/token-text.ts";
import type { Tokenizer } from "../kernels/bpe/tokenizer.ts";
import { sameTokens } from "../stages/tokenize/bpe.ts";
import { tokenBytes } from "../store/token-file.ts";
import type { NamedToken, PlannedStage, TokenizerPlan } from "./plan.ts";
import type { StagePlanner } from "./stages.ts";
import type { Recipe, StageUse, TokenizerSpec } from "./types.ts";

export interface PlannedTokenizer {
  readonly tokenizer: TokenizerPlan;
  /** The stage that every pipeline ends in. */
  readonly stage: PlannedStage;
  /** The ids of a text in which special tokens are parsed; undefined where it does not begin with one. */
  readonly encode: (text: string) => readonly number[] | undefined;
  /** The id of a special token; throws RecipeError where the tokenizer has none of that name. */
  readonly resolve: (token: string) => number;
  /** Where the file's template and the recipe differ. */
  readonly warnings: readonly string[];
}

/** Undefined where the recipe has no tokenizer. Throws RecipeError for a file that cannot be read or used, and for tokens it does not have. */
export async function planTokenizer(recipe: Recipe, planner: StagePlanner): Promise<PlannedTokenizer | undefined> {
  const { tokenizer: spec } = recipe;
  if (spec === undefined) return undefined;
  return placedAt(spec, async () => {
    const stage = await planStage(spec, planner);
    const asset = entryAt(stage.assets, 0, "vocabulary");
    const hub = hubOf(asset, spec);
    const tokenizer = loadTokenizer(hub?.repo ?? asset.name, await planner.environment.assets.fetch(asset, stage.use));
    const named = (token: string): NamedToken => ({ token, id: tokenizer.resolveSpecial(token) });
    const eos = named(spec.eos);
    const bos = spec.bos === undefined ? undefined : named(spec.bos);
    if (bos?.id === eos.id) throw sameTokens(spec.eos);
    const { unknownId } = tokenizer;
    const plan: TokenizerPlan = {
      name: tokenizer.name,
      sha256: asset.sha256,
      ...(hub && { hub }),
      vocab_size: tokenizer.vocabSize,
      token_bytes: tokenBytes(tokenizer.vocabSize),
      eos,
      ...(bos && { bos }),
      ...(unknownId !== undefined && { unknown: { token: textOf(tokenizer, unknownId), id: unknownId } }),
      ...(spec.special_tokens === "parse" && { special_tokens: spec.special_tokens }),
      ...(spec.append_eos === "never" && { append_eos: spec.append_eos }),
    };
    const special = new Set(tokenizer.specialTokens.values());
    const encode = (text: string): readonly number[] | undefined => {
      const ids = [...tokenizer.encodeText(text, { special: "parse" })];
      return special.has(ids[0] ?? -1) ? ids : undefined;
    };
    const resolve = (token: string) => tokenizer.resolveSpecial(token);
    return { tokenizer: plan, stage, encode, resolve, warnings: templateWarnings(plan, tokenizer, spec) };
  });
}

async function planStage(spec: TokenizerSpec, planner: StagePlanner): Promise<PlannedStage> {
  const { file, hub, encoding, eos, bos, special_tokens, append_eos, place } = spec;
  const use = "tokenize/bpe";
  const from = file ?? hub;
  const written = {
    ...(from === undefined ? { encoding } : { file: from.asset }),
    eos,
    ...(bos !== undefined && { bos }),
    special_tokens,
    ...(append_eos !== undefined && { append_eos }),
  };
  const options = planner.registry.findStage(use).options.parse(written) as StageUse["options"];
  try {
    return await planner.plan({ id: "tokenize", use, options, ...(place && { place }) });
  } catch (error) {
    if (hub === undefined || !(error instanceof RecipeError) || error.code !== "recipe/no-match") throw error;
    throw new RecipeError(
      {
        ...error.details,
        fix: "name a model and a revision that hold a tokenizer.json; a tokenizer.model is saved as one by `AutoTokenizer.from_pretrained(…).save_pretrained(…)`",
      },
      { cause: error },
    );
  }
}

function hubOf({ location }: Asset, { hub }: TokenizerSpec): TokenizerPlan["hub"] {
  if (hub === undefined || location === undefined) return undefined;
  const { repo, revision } = parseHubPath(location, true);
  return { repo, commit: revision };
}

async function placedAt<Result>({ place }: TokenizerSpec, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RecipeError) || place === undefined || error.details.place !== undefined) throw error;
    throw new RecipeError({ ...error.details, place }, { cause: error });
  }
}

function textOf({ model }: Tokenizer, id: number): string {
  return tokenText(model.vocabulary, id);
}

/**
 * Where the file would put other tokens around a text than the recipe puts around documents. A file that puts no EOS there is no difference:
 * templates are for prompts, which go on. An encoding has no template.
 */
function templateWarnings(
  { name, bos, eos, append_eos }: TokenizerPlan,
  tokenizer: Tokenizer,
  spec: TokenizerSpec,
): string[] {
  if (spec.encoding !== undefined) return [];
  const { before, after } = tokenizer.postProcessor;
  const texts = (ids: readonly number[]): string => ids.map((id) => JSON.stringify(textOf(tokenizer, id))).join(", ");
  const only = (ids: readonly number[], id: number): boolean => ids.length === 1 && ids[0] === id;
  const warnings: string[] = [];
  if (bos === undefined && before.length > 0) {
    const fix = before.length === 1 ? `: add \`bos: ${texts(before)}\` if documents are to begin with it` : "";
    warnings.push(`${name} puts ${texts(before)} before a text, and the recipe nothing${fix}`);
  } else if (bos !== undefined && !only(before, bos.id)) {
    const theirs = before.length === 0 ? "nothing" : texts(before);
    warnings.push(`${name} puts ${theirs} before a text, and the recipe its bos, ${JSON.stringify(bos.token)}`);
  }
  if (after.length > 0 && append_eos === "never") {
    warnings.push(`${name} puts ${texts(after)} behind a text, and the recipe nothing`);
  } else if (after.length > 0 && !only(after, eos.id)) {
    warnings.push(`${name} puts ${texts(after)} behind a text, and the recipe its eos, ${JSON.stringify(eos.token)}`);
  }
  return warnings;
}
