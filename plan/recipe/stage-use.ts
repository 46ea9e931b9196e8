/**
 * A stage as a recipe names it: looked up, its options parsed, its place in the recipe judged.
 *
 * Invariant: options are what the stage's own schema made of them; a stage that could not run where it stands never gets through.
 */
import type { Place } from "../../batch/errors.ts";
import { didYouMean } from "../../batch/suggest.ts";
import { resolveLocation } from "../../io/asset-sources.ts";
import { declarationOf, isPipelineKind, kindsOf, mapAssetRefs, type OperatorKind } from "../../stages/define.ts";
import type { StageRegistry } from "../../stages/stage-registry.ts";
import type { StageUse } from "../types.ts";
import type { Finding, Path } from "./diagnostics.ts";
import { check, kindOf, type Subject, wrongType } from "./issues.ts";
import { stageId } from "./overrides.ts";
import { stageUseShape } from "./shapes.ts";

/** What every part of a recipe is resolved with. */
export interface ResolveContext {
  readonly registry: StageRegistry;
  /** What relative paths of the recipe start at. */
  readonly folder: string;
  readonly place: (path: Path) => Place | undefined;
  readonly findings: Finding[];
}

/** Every stage of a pipeline that is right; the rest is in the findings. */
export function resolvePipeline(name: string, raw: unknown, context: ResolveContext): readonly StageUse[] | undefined {
  const path = ["pipelines", name];
  if (!Array.isArray(raw)) {
    context.findings.push(wrongType(path, `pipeline \`${name}\``, ["a list of stages"], raw));
    return undefined;
  }
  const uses = raw.map((use, i) => resolveUse(use, [...path, i], context));
  reportDuplicates(
    raw.map((use, i) => ({ id: stageId(use), path: [...path, i] })),
    `pipeline \`${name}\` has two stages called`,
    "give one of them an `id` of its own",
    context,
  );
  return uses.filter((use) => use !== undefined);
}

function resolveUse(raw: unknown, path: Path, context: ResolveContext): StageUse | undefined {
  if (typeof raw === "string") {
    const what = `a stage must be a mapping, not ${kindOf(raw)}`;
    context.findings.push({ code: "recipe/wrong-type", what, fix: `write \`{ use: ${raw} }\``, path });
    return undefined;
  }
  const use = check(stageUseShape, raw, path, { name: "a stage" }, context.findings);
  if (use === undefined) return undefined;
  const { use: name, id, ...options } = use;
  return stageUse(name, id, options, path, [...path, "use"], context, { otherKeys: ["use", "id"] });
}

/** A named stage with its options parsed; reports an unknown name, a stage that does not belong here and wrong options. */
export function stageUse(
  name: string,
  id: string | undefined,
  options: Readonly<Record<string, unknown>>,
  path: Path,
  namePath: Path,
  context: ResolveContext,
  expected: { readonly kind?: PlaceKind; readonly subject?: string; readonly otherKeys: readonly string[] },
): StageUse | undefined {
  const { registry, findings } = context;
  const definition = registry.get(name);
  if (definition === undefined) {
    const fitting = registry.stages
      .filter((stage) => kindsOf(stage).some((kind) => fits(kind, expected.kind)))
      .map((stage) => stage.name);
    const what = `there is no stage \`${name}\``;
    findings.push({ code: "recipe/unknown-stage", what, fix: didYouMean(name, fitting), path: namePath });
    return undefined;
  }
  const subject: Subject = { name: expected.subject ?? `\`${name}\``, otherKeys: expected.otherKeys };
  const parsed = check(definition.options, options, path, subject, findings);
  if (parsed === undefined) return undefined;
  const { kind, writes } = declarationOf(definition, parsed);
  const tokenizes = writes.some((column) => column.kind === "token_list");
  if (!fits(kind, expected.kind) || tokenizes) {
    const problem = tokenizes ? TOKENIZES : misfit(kind, expected.kind);
    const what = `\`${name}\` ${problem.what}`;
    findings.push({ code: "recipe/wrong-stage-kind", what, fix: problem.fix, path: namePath });
    return undefined;
  }
  return {
    id: id ?? name.slice(name.lastIndexOf("/") + 1),
    use: name,
    options: mapAssetRefs(parsed as Readonly<Record<string, unknown>>, ({ asset }) => ({
      asset: resolveLocation(asset, context.folder),
    })),
    ...placed(namePath, context),
  };
}

/** Kinds that a place other than a pipeline may ask for. */
type PlaceKind = "source" | "pack" | "sink";

function fits(kind: OperatorKind, expected: PlaceKind | undefined): boolean {
  return expected === undefined ? isPipelineKind(kind) : kind === expected;
}

interface Misfit {
  readonly what: string;
  readonly fix: string;
}

const TOKENIZES: Misfit = {
  what: "cannot stand in a pipeline",
  fix: "tokenizing needs no stage: it follows every pipeline and is set by `tokenizer`",
};

function misfit(kind: OperatorKind, expected: PlaceKind | undefined): Misfit {
  if (expected === "source") return { what: "does not read files", fix: "name a reader, `read: jsonl`" };
  if (expected === "pack") return { what: "does not pack", fix: "name a packer, `pack: concat`" };
  if (expected === "sink") return { what: "does not write rows", fix: "name a format, `format: parquet`" };
  const homes: Partial<Readonly<Record<OperatorKind, string>>> = {
    source: "a reader stands in a source, `read: NAME`",
    pack: "a packer stands in a training stage, `pack: NAME`",
    sink: "a format stands in an output, `format: NAME`",
  };
  return { what: "cannot stand in a pipeline", fix: homes[kind] ?? "remove it" };
}

/** Reports each id that an earlier entry has. */
export function reportDuplicates(
  entries: readonly { readonly id: string | undefined; readonly path: Path }[],
  what: string,
  fix: string,
  { findings }: ResolveContext,
): void {
  const seen = new Set<string>();
  for (const { id, path } of entries) {
    if (id === undefined) continue;
    if (seen.has(id)) {
      findings.push({
        code: "recipe/duplicate-id",
        what: `${what} \`${id}\``,
        why: "reports and `--set` name a stage by it",
        fix,
        path,
      });
    }
    seen.add(id);
  }
}

/** `{ place }` where the path has one. */
export function placed(path: Path, context: ResolveContext): { readonly place?: Place } {
  const place = context.place(path);
  return place === undefined ? {} : { place };
}
