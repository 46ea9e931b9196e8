/** Who survives of a cluster: options that barriers which drop rows share, and what an exchange says of them. */
import { z } from "zod";
import type { Election } from "../barriers.ts";

/** The rule of an {@link Election}; `fallback` says in the option's description what holds where it is not given. */
export function survivorOption(fallback: string) {
  return z
    .union([
      z.enum(["first", "longest"]),
      z.strictObject({
        column: z.string().min(1).describe("column of numbers"),
        order: z.enum(["largest", "smallest"]).default("largest").describe("which number survives"),
      }),
    ])
    .optional()
    .describe(
      `which row of a cluster survives: the \`first\` by address, the \`longest\` text, or by a column; of equal rows the first. ${fallback}`,
    );
}

export function precedenceOption() {
  return z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      "with `scope: pipeline`: sources by rank, the highest first; of a cluster a row of the highest one survives. Sources that are not named come last",
    );
}

interface Given {
  readonly scope: "source" | "pipeline";
  readonly survivor?: Election["survivor"] | undefined;
  readonly precedence?: readonly string[] | undefined;
}

/** What `refine` asks of options with a precedence. */
export function hasRanks({ scope, precedence }: Pick<Given, "scope" | "precedence">): boolean {
  return scope === "pipeline" || precedence === undefined;
}

export const NO_RANKS = {
  error: "rows of one source have one rank: use `scope: pipeline`, or leave `precedence` out",
  path: ["precedence"],
};

/** Columns that the rule reads. */
export function survivorColumns({ survivor }: Pick<Given, "survivor">): readonly string[] {
  return typeof survivor === "object" ? [survivor.column] : [];
}

/** The part of an exchange that says who survives: nothing where that is the first row by address. */
export function survival(
  { survivor = "first", precedence }: Omit<Given, "scope">,
  text = false,
): { readonly election?: Election; readonly precedence?: readonly string[] } {
  return {
    ...((survivor !== "first" || text) && { election: { survivor, text } }),
    ...(precedence && { precedence }),
  };
}
