/** The option that names a column which a stage adds: not one that stages and stores have for themselves. */
import { z } from "zod";

const TAKEN = ["text", "id", "tokens"];

export const newColumnOption = z
  .string()
  .min(1)
  .refine((name) => !TAKEN.includes(name), "stages write this column themselves")
  .describe("name of the column");
