/** The option that is a regular expression: what does not compile is found with the recipe. */
import { z } from "zod";
import { Regex } from "../../kernels/regex.ts";

/** `meaning` says what the expression is for. */
export function regexPattern(meaning: string) {
  return z
    .string()
    .min(1)
    .superRefine((pattern, context) => {
      const compiled = Regex.compile(pattern);
      if (compiled instanceof Regex) return;
      context.addIssue({ code: "custom", message: `no expression of RE2's syntax: ${compiled}`, input: pattern });
    })
    .describe(
      `regular expression in RE2's syntax, ${meaning}; \`(?i)\` ignores case, \`(?s)\` lets \`.\` match line ends, \`(?m)\` lets \`^\` and \`$\` match at lines; without backreferences and lookaround`,
    );
}
