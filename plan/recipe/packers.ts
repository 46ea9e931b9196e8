/** The packer of a training stage: known, its options parsed, and one that makes what the stage packs. */
import type { z } from "zod";
import { type PackProduct, packsOf } from "../../stages/define.ts";
import type { StageUse } from "../types.ts";
import type { Path } from "./diagnostics.ts";
import { fullName } from "./readers.ts";
import { type ResolveContext, stageUse } from "./stage-use.ts";
import type { trainingStageShape } from "./training-shapes.ts";

/** The packer that the training stage at `path` names; undefined where the findings say why not. */
export function resolvePacker(
  pack: z.output<typeof trainingStageShape>["pack"],
  product: PackProduct,
  path: Path,
  context: ResolveContext,
): StageUse | undefined {
  const { use, id, ...options } = typeof pack === "string" ? { use: pack } : pack;
  const name = fullName("pack", use);
  const namePath = typeof pack === "string" ? [...path, "pack"] : [...path, "pack", "use"];
  const packer = stageUse(name, id, options, [...path, "pack"], namePath, context, {
    kind: "pack",
    otherKeys: ["use", "id"],
  });
  const definition = context.registry.get(name);
  if (packer === undefined || definition === undefined || packsOf(definition).includes(product)) return packer;
  const fitting = context.registry.stages.filter((stage) => stage.kind === "pack" && packsOf(stage).includes(product));
  context.findings.push({
    code: "recipe/wrong-packer",
    what: `\`${name}\` packs no ${product}`,
    why:
      product === "rows"
        ? "a training stage with `rows` packs rows of several sources together"
        : "a training stage with `weights` cuts windows from one source at a time",
    fix: `name one of ${fitting.map((stage) => stage.name.replace(/^pack\//, "")).join(", ")}`,
    path: namePath,
  });
  return undefined;
}
