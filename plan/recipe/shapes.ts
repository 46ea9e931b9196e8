/** What shapes of a recipe are made of: names, numbers of tokens, shares, stages by name with their options beside it. */
import { z } from "zod";
import { parseSize } from "./sizes.ts";

/** Names become file names and parts of row addresses, so they hold no slash, space or leading dot. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

export const nameShape = z.string().regex(NAME_PATTERN);

export const tokensShape = z
  .union([z.int(), z.string()])
  .transform((value, context) => {
    const size = typeof value === "number" ? value : parseSize(value);
    if (size !== undefined) return size;
    context.addIssue({ code: "custom", params: { code: "recipe/bad-size" }, message: "is not a number of tokens" });
    return z.NEVER;
  })
  .pipe(z.int().min(1));

export const ratio = () => z.number().min(0).max(1).optional();

export const stageUseShape = z.looseObject({
  use: z.string().min(1).describe("stage name, `filter/gopher-quality`; its options stand beside it"),
  id: nameShape.optional().describe("name in reports and `--set`; defaults to the last part of the stage's name"),
});
