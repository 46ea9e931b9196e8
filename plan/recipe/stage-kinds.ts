/** Which stages a place in a recipe can name. */
import { kindsOf } from "../../stages/define.ts";
import type { StageRegistry } from "../../stages/stage-registry.ts";

/** Values `read` can take, shortest form: built-in readers without their folder. */
export function readersOf(registry: StageRegistry): string[] {
  return registry.stages
    .filter((stage) => kindsOf(stage).includes("source"))
    .map(({ name }) => (name.startsWith("read/") ? name.slice("read/".length) : name));
}
