import { buildCommand } from "@stricli/core";
import type { DiskEstimate, Plan } from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson, warn } from "../context.ts";
import { dataRootFlag, endpointFlag, jsonFlag, keepDroppedFlag, outFlag, recipeArgument, setFlag } from "../flags.ts";
import { formatBytes, formatInteger, formatTable } from "../format.ts";
import { stoppable } from "../interrupt.ts";
import { chooseReporter } from "../reporters/choose.ts";
import { curriculum } from "../reporters/curriculum.ts";

interface Flags {
  readonly set?: readonly string[];
  readonly out: string;
  readonly dataRoot: string;
  readonly endpoint?: readonly string[];
  readonly check: boolean;
  readonly listing: boolean;
  readonly keepDropped: boolean;
  readonly write: boolean;
  readonly json: boolean;
}

export const planCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "show what a run would do and what is done already; reads listings and footers, no text",
    fullDescription:
      "Shows what a run would do and what is done already. Reads listings and footers, no text.\n" +
      "With --write the run is begun as `run` begins it, and nothing of it is done: `advance` and `rank` do the rest.",
  },
  parameters: {
    flags: {
      set: setFlag,
      out: outFlag,
      dataRoot: dataRootFlag,
      endpoint: endpointFlag,
      listing: {
        kind: "boolean",
        default: true,
        brief: "list the sources; without it only what the recipe asks for is shown, and no data need be there",
      },
      check: { kind: "boolean", default: false, withNegated: false, brief: "exit 3 when work is left" },
      write: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "make the run's folder with its plan, and put its assets into the store, for `advance` and `rank`",
      },
      keepDropped: keepDroppedFlag,
      json: jsonFlag,
    },
    positional: { kind: "tuple", parameters: [recipeArgument] },
  },
  func(flags, recipePath) {
    return guarded(
      this,
      flags,
      async ({ describePlan, describeRecipe, loadRecipe, prepare, RecipeError, writePlan }) => {
        if (!flags.listing) {
          if (flags.check || flags.write) {
            throw new RecipeError({
              code: "flag/conflict",
              what: `${flags.check ? "--check" : "--write"} needs listings, and --no-listing makes none`,
              fix: "leave one of them out",
            });
          }
          const asked = describeRecipe(await loadRecipe(recipePath, { set: flags.set ?? [] }));
          if (flags.json) printJson(this, asked);
          else print(this, `${asked.name}\n${curriculum(asked)}`);
          return EXIT.ok;
        }
        const { plan, layout, environment } = await stoppable(this, (stop) =>
          prepare(recipePath, {
            set: flags.set ?? [],
            out: flags.out,
            dataRoot: flags.dataRoot,
            keepDropped: flags.keepDropped,
            endpoints: flags.endpoint ?? [],
            stop,
          }),
        );
        const description = describePlan(plan, layout);
        const due = description.segments.some((segment) => segment.state !== "done");
        if (flags.json) printJson(this, description);
        else {
          const segments = description.segments.map((segment, index) => [
            String(index + 1),
            segment.kind,
            segment.subject,
            segment.stages.join(" → "),
            segment.bytes === undefined ? "-" : formatBytes(segment.bytes),
            segment.state,
            segment.why,
          ]);
          print(this, `${plan.name}  plan ${plan.fingerprint}${tokenizerText(plan)}`);
          print(this, "");
          print(this, formatTable(["#", "phase", "of", "stages", "in", "state", "why"], segments));
          print(this, curriculum(description));
          print(this, diskText(description.disk));
        }
        if (flags.write) {
          const { report } = chooseReporter(this, { json: false, quiet: false, progress: false });
          const folder = await writePlan(plan, { root: flags.out, environment, report });
          if (!flags.json)
            print(this, `\nplan written to ${folder}; \`shardmill advance ${plan.name}\` says what may be done`);
        }
        for (const warning of plan.warnings) warn(this, warning);
        return flags.check && due ? EXIT.gate : EXIT.ok;
      },
    );
  },
});

function diskText({ present_bytes, done_bytes, peak_bytes, free_bytes }: DiskEstimate): string {
  const free = free_bytes === undefined ? "" : `; ${formatBytes(free_bytes)} are free`;
  if (done_bytes === present_bytes) return `\n  disk: ${formatBytes(present_bytes)} in the store`;
  const short = free_bytes !== undefined && peak_bytes - present_bytes > free_bytes ? ", which may not be enough" : "";
  return `\n  disk: ${formatBytes(present_bytes)} in the store, about ${formatBytes(done_bytes)} when done, ${formatBytes(peak_bytes)} at most on the way${free}${short}`;
}

function tokenizerText({ tokenizer }: Plan): string {
  return tokenizer === undefined ? "" : `  tokenizer ${tokenizer.name} (${formatInteger(tokenizer.vocab_size)} tokens)`;
}
