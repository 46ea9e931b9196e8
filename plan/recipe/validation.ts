/** The `validation` of a recipe: how much of which source is held out, in one spelling each. */

import type { z } from "zod";
import { ownOf } from "../../batch/entry.ts";
import { didYouMean } from "../../batch/suggest.ts";
import type { HeldOutShare, ValidationSpec } from "../types.ts";
import type { Path } from "./diagnostics.ts";
import type { recipeShape } from "./schema.ts";
import type { ResolveContext } from "./stage-use.ts";

type Raw = NonNullable<z.output<typeof recipeShape.shape.validation>>;
type RawShare = Pick<Raw, "fraction" | "tokens">;

/** What is held out of each source; what is wrong is in the findings. */
export function resolveValidation(
  raw: Raw | undefined,
  sources: readonly string[],
  context: ResolveContext,
): ValidationSpec | undefined {
  if (raw === undefined) return undefined;
  const path = ["validation"];
  for (const name of Object.keys(raw.sources ?? {})) {
    if (sources.includes(name)) continue;
    context.findings.push({
      code: "recipe/unknown-source",
      what: `there is no source \`${name}\``,
      fix: didYouMean(name, sources),
      path: [...path, "sources", name],
      part: "key",
    });
  }
  const general = oneSpelling(raw, path, raw.sources === undefined, context);
  const shares = sources.flatMap((name): [string, HeldOutShare][] => {
    const own = ownOf(raw.sources, name);
    const share = own === undefined ? general : oneSpelling(own, [...path, "sources", name], true, context);
    return share === undefined ? [] : [[name, share]];
  });
  return { seed: raw.seed, sources: Object.fromEntries(shares) };
}

function oneSpelling(
  { fraction, tokens }: RawShare,
  path: Path,
  needed: boolean,
  { findings }: ResolveContext,
): HeldOutShare | undefined {
  if (fraction !== undefined && tokens === undefined) return { fraction };
  if (tokens !== undefined && fraction === undefined) return { tokens };
  if (tokens === undefined && !needed) return undefined;
  findings.push({
    code: "recipe/validation",
    what:
      tokens === undefined
        ? "it is not said how much is held out"
        : "both `fraction` and `tokens` say how much is held out",
    fix: tokens === undefined ? "add `fraction: 0.001` or `tokens: 10M`" : "remove one of them",
    path,
  });
  return undefined;
}
