/** How a stage asks outside: options that every request stage has, so that they are called and mean the same. */
import { z } from "zod";

export const requestOptions = {
  concurrency: z.int().min(1).max(1024).default(8).describe("questions that are out at once, a worker"),
  attempts: z.int().min(1).max(20).default(4).describe("attempts at one question, the first included"),
  retry_ms: z
    .int()
    .min(0)
    .default(500)
    .describe("milliseconds before the second attempt; doubled for each further one"),
};
