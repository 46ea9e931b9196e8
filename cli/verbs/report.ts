import { buildCommand } from "@stricli/core";
import type {
  PackingFigures,
  RowStagePackingReport,
  SourcePackingReport,
  TrainingStagePackingReport,
} from "../../index.ts";
import { type CliContext, EXIT, guarded, print, printJson } from "../context.ts";
import { jsonFlag, outFlag } from "../flags.ts";
import { formatCount, formatInteger, formatPercent, formatTable } from "../format.ts";
import { runArgument } from "./status.ts";

interface Flags {
  readonly out: string;
  readonly packing: boolean;
  readonly json: boolean;
}

export const reportCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "figures of a finished run",
    fullDescription:
      "report RUN --packing     for every training stage and source: fill, padding, documents cut, documents a window,\n" +
      "                         tokens of its own document a token sees, spread of attention cost; beside\n" +
      "                         concat-and-chunk on the same documents",
  },
  parameters: {
    flags: {
      out: outFlag,
      packing: { kind: "boolean", default: false, withNegated: false, brief: "how documents fill windows" },
      json: jsonFlag,
    },
    positional: { kind: "tuple", parameters: [runArgument] },
  },
  func(flags, name) {
    return guarded(this, flags, async ({ openRun, packingReport }) => {
      if (!flags.packing) {
        this.process.stderr.write("say what to report on: --packing\n");
        return EXIT.usage;
      }
      const stages = await packingReport(openRun(name, flags.out));
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
