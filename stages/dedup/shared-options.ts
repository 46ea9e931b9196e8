/** Options that the stages of deduplication share. */
import { z } from "zod";

/** Whom a barrier compares. `what` is compared: rows, texts. */
export function scopeOption(what: string) {
  return z
    .enum(["source", "pipeline"])
    .default("source")
    .describe(`${what}: those of one source, or of every source that uses the pipeline`);
}

export const minLeftOption = z.int().min(0).default(0).describe("a text of which fewer bytes are left is dropped");
