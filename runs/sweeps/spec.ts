/** What a sweep is asked for, from a file or an object: checked, its amounts as numbers, the tables it names read. */
import fs from "node:fs";
import { dirname, join } from "node:path";
import { parse as parseYaml } from "yaml";
import { entryAt } from "../../batch/entry.ts";
import { RecipeError } from "../../batch/errors.ts";
import type { ResolvedSweep } from "../../mixtures/experiments/sweep.ts";
import { type SweepInput, sweepShape } from "../../mixtures/experiments/sweep-spec.ts";
import { parseRatios } from "../../mixtures/experiments/tables.ts";
import { parseSize } from "../../plan/recipe/sizes.ts";

/** Throws RecipeError `sweep/bad-spec`, `flag/no-such-file`, DataError `table/…`. */
export function readSweep(input: SweepInput | string): ResolvedSweep {
  const folder = typeof input === "string" ? dirname(input) : ".";
  const raw: unknown = typeof input === "string" ? parseFile(input) : input;
  const name = typeof input === "string" ? input : "the sweep";
  const parsed = sweepShape.safeParse(raw);
  if (!parsed.success) {
    const { path, message } = entryAt(parsed.error.issues, 0, "issue");
    const at = path.length === 0 ? "" : `${path.join(".")}: `;
    throw badSpec(
      `${name}: ${at}${message}`,
      "`shardmill mix sweep --help` and docs/mixture-experiments.md list the keys",
    );
  }
  const { budgets, simulate, unlike, ...spec } = parsed.data;
  const rows = (file: string): readonly Readonly<Record<string, number>>[] => {
    const { columns, rows: all } = parseRatios(readText(join(folder, file)), file);
    return all.map(({ ratios }) =>
      Object.fromEntries(columns.map((column, i) => [column, entryAt(ratios, i, "ratio")])),
    );
  };
  const { draw } = spec;
  const listed =
    draw.method === "list" ? [...(draw.mixtures ?? []), ...(draw.file === undefined ? [] : rows(draw.file))] : [];
  if (draw.method === "list" && listed.length === 0) {
    throw badSpec(`${name}: draw lists no mixture`, "give `mixtures` or the `file` of a ratios.csv");
  }
  return {
    ...spec,
    budgets: budgets?.map((amount) => tokensOf(amount, `${name}: budgets`)),
    simulate: simulate && { target_tokens: tokensOf(simulate.target_tokens, `${name}: simulate.target_tokens`) },
    listed,
    unlike: unlike === undefined ? [] : rows(unlike),
  };
}

function tokensOf(amount: number | string, where: string): number {
  const tokens = typeof amount === "number" ? amount : parseSize(amount);
  if (tokens !== undefined && tokens > 0) return tokens;
  throw badSpec(
    `${where}: ${amount} is not a number of tokens`,
    "a whole number, or a figure with K, M, B or T: `50B`",
  );
}

function parseFile(path: string): unknown {
  try {
    return parseYaml(readText(path)) ?? {};
  } catch (error) {
    if (error instanceof RecipeError) throw error;
    throw badSpec(`${path} is neither YAML nor JSON`, error instanceof Error ? error.message : String(error));
  }
}

function readText(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new RecipeError({ code: "flag/no-such-file", what: `cannot read ${path}: ${code}` });
  }
}

function badSpec(what: string, fix: string): RecipeError {
  return new RecipeError({ code: "sweep/bad-spec", what, fix });
}
