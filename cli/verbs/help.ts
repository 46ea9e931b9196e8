import { type Application, buildCommand, run } from "@stricli/core";
import type { CliContext } from "../context.ts";

/** The help of a verb, asked for as a verb. `application` is that which the verb is part of. */
export const helpCommand = (application: () => Application<CliContext>) =>
  buildCommand<Record<never, never>, string[], CliContext>({
    docs: {
      brief: "what a verb does, its flags and examples",
      fullDescription: ["  shardmill help peek", "  shardmill help mix replay"].join("\n"),
    },
    parameters: {
      positional: {
        kind: "array",
        parameter: {
          brief: "a verb, and one of its own where it has some",
          parse: (word: string) => word,
          placeholder: "verb",
        },
      },
    },
    async func(_flags, ...verb) {
      await run(application(), [...verb, "--help"], this);
    },
  });
