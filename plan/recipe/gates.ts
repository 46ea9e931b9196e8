/** The gates of a recipe: those of chats name sources that count what their conversations keep. */
import { didYouMean } from "../../batch/suggest.ts";
import type { SourceSpec } from "../types.ts";
import { isRecord } from "./overrides.ts";
import type { ResolveContext } from "./stage-use.ts";

const COUNTS = "chat/invariants";

/** `gates` as they are; `context.findings` says which of them could judge nothing. `pipelines` are written as the recipe has them. */
export function resolveGates<Gates extends { readonly chat?: Readonly<Record<string, unknown>> | undefined }>(
  gates: Gates | undefined,
  sources: readonly (SourceSpec | undefined)[],
  pipelines: readonly (readonly [string, unknown])[],
  { findings }: ResolveContext,
): Gates | undefined {
  const known = sources.flatMap((source) => source ?? []);
  for (const name of Object.keys(gates?.chat ?? {})) {
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
    const counts = Array.isArray(stages) && stages.some((stage) => isRecord(stage) && stage.use === COUNTS);
    if (counts) continue;
    findings.push({
      code: "recipe/gate-without-figures",
      what: `nothing counts what the conversations of \`${name}\` keep`,
      why: "a gate of chats judges by what chat/invariants has counted",
      fix: `put { use: ${COUNTS} } at the end of the source's pipeline`,
      path,
    });
  }
  return gates;
}
