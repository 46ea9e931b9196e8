/**
 * What of a finished run is published: files that its summaries name, where they go in a repository, and whether they are sound.
 *
 * Invariants: nothing is published that no summary names, and nothing that lies elsewhere, behind a link; summaries are those of the run's own plan
 * and say what the markers in the store say. Price: markers of outputs are read; files are not, see {@link damageOf}.
 */
import fs from "node:fs";
import { join } from "node:path";

import { RecipeError, RunError } from "../batch/errors.ts";
import { didYouMean } from "../batch/suggest.ts";
import { hashFile } from "../io/local/hash-file.ts";
import { canonicalJson } from "../kernels/json/canonical.ts";
import { type ExportSummary, OUTPUT_SUMMARY, readSummary, SUMMARY } from "../manifests/exports/folder.ts";
import type { CardFacts } from "../manifests/outputs/card.ts";
import type { PublishedOutput } from "../manifests/outputs/repository-card.ts";
import { readManifests } from "../manifests/read.ts";
import { fileProblem } from "../manifests/verify-files.ts";
import type { OutputPlan, Plan } from "../plan/plan.ts";
import { runFiles } from "../store/layout.ts";
import { MarkerPlaces } from "../workers/marker-places.ts";
import { chatGates } from "./chat-figures.ts";
import { cardFacts, outputFolder } from "./outputs.ts";
import { factsAt, recordedOutput } from "./recorded-outputs.ts";
import { isFinished } from "./run-folder.ts";
import type { OpenRun } from "./status.ts";
import { publishedProblems } from "./verify-outputs.ts";

/** What may be published beside the rows that were kept. */
export const PUBLISHED_EXTRAS = ["dropped", "exports", "manifests"] as const;
export type PublishedExtra = (typeof PUBLISHED_EXTRAS)[number];

export interface LocalFile {
  /** In the repository. */
  readonly path: string;
  /** Here: a path in a folder. */
  readonly folder: string;
  readonly name: string;
  readonly size_bytes: number;
  readonly sha256: string;
}

export interface Selection {
  /** Names of outputs; all when absent. */
  readonly outputs?: readonly string[];
  readonly extras: readonly PublishedExtra[];
  /** Whether a card will say how they are read. */
  readonly card: boolean;
}

export interface Published {
  readonly outputs: readonly PublishedOutput[];
  readonly files: readonly LocalFile[];
  readonly warnings: readonly string[];
}

const DROPPED = "dropped/";
const CARD = "README.md";
/** What `load_dataset` can be asked for. */
const SPLIT = /^\w+(?:\.\w+)*$/;
const LISTED = 5;

/**
 * Throws RunError `run/not-finished`, `run/gate`, `run/publish-unsound`, `run/publish-taken`, `run/publish-formats`, RecipeError `flag/no-such-output`,
 * `flag/nothing-to-publish`, `recipe/split-name`.
 */
export async function publishedFiles(run: OpenRun, selection: Selection): Promise<Published> {
  const { plan, layout } = run;
  const folder = layout.run(plan.name);
  if (!isFinished(folder, plan)) {
    throw new RunError({
      code: "run/not-finished",
      what: `${plan.name} is not finished`,
      why: "part of a data set looks like all of it",
      fix: "finish it with `shardmill run RECIPE`; `shardmill status` says what is left",
    });
  }
  const chosen = chosenOutputs(plan, selection);
  const places = new MarkerPlaces(plan, layout);
  const outputs: PublishedOutput[] = [];
  const files: LocalFile[] = [];
  const problems: string[] = [];
  const extras = new Set(selection.extras);
  for (const { index, output } of chosen) {
    const recorded = recordedOutput(places, index, output);
    const summary = ownSummary(plan, outputFolder(folder, output.name), OUTPUT_SUMMARY);
    if (recorded === undefined || summary === undefined) {
      problems.push(`${output.name}: its summary, or what the store says of it, is not there or not of this plan`);
      continue;
    }
    const { made, stores } = recorded;
    for (const what of publishedProblems(run, folder, made, stores)) problems.push(`${output.name}: ${what}`);
    const dropped = extras.has("dropped") && output.keep_dropped;
    const below = placeOf(plan, output);
    outputs.push({ facts: cardFacts(plan, made, stores), dropped, ...below });
    files.push(...outputFilesOf(outputFolder(folder, output.name), summary, below.own, dropped));
  }
  if (problems.length > 0) throw unsound(plan, problems);
  await checkGates(run, folder);
  checkPlaces(outputs);
  if (selection.card) checkFormats(outputs);
  if (extras.has("manifests")) files.push(...(await manifestFiles(run, folder, chosen)));
  if (extras.has("exports")) files.push(...(await exportFiles(plan, folder)));
  if (files.length === 0) {
    throw new RecipeError({
      code: "flag/nothing-to-publish",
      what: `${plan.name} has nothing to publish: its recipe asks for no outputs`,
      fix: "add `outputs: [{ name: rows }]` to it, or publish --with exports or --with manifests",
    });
  }
  for (const file of files) checkFile(plan, file);
  const warnings = selection.card ? columnWarnings(outputs) : [];
  return { outputs, files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), warnings };
}

/** What is wrong with a file's bytes, or undefined. Price: a pass over it. */
export async function damageOf({ folder, name, size_bytes, sha256 }: LocalFile): Promise<string | undefined> {
  return fileProblem(folder, { path: name, size_bytes, sha256 });
}

export function unsound({ name }: Pick<Plan, "name">, problems: readonly string[]): RunError {
  const more = problems.length > LISTED ? `; and ${problems.length - LISTED} more` : "";
  return new RunError({
    code: "run/publish-unsound",
    what: `${name} is not as it was written: ${problems.slice(0, LISTED).join("; ")}${more}`,
    why: "damaged data is not published; nothing was sent",
    fix: "look at it with `shardmill verify RUN`; `shardmill run RECIPE` makes again what is missing",
  });
}

function chosenOutputs(plan: Plan, { outputs }: Selection): { readonly index: number; readonly output: OutputPlan }[] {
  const names = plan.outputs.map(({ name }) => name);
  const unknown = outputs?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new RecipeError({
      code: "flag/no-such-output",
      what: `${plan.name} has no output ${JSON.stringify(unknown)}`,
      fix: names.length === 0 ? "its recipe asks for none" : didYouMean(unknown, names),
    });
  }
  return plan.outputs
    .map((output, index) => ({ index, output }))
    .filter(({ output }) => outputs === undefined || outputs.includes(output.name));
}

/** `own` stands before names of the output's files; `folder` is where they come to lie. */
function placeOf({ outputs }: Plan, { name, config }: OutputPlan) {
  if (config !== undefined) return { config, folder: `${config}/`, own: "" };
  // Two data sets at the top of one repository would be one.
  return outputs.length === 1
    ? { config: "default", folder: "", own: "" }
    : { config: name, folder: `${name}/`, own: `${name}/` };
}

function outputFilesOf(folder: string, { files }: ExportSummary, own: string, dropped: boolean): LocalFile[] {
  return files.flatMap(({ path: name, size_bytes, sha256 }) => {
    // The repository has one card for all of them.
    if (name === CARD) return [];
    if (!name.startsWith(DROPPED)) return [{ path: `${own}${name}`, folder, name, size_bytes, sha256 }];
    return dropped ? [{ path: `${DROPPED}${own}${name.slice(DROPPED.length)}`, folder, name, size_bytes, sha256 }] : [];
  });
}

function ownSummary({ fingerprint }: Plan, folder: string, name: string): ExportSummary | undefined {
  const summary = readSummary(folder, name);
  return summary?.plan_fingerprint === fingerprint ? summary : undefined;
}

async function checkGates({ plan, layout }: OpenRun, folder: string): Promise<void> {
  const places = new MarkerPlaces(plan, layout);
  const stores = plan.sources.map((_, source) => factsAt(places.seal(source)));
  const known = stores.filter((store) => store !== undefined);
  const ofChats = known.length === stores.length ? chatGates(plan, known) : [];
  const trains = plan.recipe.training_stages.length > 0;
  const { manifests } = trains ? await readManifests(join(folder, runFiles.manifests)) : { manifests: [] };
  const failed = [
    ...ofChats.filter(({ ok }) => !ok).map(({ stage, name, value, bound }) => ({ at: stage, name, value, bound })),
    ...manifests.flatMap(({ stage, gates }) => {
      return gates
        .filter(({ passed }) => !passed)
        .map(({ name, value, limit }) => ({ at: stage.name, name, value, bound: limit }));
    }),
  ];
  if (failed.length === 0) return;
  const told = failed.map(({ at, name, value, bound }) => `${at}: ${name} is ${value}, and the bound is ${bound}`);
  throw new RunError({
    code: "run/gate",
    what: `${plan.name} does not pass its gates: ${told.join("; ")}`,
    why: "the recipe says that such data is not to be used",
    fix: "find out why with `shardmill peek`; a gate that is too narrow is changed in the recipe, and nothing has to be made again for it",
  });
}

/** Two outputs in one place, and names that no reader could ask for. */
function checkPlaces(outputs: readonly PublishedOutput[]): void {
  const taken = new Map<string, string>();
  for (const { facts, config, folder } of outputs) {
    const { output, split } = facts;
    if (!SPLIT.test(split)) {
      throw new RecipeError({
        code: "recipe/split-name",
        what: `the split ${split} of output ${output} cannot be asked for`,
        why: "`load_dataset` takes letters, digits, _ and dots between them, and refuses the whole card for another name",
        fix: "change `split` of the output in the recipe and run it again",
      });
    }
    const other = taken.get(`${folder}${split}`);
    if (other !== undefined) {
      throw new RunError({
        code: "run/publish-taken",
        what: `outputs ${other} and ${output} would both be split ${split} of configuration ${config}`,
        why: "one of them would take the place of the other",
        fix: "give one of them another `config` or `split` in the recipe, or publish one with --output",
      });
    }
    taken.set(`${folder}${split}`, output);
  }
}

/** One repository is read by one reader: it is chosen by the first files, whatever the configuration. */
function checkFormats(outputs: readonly PublishedOutput[]): void {
  const readers = new Map<string, string>();
  for (const { facts } of outputs)
    readers.set(facts.extension.startsWith("jsonl") ? "JSON" : facts.extension, facts.output);
  const [one, other] = readers;
  if (one === undefined || other === undefined) return;
  throw new RunError({
    code: "run/publish-formats",
    what: `output ${one[1]} is ${one[0]} and output ${other[1]} is ${other[0]}`,
    why: "`load_dataset` reads all of a repository in one format, and would fail at the other",
    fix: "give them one `format` in the recipe, publish each to its own repository with --output, or write no card with --no-card",
  });
}

/** Splits of one configuration have the same columns, or readers fill in some and refuse others. */
function columnWarnings(outputs: readonly PublishedOutput[]): string[] {
  const first = new Map<string, CardFacts>();
  return outputs.flatMap(({ config, facts }) => {
    const other = first.get(config);
    if (other === undefined) first.set(config, facts);
    if (other === undefined || canonicalJson(other.columns) === canonicalJson(facts.columns)) return [];
    return [
      `splits ${other.split} and ${facts.split} of configuration ${config} have other columns or types: readers want the same`,
    ];
  });
}

async function manifestFiles(
  { plan }: OpenRun,
  folder: string,
  chosen: readonly { readonly output: OutputPlan }[],
): Promise<LocalFile[]> {
  const files: LocalFile[] = [];
  if (plan.recipe.training_stages.length > 0) {
    const { manifests, problems } = await readManifests(join(folder, runFiles.manifests));
    const told = problems.map(({ file, what }) => `${file} ${what}`);
    const stale = manifests.filter(({ plan_fingerprint }) => plan_fingerprint !== plan.fingerprint);
    for (const { stage } of stale) told.push(`the manifest of ${stage.name} is of another plan`);
    if (told.length > 0) throw unsound(plan, told);
    for (const { stage } of manifests) {
      const name = `${stage.name}.json`;
      files.push(await describedBy(join(folder, runFiles.manifests), name, `manifests/${name}`));
    }
  }
  for (const { output } of chosen) {
    const own = outputFolder(folder, output.name);
    files.push(await describedBy(own, OUTPUT_SUMMARY, `manifests/outputs/${output.name}.json`));
  }
  return files;
}

async function exportFiles(plan: Plan, folder: string): Promise<LocalFile[]> {
  const exports = join(folder, runFiles.exports);
  const trainers = fs.existsSync(exports) ? fs.readdirSync(exports).filter((name) => !name.startsWith(".")) : [];
  const files: LocalFile[] = [];
  for (const trainer of trainers.sort()) {
    const own = join(exports, trainer);
    const summary = ownSummary(plan, own, SUMMARY);
    if (summary === undefined) throw unsound(plan, [`the export for ${trainer} is of another plan: export again`]);
    for (const { path: name, size_bytes, sha256 } of summary.files) {
      files.push({ path: `exports/${trainer}/${name}`, folder: own, name, size_bytes, sha256 });
    }
    files.push(await describedBy(own, SUMMARY, `exports/${trainer}/${SUMMARY}`));
  }
  return files;
}

/** A summary: it is what others are checked by, and has been read by now. */
async function describedBy(folder: string, name: string, path: string): Promise<LocalFile> {
  const file = join(folder, name);
  return { path, folder, name, size_bytes: fs.statSync(file).size, sha256: await hashFile(file) };
}

/** Summaries are text that anyone can change: a name in one must not lead out of the folder. */
function checkFile(plan: Plan, { folder, name, path }: LocalFile): void {
  const hasControl = /[\p{Cc}\\]/u.test(path);
  const isOdd = path.split("/").some((part) => part === "" || part === "." || part === ".." || part === ".git");
  if (hasControl || isOdd)
    throw unsound(plan, [`a summary names ${JSON.stringify(path)}, which is no path in a folder`]);
  const file = join(folder, name);
  const real = fs.existsSync(file) ? fs.realpathSync(file) : undefined;
  if (real === undefined) throw unsound(plan, [`${path} is not there`]);
  if (real !== join(fs.realpathSync(folder), name) || !fs.statSync(real).isFile()) {
    throw unsound(plan, [`${path} is a link, or no file`]);
  }
}
