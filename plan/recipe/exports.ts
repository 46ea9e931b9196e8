/**
 * The exports of a recipe: a trainer each, by its name alone or with options of its exporter.
 *
 * Invariant: what is said in more than one way has one form, so that a trainer without options is its name, whatever the spelling.
 */
import type { z } from "zod";
import { EXPORTERS } from "../../manifests/exports/registry.ts";
import type { ExportSpec } from "../types.ts";
import { check } from "./issues.ts";
import type { recipeShape } from "./schema.ts";
import { type ResolveContext, reportDuplicates } from "./stage-use.ts";

/** Those that are right; what is wrong is in the findings. `specs` have the right shape, but for the options. */
export function resolveExports(
  specs: z.output<typeof recipeShape.shape.exports> | undefined,
  context: ResolveContext,
): readonly ExportSpec[] | undefined {
  reportDuplicates(
    (specs ?? []).map((spec, i) => ({ id: typeof spec === "string" ? spec : spec.to, path: ["exports", i] })),
    "two exports are for",
    "keep one of them: an export has the folder of its trainer to itself",
    context,
  );
  return specs?.flatMap((spec, i): ExportSpec[] => {
    if (typeof spec === "string") return [spec];
    const { to, ...given } = spec;
    const subject = { name: `the export for \`${to}\``, otherKeys: ["to"] };
    const options = check(EXPORTERS[to].options, given, ["exports", i], subject, context.findings);
    if (options === undefined) return [];
    return [Object.keys(options).length === 0 ? to : { to, options }];
  });
}
