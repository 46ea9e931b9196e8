/** What mechanics a stage has, known before it is made: built-in stages by their folder, others by asking them. */
import type { Operator, StageDefinition } from "../../stages/define.ts";
import { isStageKind, type StageKind } from "../../stages/kinds.ts";
import type { StageRegistry } from "../../stages/registry.ts";

export type OperatorKind = Operator["kind"] | "none";

const KINDS: Readonly<Record<StageKind, OperatorKind>> = {
  read: "source",
  filter: "filter",
  rewrite: "rewrite",
  annotate: "annotate",
  dedup: "barrier",
  tokenize: "none",
  pack: "pack",
  write: "none",
  chat: "none",
};

/** What may stand in a pipeline. */
export const PIPELINE_KINDS: readonly OperatorKind[] = ["filter", "rewrite", "annotate", "barrier"];

/** The mechanics of `definition` under `options`. A plugin that needs assets is taken for what a pipeline holds. */
export function operatorKind(definition: StageDefinition, options: unknown): OperatorKind {
  const folder = definition.name.split("/")[0];
  if (isStageKind(folder)) return KINDS[folder];
  return definition.assets === undefined ? definition.create(options, new Map()).kind : "filter";
}

/** Values `read` can take, shortest form: built-in readers without their folder. */
export function readersOf(registry: StageRegistry): string[] {
  return registry.names.filter((name) => name.startsWith("read/")).map((name) => name.slice("read/".length));
}
