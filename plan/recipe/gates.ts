/** The gates of a recipe: those of chats name sources that count what their conversations keep. */
import { didYouMean } from "../../batch/suggest.ts";
import type { SourceSpec } from "../types.ts";
import { isRecord } from "./overrides.ts";
import type { ResolveContext } from "./stage-use.ts";

const COUNTS = "chat/invariants";
const RENDERS = "chat/render";

/** `gates` as they are; `context.findings` says which of them could judge nothing. `pipelines` are written as the recipe has them. */
export function resolveGates<Gates extends { readonly chat?: Readonly<Record<string, unknown>> | undefined }>(
  gates: Gates | undefined,
  sources: readonly (SourceSpec | undefined)[],
  pipelines: readonly (readonly [string, unknown])[],
  { findings }: ResolveContext,
): Gates | undefined {
  const known = sources.flatMap((source) => source ?? []);
  for (const [name, limits] of Object.entries(gates?.chat ?? {})) {
    const path = ["gates", "chat", name];
    const source = known.find((spec) => spec.name === name);
    if (source === undefined) {
      const names = known.map((spec) => spec.name);
      findings.push({
        code: "recipe/unknown-source",
        what: `there is no source \`${name}\``,
        fix: didYouMean(name, names),
        path,
      });
      continue;
    }
    const [, stages] = pipelines.find(([pipeline]) => pipeline === source.pipeline) ?? [];
    const uses = (wanted: string): boolean =>
      Array.isArray(stages) && stages.some((stage) => isRecord(stage) && stage.use === wanted);
    if (!uses(COUNTS)) {
      findings.push({
        code: "recipe/gate-without-figures",
        what: `nothing counts what the conversations of \`${name}\` keep`,
        why: "a gate of chats judges by what chat/invariants has counted",
        fix: `put { use: ${COUNTS} } at the end of the source's pipeline`,
        path,
      });
    }
    if (isRecord(limits) && limits.min_supervised_ratio !== undefined && !uses(RENDERS)) {
      findings.push({
        code: "recipe/gate-without-figures",
        what: `nothing says what is trained on of \`${name}\``,
        why: "min_supervised_ratio judges by what chat/render has marked",
        fix: `put { use: ${RENDERS}, template: … } at the end of the source's pipeline`,
        path: [...path, "min_supervised_ratio"],
      });
    }
  }
  return gates;
}
