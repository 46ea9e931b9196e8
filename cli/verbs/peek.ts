import fs from "node:fs";
import path from "node:path";
import { buildCommand } from "@stricli/core";
import type { OpenRun } from "../../index.ts";
import { type Api, type CliContext, EXIT, guarded, note, print, printJson } from "../context.ts";
import { countFlag, dataRootFlag, jsonFlag, numberFlag, outFlag, recipeRootFlag, textFlag } from "../flags.ts";
import { stoppable } from "../interrupt.ts";
import { documentText, problemText, windowText } from "../reporters/peeked.ts";

interface Flags {
  readonly out: string;
  readonly recipeRoot?: string;
  readonly dataRoot: string;
  readonly count: number;
  readonly source?: string;
  readonly dropped?: string;
  readonly heldOut: boolean;
  readonly errors: boolean;
  readonly at?: string;
  readonly id?: string;
  readonly text?: string;
  readonly tokens: boolean;
  readonly window?: number;
  readonly next: boolean;
  readonly full: boolean;
  readonly json: boolean;
}

const text = (value: string): string => value;

const switchFlag = (brief: string) => ({ kind: "boolean", default: false, withNegated: false, brief }) as const;

export const peekCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "look at documents, at what was dropped and why, at rows that could not be used, or at packed windows",
    fullDescription:
      "peek PATTERN            the first documents of any file, glob or hf:// pattern; --text says which column\n" +
      "peek RUN                documents that a run keeps: after every filter, dedup and hold-out\n" +
      "peek RUN --dropped all  dropped documents, and the row that stayed in the stead of a duplicate; or --dropped\n" +
      "                        STAGE, or --dropped STAGE:REASON\n" +
      "peek RUN --errors       rows that could not be used: where they are and what is wrong\n" +
      "peek RUN --at ADDRESS   one row, whatever became of it; or --id ID\n" +
      "peek RUN --tokens       packed windows, documents marked off by ‖\n" +
      "A run that failed or is under way shows what there is of it.",
  },
  parameters: {
    flags: {
      out: outFlag,
      recipeRoot: recipeRootFlag,
      dataRoot: dataRootFlag,
      count: countFlag("count", "5", "how many to show"),
      source: textFlag("name", "only this source of the run"),
      dropped: textFlag("stage:reason", "dropped documents: `all`, a stage, or stage:reason"),
      heldOut: switchFlag("documents that are held out for validation"),
      errors: switchFlag("rows that could not be used"),
      at: textFlag("address", "the row of this address, as peek shows it: source/shard#row"),
      id: textFlag("id", "rows of this name; reads the input until there are as many as asked for"),
      text: textFlag("column", "column to show instead of the text"),
      tokens: switchFlag("windows with document boundaries marked"),
      window: numberFlag("window", 0, "this window of each source, as --tokens shows it"),
      next: switchFlag("what a changed recipe has made so far, until it takes the place of the finished run"),
      full: switchFlag("texts of any length, not their first 2,000 characters"),
      json: jsonFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "run folder or name, or a pattern of data files", parse: text, placeholder: "path|run" }],
    },
    aliases: { n: "count" },
  },
  func(flags, subject) {
    return guarded(this, flags, async (api) => {
      if (!api.isRun(subject, flags.out) && isPattern(subject, flags)) await peekFiles(this, api, subject, flags);
      else await peekOneRun(this, api, subject, flags);
      return EXIT.ok;
    });
  },
});

/** What can only be a name is taken for that of a run, so that a slip is answered with the runs that are there. */
function isPattern(subject: string, { dataRoot }: Flags): boolean {
  return /[*?[{./:]/.test(subject) || fs.existsSync(path.resolve(dataRoot, subject));
}

/** Flags that choose what is shown of a run: one of them at a time. */
function choices({ dropped, heldOut, errors, at, id, tokens, window }: Flags): readonly string[] {
  const given: Readonly<Record<string, boolean>> = {
    "--dropped": dropped !== undefined,
    "--held-out": heldOut,
    "--errors": errors,
    "--at": at !== undefined,
    "--id": id !== undefined,
    [window === undefined ? "--tokens" : "--window"]: tokens || window !== undefined,
  };
  return Object.keys(given).filter((flag) => given[flag]);
}

async function peekFiles(context: CliContext, api: Api, pattern: string, flags: Flags): Promise<void> {
  const [choice] = [...choices(flags), ...(flags.next ? ["--next"] : [])];
  if (choice !== undefined) {
    throw new api.RecipeError({
      code: "flag/conflict",
      what: `${choice} is of runs, and ${pattern} is a pattern of files`,
      fix: "name a run, or leave the flag out",
    });
  }
  const { count, dataRoot } = flags;
  const documents = await stoppable(context, (stop) =>
    api.peekDocuments(pattern, { count, dataRoot, column: flags.text, stop }),
  );
  show(context, documents, flags, documentText);
  if (documents.length === 0) note(context, "the files have no document");
}

async function peekOneRun(context: CliContext, api: Api, name: string, flags: Flags): Promise<void> {
  const [choice, other] = choices(flags);
  if (other !== undefined) {
    const what = `${choice} and ${other} ask for different things`;
    throw new api.RecipeError({ code: "flag/conflict", what, fix: "give one of them" });
  }
  const run = openChosen(context, api, name, flags);
  const { count, source, dataRoot, dropped, at: address, id, text: column } = flags;
  const only = source === undefined ? {} : { source };
  if (flags.errors) {
    const problems = api.peekProblems(run, { count, ...only });
    show(context, problems, flags, problemText);
    if (problems.length === 0) note(context, "no row that was read was unusable");
    return;
  }
  if (flags.tokens || flags.window !== undefined) {
    const window = flags.window === undefined ? {} : { window: flags.window };
    show(context, api.peekWindows(run, { count, ...only, ...window }), flags, windowText);
    return;
  }
  const rows = { count, source, dropped, held_out: flags.heldOut, address, id, column, dataRoot };
  const documents = await api.peekRun(run, rows);
  show(context, documents, flags, documentText);
  if (documents.length === 0) note(context, nothingText(api, run, choice));
}

/** The run, or what is to take its place. */
function openChosen(context: CliContext, api: Api, name: string, { out, recipeRoot, next }: Flags): OpenRun {
  const run = api.openRun(name, out, recipeRoot);
  const pending = api.openPending(name, out, recipeRoot);
  if (pending.plan.fingerprint === run.plan.fingerprint) {
    if (!next) return run;
    throw new api.RecipeError({
      code: "flag/conflict",
      what: `no changed recipe is to take the place of ${run.plan.name}`,
      fix: "leave --next out",
    });
  }
  if (next) return pending;
  note(context, `a changed recipe is under way: this is the finished run, --next shows what there is of the other`);
  return run;
}

function nothingText(api: Api, { plan, layout }: OpenRun, choice: string | undefined): string {
  const rows = api.accountRows(plan, layout).reduce((sum, source) => sum + source.rows_in, 0);
  if (rows === 0) return `nothing of ${plan.name} has been read yet`;
  return choice === undefined ? "no row is kept" : `${choice}: there is no such row among those that were read`;
}

function show<Item>(
  context: CliContext,
  items: readonly Item[],
  { json, full }: Flags,
  render: (item: Item, limit: number) => string,
): void {
  if (json) printJson(context, items);
  else for (const item of items) print(context, render(item, full ? Number.POSITIVE_INFINITY : 2000));
}
