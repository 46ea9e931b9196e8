/**
 * Loads a recipe: YAML or an object in, a checked `Recipe` out.
 *
 * Invariant: whatever is wrong with a recipe ends in a RecipeError that shows the place; nothing of the data is looked at. Price:
 * milliseconds, plus the import of each plugin.
 */
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { RecipeError } from "../../batch/errors.ts";
import { suggest } from "../../batch/suggest.ts";
import { stageRegistry } from "../../stages/registry.ts";
import type { StageRegistry } from "../../stages/stage-registry.ts";
import type { Recipe } from "../types.ts";
import { codeFrame, type Finding, Locator, placeAt, type RecipeText } from "./diagnostics.ts";
import { applyOverrides, isRecord } from "./overrides.ts";
import { loadPlugins } from "./plugins.ts";
import { resolveRecipe } from "./resolve.ts";
import type { RecipeInput } from "./schema.ts";

export interface LoadOptions {
  /** `path=value` flags, applied in order: `pipelines.web.gopher-quality.min_words=60`. */
  readonly set?: readonly string[];
  /** Stages the recipe may name; those of its own `plugins` are added. Default: the built-in ones. */
  readonly registry?: StageRegistry;
}

/** A recipe that is not in a file: its text, a name for messages, and the folder relative paths start at (default: here). */
export interface NamedText {
  readonly text: string;
  readonly name: string;
  readonly folder?: string;
}

/** A recipe and where it came from: what relative paths start at and which definitions its stages have. */
interface Raw {
  readonly name: string;
  readonly folder: string;
  readonly value: unknown;
  readonly source?: RecipeText;
}

/**
 * Loads the recipe at a path, or a text. Throws RecipeErrors (or a RecipeError for a file that cannot be read, a syntax error
 * or a bad flag).
 */
export async function loadRecipe(input: string | NamedText, options: LoadOptions = {}): Promise<Recipe> {
  if (typeof input !== "string") return finish(parse(input.text, input.name, input.folder ?? "."), options);
  const { text, path } = await readText(input);
  return finish(parse(text, path, dirname(path)), options);
}

/** Checks a recipe made in code. `folder` is what relative paths start at (default: here). */
export async function defineRecipe(
  recipe: RecipeInput,
  options: LoadOptions & { readonly folder?: string } = {},
): Promise<Recipe> {
  const name = typeof recipe.name === "string" ? recipe.name : "recipe";
  return finish({ name, folder: options.folder ?? ".", value: recipe }, options);
}

async function finish(raw: Raw, options: LoadOptions): Promise<Recipe> {
  const { value, overrides } = applyOverrides(raw.value, options.set ?? []);
  const locator = new Locator(raw.name, raw.source, overrides);
  const findings: Finding[] = [];
  const registry = await withPlugins(value, raw.folder, options.registry ?? stageRegistry(), findings);
  const recipe = resolveRecipe(value, {
    registry,
    folder: raw.folder,
    place: (path) => locator.place(path),
    findings,
  });
  locator.throwAll(findings);
  return recipe as Recipe;
}

async function withPlugins(
  value: unknown,
  folder: string,
  registry: StageRegistry,
  findings: Finding[],
): Promise<StageRegistry> {
  const paths: unknown = isRecord(value) ? value.plugins : undefined;
  if (!Array.isArray(paths)) return registry;
  let result = registry;
  for (const [i, path] of paths.entries()) {
    if (typeof path !== "string" || path === "") continue;
    try {
      result = result.with(await loadPlugins([path], folder));
    } catch (error) {
      if (!(error instanceof RecipeError)) throw error;
      const { place: _place, frame: _frame, ...details } = error.details;
      findings.push({ ...details, path: ["plugins", i] });
    }
  }
  return result;
}

function parse(text: string, name: string, folder: string): Raw {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const source: RecipeText = { file: name, text, lines, contents: document.contents };
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    const [start, end] = problem.pos;
    const duplicate = problem.code === "DUPLICATE_KEY";
    throw new RecipeError({
      code: duplicate ? "recipe/duplicate-key" : "recipe/syntax",
      what: duplicate ? "a key is given twice" : `not valid YAML: ${lowerFirst(problem.message)}`,
      ...(duplicate ? { why: "only one of the two could count", fix: "remove or rename one" } : {}),
      place: placeAt(source, start),
      frame: codeFrame(source, start, end),
    });
  }
  if (document.contents === null) {
    const fix = "start from an example: `shardmill new`";
    throw new RecipeError({ code: "recipe/empty", what: `${name} is empty`, fix });
  }
  try {
    return { name, folder, value: document.toJS(), source };
  } catch (error) {
    // The library refuses documents whose aliases grow without bound.
    const what = `not valid YAML: ${lowerFirst(error instanceof Error ? error.message : String(error))}`;
    throw new RecipeError({ code: "recipe/syntax", what, place: { file: name, line: 1, column: 1 } }, { cause: error });
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Endings that need not be written. */
const ENDINGS = [".yaml", ".yml"];

/** The file at `path`, or the one that has an ending more. */
async function readText(path: string): Promise<{ readonly text: string; readonly path: string }> {
  let problem: unknown;
  for (const candidate of [path, ...ENDINGS.map((ending) => path + ending)]) {
    try {
      return { text: new TextDecoder("utf-8", { fatal: true }).decode(await readFile(candidate)), path: candidate };
    } catch (error) {
      problem ??= error;
      if (!["ENOENT", "EISDIR"].includes(codeOf(error) ?? "")) {
        problem = error;
        break;
      }
    }
  }
  const code = codeOf(problem);
  const reason = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : "";
  const what = problem instanceof TypeError ? "it is not UTF-8 text" : reason || String(code);
  throw new RecipeError(
    {
      code: "recipe/not-found",
      what: `cannot read recipe ${path}: ${what}`,
      ...(reason === "" ? {} : { fix: await nearRecipe(path) }),
    },
    { cause: problem },
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** What was meant, by the recipes that lie there. */
async function nearRecipe(path: string): Promise<string> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  const recipes = names.filter((name) => ENDINGS.some((ending) => name.endsWith(ending)));
  const near = suggest(withoutEnding(basename(path)), recipes.map(withoutEnding));
  const found = recipes.find((name) => withoutEnding(name) === near);
  if (found !== undefined) return `did you mean \`${join(folder, found)}\`?`;
  return "correct the path, or write a recipe to start from with `shardmill new NAME`";
}

function withoutEnding(name: string): string {
  return name.replace(/\.ya?ml$/, "");
}
