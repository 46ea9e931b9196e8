import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { buildCommand } from "@stricli/core";
import type {
  PackingFigures,
  RowStagePackingReport,
  SourcePackingReport,
  TrainingStagePackingReport,
} from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import { dataRootFlag, jsonFlag, outFlag, textFlag } from "../flags.ts";
import { formatBytes, formatCount, formatInteger, formatPercent, formatTable } from "../format.ts";
import { runArgument } from "./status.ts";

interface Flags {
  readonly out: string;
  readonly packing: boolean;
  readonly texts: boolean;
  readonly html?: string;
  readonly dataRoot: string;
  readonly json: boolean;
}

export const reportCommand = buildCommand<Flags, string[], CliContext>({
  docs: {
    brief: "one HTML page of a run, or of several side by side",
    fullDescription:
      "report RUN               writes report.html into the run's folder: one file that loads nothing. What went in and where it\n" +
      "                         got lost, mixture, drop reasons with the documents nearest to each bound, duplicates, packing\n" +
      "report RUN RUN…          compares them with the first: writes report.html here\n" +
      "report RUN --packing     for every training stage and source: fill, padding, documents cut, documents a window,\n" +
      "                         tokens of its own document a token sees, spread of attention cost; beside\n" +
      "                         concat-and-chunk on the same documents",
  },
  parameters: {
    flags: {
      out: outFlag,
      html: textFlag("file", "where to write the page"),
      texts: { kind: "boolean", default: true, brief: "show beginnings of documents, read again from the input" },
      dataRoot: dataRootFlag,
      packing: { kind: "boolean", default: false, withNegated: false, brief: "how documents fill windows" },
      json: jsonFlag,
    },
    positional: { kind: "array", parameter: runArgument, minimum: 1 },
  },
  func(flags, ...names) {
    return guarded(this, flags, async ({ openRun, packingReport, reportPage }) => {
      const runs = names.map((name) => openRun(name, flags.out));
      const [run] = runs;
      if (run === undefined || (flags.packing && runs.length > 1)) {
        this.process.stderr.write("--packing is of one run\n");
        return EXIT.usage;
      }
      if (!flags.packing) {
        const page = await reportPage(runs, { dataRoot: flags.dataRoot, texts: flags.texts });
        const file = flags.html ?? (runs.length > 1 ? "report.html" : run.layout.reportFile(run.plan.name));
        writeFileSync(file, page);
        const size_bytes = Buffer.byteLength(page);
        if (flags.json) printJson(this, { report: resolve(file), size_bytes });
        else print(this, `report  ${file}  ${formatBytes(size_bytes)}`);
        return EXIT.ok;
      }
      const stages = await packingReport(run);
      if (flags.json) printJson(this, stages);
      else for (const stage of stages) print(this, "rows" in stage ? rowStageTable(stage) : stageTable(stage));
      return EXIT.ok;
    });
  },
});

const HEADER = [
  "source",
  "windows",
  "fill",
  "padding",
  "cut",
  "too long",
  "lost",
  "tail",
  "docs/window",
  "p99",
  "max",
  "context",
  "Σlen² p50",
  "p99",
  "max",
];

function stageTable({ stage, sequence_length, pack, sources }: TrainingStagePackingReport): string {
  const rows = sources.flatMap((source) => sourceRows(source));
  const title = `${stage}: ${pack}, ${formatInteger(sequence_length)} tokens a sequence`;
  return `${title}\n${formatTable(HEADER, rows)}\n`;
}

const ROW_HEADER = ["source", "sequences", "tokens", "supervised", "truncated", "split", "dropped", "lost", "repeated"];

function rowStageTable({ stage, sequence_length, pack, sources, ...figures }: RowStagePackingReport): string {
  const title = `${stage}: ${pack}, ${formatInteger(sequence_length)} tokens a packed row`;
  const all =
    `  ${formatInteger(figures.rows)} packed rows, ${formatPercent(figures.fill_ratio, 3)} full ` +
    `(${formatInteger(figures.fewest_rows)} without borders), ${formatInteger(figures.padding_tokens)} padding, ` +
    `up to ${formatInteger(figures.sequences_per_row_max)} sequences in one`;
  const rows = sources.map((source) => [
    source.source,
    ...[source.sequences, source.tokens, source.supervised_tokens].map(formatInteger),
    ...[source.rows_truncated, source.rows_split, source.rows_dropped].map(formatInteger),
    ...[source.tokens_lost, source.tokens_repeated].map(formatInteger),
  ]);
  return `${title}\n${all}\n${formatTable(ROW_HEADER, rows)}\n`;
}

/** What the stage reads, the whole source, and concatenation; lost and tail are of whole sources only. */
function sourceRows({ source, read, packed, concat }: SourcePackingReport): string[][] {
  const whole = ({ tokens_lost, tail_tokens }: { readonly tokens_lost: number; readonly tail_tokens: number }) => [
    formatInteger(tokens_lost),
    formatInteger(tail_tokens),
  ];
  return [
    row(source, read, ["", ""]),
    row("  whole source", packed, whole(packed)),
    row("  by concat", concat, whole(concat)),
  ];
}

function row(name: string, figures: PackingFigures, ends: readonly string[]): string[] {
  const { documents_per_window: documents, squared_lengths: squares } = figures;
  const share = (cut: number): string => formatPercent(figures.documents === 0 ? 0 : cut / figures.documents, 2);
  return [
    name,
    formatInteger(figures.windows),
    formatPercent(figures.fill_ratio, 3),
    formatInteger(figures.padding_tokens),
    share(figures.documents_cut_avoidable),
    share(figures.documents_cut_unavoidable),
    ...ends,
    documents.mean.toFixed(2),
    formatInteger(documents.p99),
    formatInteger(documents.max),
    formatInteger(figures.effective_context_tokens),
    formatCount(squares.p50),
    formatCount(squares.p99),
    formatCount(squares.max),
  ];
}
