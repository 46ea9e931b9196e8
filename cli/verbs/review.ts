import { buildCommand } from "@stricli/core";
import { type CliContext, EXIT, guarded, note, print, printJson } from "../context.ts";
import { countFlag, jsonFlag, outFlag, recipeRootFlag } from "../flags.ts";
import { benchmarksTable, findingText } from "../reporters/reviewed.ts";

interface Flags {
  readonly out: string;
  readonly recipeRoot?: string;
  readonly count: number;
  readonly source?: string;
  readonly benchmark?: string;
  readonly minScore?: number;
  readonly full: boolean;
  readonly json: boolean;
}

const text = (value: string): string => value;
/** Columns of text where nobody says how wide it may be. */
const COLUMNS = 120;
const SHORT = 600;

export const reviewCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "look at what was found of benchmarks: each hit with its address, the text and the item side by side",
    fullDescription:
      "review RUN                    a table of benchmarks, and the first hits, whether their rows were dropped or not\n" +
      "review RUN --benchmark NAME   hits of one benchmark\n" +
      "review RUN --json             the same for programs, with texts as they are\n" +
      "What matches stands between « and ». A run that failed or is under way shows what there is of it.",
  },
  parameters: {
    flags: {
      out: outFlag,
      recipeRoot: recipeRootFlag,
      count: countFlag("count", "10", "how many hits to list; all are counted"),
      source: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "name",
        brief: "only this source of the run",
      },
      benchmark: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "name",
        brief: "only hits of this benchmark",
      },
      minScore: {
        kind: "parsed",
        parse: parseScore,
        optional: true,
        placeholder: "score",
        brief: "only hits with at least this score",
      },
      full: { kind: "boolean", default: false, withNegated: false, brief: "all of the texts that were kept" },
      json: jsonFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "run folder or name", parse: text, placeholder: "run" }],
    },
    aliases: { n: "count" },
  },
  func(flags, name) {
    return guarded(this, flags, async (api) => {
      const { out, recipeRoot, count, source, benchmark, minScore } = flags;
      const run = api.openRun(name, out, recipeRoot);
      const review = api.reviewRun(run, { count, source, benchmark, min_score: minScore });
      if (flags.json) {
        printJson(this, review);
        return EXIT.ok;
      }
      if (review.benchmarks.length === 0) {
        note(this, "no stage that has read rows looks for benchmarks, as filter/decontaminate does");
        return EXIT.ok;
      }
      print(this, `${benchmarksTable(review.benchmarks)}\n`);
      const width = this.process.stdout.columns ?? COLUMNS;
      const limit = flags.full ? Number.POSITIVE_INFINITY : SHORT;
      for (const finding of review.findings) print(this, findingText(finding, width, limit));
      const hits = review.benchmarks.reduce((sum, each) => sum + each.hits, 0);
      if (hits > review.findings.length)
        note(this, `${hits - review.findings.length} more; --count N lists more of them`);
      return EXIT.ok;
    });
  },
});

function parseScore(given: string): number {
  const score = Number(given);
  if (given.trim() === "" || !(score >= 0 && score <= 1)) throw new Error(`a score is from 0 to 1, not ${given}`);
  return score;
}
