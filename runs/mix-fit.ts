/**
 * `mix fit` on files: tables in, the fit out, and where it is asked for a training stage written back into a recipe.
 *
 * Invariant: a recipe is written whole or not at all, and only where it is valid with the new weights. Price: the fit's, see
 * mixtures/experiments/fit.ts.
 */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { entryAt, ownOf } from "../batch/entry.ts";
import { RecipeError } from "../batch/errors.ts";
import { commitBytes } from "../io/local/commit.ts";
import { reading } from "../io/local/reading.ts";
import type { Cap } from "../mixtures/experiments/caps.ts";
import { fitTables, type MixtureFit } from "../mixtures/experiments/fit.ts";
import { LAWS, type LawName } from "../mixtures/experiments/laws.ts";
import { parseLogProbs } from "../mixtures/experiments/log-probs.ts";
import { parsePriors } from "../mixtures/experiments/priors.ts";
import type { Union } from "../mixtures/experiments/stores.ts";
import {
  parseMetrics,
  parseRatios,
  type RowStores,
  sourceOfColumn,
  storesDigest,
  trainingStageOf,
} from "../mixtures/experiments/tables.ts";
import { withStageWeights } from "../plan/recipe/edit-weights.ts";
import { loadRecipe } from "../plan/recipe/load.ts";
import { runManifests } from "./run-manifests.ts";
import { isRun, openRun } from "./status.ts";
import { sourceStores } from "./sweeps/source-stores.ts";

export interface FitMixtureOptions {
  /** Paths of `ratios.csv`; those of later sweeps after those of earlier ones. */
  readonly ratios: readonly string[];
  /** Paths of `metrics.csv`. */
  readonly metrics: readonly string[];
  /** Of `mixmin`, instead of tables: by source the path of a CSV file with `document`, `log_prob`, `tokens`. */
  readonly log_probs?: Readonly<Record<string, string>>;
  readonly law?: string;
  /** Path of ratios whose metrics are to be predicted. */
  readonly predict?: string;
  /** Path of priors, or of a mixture file. */
  readonly prior?: string;
  /** What stores a mixture is wanted for: a run, or a path of ratios whose last row says so. */
  readonly stores?: string;
  /** Folder that holds `store/` and `runs/`. */
  readonly out: string;
  readonly unions?: readonly Union[];
  readonly caps?: readonly Cap[];
  readonly max_epochs?: number;
  /** Trained tokens by training stage; under the empty name that of the only one. */
  readonly budgets?: Readonly<Record<string, number>>;
  readonly targets?: Readonly<Record<string, number>>;
  readonly lambda?: number;
  readonly bootstrap?: number;
  readonly draws?: number;
  readonly compare?: boolean;
  readonly seed?: number;
  /** Path of a recipe that the chosen proposal is written into. */
  readonly write?: string;
  /** The training stage that is written; not for ratios of several stages, which name theirs. */
  readonly stage?: string;
}

export interface FitMixtureResult extends MixtureFit {
  /** Training stages that were written, and the recipe. */
  readonly written?: { readonly recipe: string; readonly stages: readonly string[] };
}

/** Throws DataError `table/…`, `mix/…`; RecipeError `flag/…`, `mix/infeasible`, `recipe/…`. */
export async function fitMixture(options: FitMixtureOptions): Promise<FitMixtureResult> {
  const law = lawNamed(options.law ?? (options.log_probs ? "mixmin" : "log-linear"));
  const proxies = options.log_probs && Object.entries(options.log_probs);
  const { ratios, metrics, documents } =
    proxies === undefined || proxies.length === 0
      ? {
          ratios: tables(options.ratios, parseRatios),
          metrics: tables(options.metrics, parseMetrics),
          documents: undefined,
        }
      : proxyTables(proxies, law);
  for (const [flag, list] of Object.entries({ ratios, metrics })) {
    if (list.length > 0) continue;
    throw new RecipeError({
      code: "flag/missing",
      what: `--${flag} is not given`,
      fix: `name a table: --${flag} ${flag}.csv`,
    });
  }
  const { write, stage, out: _out, log_probs: _log_probs, ...plain } = options;
  const stores = options.stores === undefined ? undefined : await storesOf(options.stores, options.out);
  const fit = fitTables({
    ...plain,
    law,
    ratios,
    metrics,
    ...(documents && { documents }),
    predict: options.predict === undefined ? undefined : readTable(options.predict, parseRatios),
    prior: options.prior === undefined ? undefined : readTable(options.prior, parsePriors),
    stores,
  });
  if (write === undefined) return fit;
  return { ...fit, written: await writeProposal(fit, write, stage) };
}

function lawNamed(name: string): LawName {
  const law = LAWS.find((known) => known === name);
  if (law !== undefined) return law;
  throw new RecipeError({
    code: "flag/no-such-law",
    what: `--law ${name}: there is no such law`,
    fix: `laws are: ${LAWS.join(", ")}`,
  });
}

function readTable<Table>(file: string, parse: (text: string, file: string) => Table): Table {
  return parse(
    reading(file, () => readFileSync(file, "utf8")),
    file,
  );
}

function tables<Table>(files: readonly string[], parse: (text: string, file: string) => Table): readonly Table[] {
  return files.map((file) => readTable(file, parse));
}

function proxyTables(proxies: readonly (readonly [string, string])[], law: LawName) {
  if (law !== "mixmin") {
    const fix = "give --ratios and --metrics, or `--law mixmin`";
    throw new RecipeError({ code: "flag/log-probs", what: `--log-probs is what mixmin is fitted to, not ${law}`, fix });
  }
  const files = proxies.map(([source, file]) => ({ source, file, text: readTable(file, (text) => text) }));
  const { ratios, metrics, documents } = parseLogProbs(files);
  return { ratios: [ratios], metrics: [metrics], documents };
}

/** The stores of a finished run, or those of the last row of a table. */
async function storesOf(target: string, out: string): Promise<RowStores> {
  if (isRun(target, out)) {
    const run = openRun(target, out);
    const manifests = await runManifests(run);
    const sources = Object.fromEntries(
      Object.entries(sourceStores(run.plan, manifests)).map(([name, store]) => {
        const epochs = manifests.reduce((sum, read) => sum + (ownOf(read.sources, name)?.epochs ?? 0), 0);
        return [name, { ...store, epochs }];
      }),
    );
    return { stores: storesDigest(sources), sources };
  }
  const { rows } = readTable(target, parseRatios);
  const { made_over } = entryAt(rows, rows.length - 1, "row");
  if (made_over !== undefined) return made_over;
  throw new RecipeError({
    code: "flag/no-stores",
    what: `--stores ${target}: its last row does not say what stores it was made over`,
    fix: "name a run, or a ratios.csv that a sweep wrote",
  });
}

async function writeProposal(fit: MixtureFit, recipe: string, stage: string | undefined) {
  const proposal = fit.proposals.find(({ lambda }) => lambda === fit.chosen_lambda);
  if (proposal === undefined) throw new Error("the chosen proposal is not in the sweep");
  const byStage = new Map<string, Record<string, number>>();
  for (const column of fit.columns) {
    const name = trainingStageOf(column) || stage;
    if (name === undefined) {
      const fix = "name the training stage to write: --stage NAME";
      throw new RecipeError({ code: "flag/missing", what: "--write needs a stage", fix });
    }
    byStage.set(name, { ...byStage.get(name), [sourceOfColumn(column)]: ownOf(proposal.weights, column) ?? 0 });
  }
  if (stage !== undefined && byStage.size > 1) {
    const fix = `leave it out: stages ${[...byStage.keys()].join(", ")} are written`;
    throw new RecipeError({
      code: "flag/stage",
      what: "--stage is for ratios of one stage, and these name theirs",
      fix,
    });
  }
  let text = readTable(recipe, (content) => content);
  for (const [name, weights] of byStage) text = withStageWeights(text, recipe, { stage: name, weights });
  await loadRecipe({ text, name: recipe, folder: dirname(recipe) });
  commitBytes(recipe, Buffer.from(text));
  return { recipe, stages: [...byStage.keys()] };
}
