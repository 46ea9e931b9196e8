import { buildCommand } from "@stricli/core";
import type { PeekedDocument } from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import { countFlag, dataRootFlag, jsonFlag, outFlag } from "../flags.ts";

interface Flags {
  readonly out: string;
  readonly dataRoot: string;
  readonly count: number;
  readonly source?: string;
  readonly dropped?: string;
  readonly tokens: boolean;
  readonly window?: number;
  readonly json: boolean;
}

const text = (value: string): string => value;

export const peekCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "look at documents, at what was dropped and why, or at packed windows",
    fullDescription:
      "peek PATTERN            the first documents of any file, glob or hf:// pattern\n" +
      "peek RUN                kept documents of a run\n" +
      "peek RUN --dropped all  dropped documents; or --dropped STAGE, or --dropped STAGE:REASON\n" +
      "peek RUN --tokens       packed windows, documents marked off by ‖",
  },
  parameters: {
    flags: {
      out: outFlag,
      dataRoot: dataRootFlag,
      count: countFlag("count", "5", "how many to show"),
      source: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "name",
        brief: "only this source of the run",
      },
      dropped: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "stage:reason",
        brief: "dropped documents: `all`, a stage, or stage:reason",
      },
      tokens: { kind: "boolean", default: false, withNegated: false, brief: "windows with document boundaries marked" },
      window: {
        kind: "parsed",
        parse: Number,
        optional: true,
        placeholder: "n",
        brief: "with --tokens: this window of the source",
      },
      json: jsonFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "run folder or name, or a pattern of data files", parse: text, placeholder: "path|run" }],
    },
    aliases: { n: "count" },
  },
  func(flags, subject) {
    return guarded(this, flags, async ({ isRun, openRun, peekDocuments, peekDropped, peekWindows }) => {
      const { count, source } = flags;
      const only = source === undefined ? {} : { source };
      if (!isRun(subject, flags.out)) {
        const documents = await peekDocuments(subject, { count, dataRoot: flags.dataRoot });
        if (flags.json) printJson(this, documents);
        else
          for (const document of documents)
            print(this, `── ${document.address}${document.id ? `  ${document.id}` : ""}\n${document.text}\n`);
        return EXIT.ok;
      }
      const run = openRun(subject, flags.out);
      if (flags.dropped !== undefined || !flags.tokens) {
        const found = await peekDropped(run, { count, ...only, which: flags.dropped, dataRoot: flags.dataRoot });
        if (flags.json) printJson(this, found);
        else {
          for (const row of found) {
            print(this, `── ${row.address}  ${verdictText(row)}\n${row.text}\n`);
          }
        }
        return EXIT.ok;
      }
      const windows = peekWindows(run, {
        count,
        ...only,
        ...(flags.window === undefined ? {} : { window: flags.window }),
      });
      if (flags.json) printJson(this, windows);
      else
        for (const window of windows)
          print(
            this,
            `── ${window.file} window ${window.window}: ${window.documents} documents, ${window.padding_tokens} padding\n${window.text}\n`,
          );
      return EXIT.ok;
    });
  },
});

/** `gopher-quality: too_few_words (12)`, and behind it in quotes what else is known. */
function verdictText({ verdict }: PeekedDocument): string {
  if (verdict === undefined) return "kept";
  const { stage, reason, value, detail } = verdict;
  const measured = value === undefined ? "" : ` (${value})`;
  return `${stage}: ${reason}${measured}${detail === undefined ? "" : ` ${JSON.stringify(detail)}`}`;
}
