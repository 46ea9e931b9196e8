/** The end of a run's transcript: what came in and out, what was asked for and what was got, and where it lies. */
import type { RunEvent, RunResult } from "../../index.ts";
import { counted, formatCount, formatPercent, formatTable } from "../format.ts";
import { hasProblems, problemsHint, reasonsTable, rowsTable } from "./rows.ts";
import { tokenizerTable } from "./tokenizer-table.ts";

export type TimeSpent = Extract<RunEvent, { type: "time_spent" }>;

/** Where the time of the workers went: what `run --profile` adds. */
export function profileTable({ parts }: TimeSpent): string {
  const rows = parts.map(({ part, seconds, share }) => [part, `${seconds.toFixed(2)} s`, formatPercent(share)]);
  return `\n${formatTable(["part", "workers' time", "share"], rows)}\n`;
}

export function summary(result: RunResult): string {
  if (result.already_done) {
    const failed = result.gates.filter(({ ok }) => !ok).map(gateText);
    return [`${result.name}: done before; nothing was left to do (${result.run_folder})`, ...failed, ""].join("\n");
  }
  const parts = [`\n${result.name}: done\n`, rowsTable(result.sources)];
  const why = reasonsTable(result.sources);
  if (why !== "") parts.push("", why);
  if (hasProblems(result.sources)) parts.push("", problemsHint(result.name));
  const tokens = tokenizerTable(result.sources);
  if (tokens !== "") parts.push("", tokens);
  for (const [at, stage] of result.training_stages.entries()) {
    const rows = stage.sources.map((source) => [
      source.name,
      formatPercent(source.weight_requested, 2),
      formatPercent(source.weight_achieved, 2),
      formatCount(source.tokens),
      source.epochs.toFixed(2),
      ...(at === 0 ? [] : [source.epochs_total.toFixed(2)]),
    ]);
    parts.push(`\n  ${stage.name}: ${counted(stage.windows, "window")}, ${formatCount(stage.tokens)} tokens`);
    parts.push(
      formatTable(["source", "asked", "got", "tokens", "epochs", ...(at === 0 ? [] : ["in all"])], rows, "    "),
    );
  }
  for (const stage of result.row_stages ?? []) {
    const rows = stage.sources.map(({ name, fraction, rows: taken, rows_available, shares }) => [
      name,
      String(fraction),
      `${formatCount(taken)} of ${formatCount(rows_available)}`,
      formatPercent(shares.rows, 2),
      formatPercent(shares.tokens, 2),
      formatPercent(shares.supervised_tokens, 2),
    ]);
    const lost = stage.tokens_lost > 0 ? `, ${counted(stage.tokens_lost, "token")} lost` : "";
    parts.push(
      `\n  ${stage.name}: ${counted(stage.rows, "packed row")} of ${counted(stage.sequences, "sequence")}, ${formatCount(stage.tokens)} tokens, filled ${formatPercent(stage.fill_ratio, 2)}${lost}`,
    );
    parts.push(formatTable(["source", "fraction", "rows", "of rows", "of tokens", "of supervised"], rows, "    "));
  }
  if (result.gates.length > 0) parts.push("");
  parts.push(...result.gates.map(gateText));
  parts.push("");
  for (const path of result.exports) parts.push(`  export    ${path}`);
  for (const { path, files, rows, dropped_rows } of result.outputs) {
    const aside = dropped_rows > 0 ? `, ${counted(dropped_rows, "dropped one")} beside them` : "";
    parts.push(`  output    ${path}: ${counted(rows, "row")} in ${counted(files, "file")}${aside}`);
  }
  for (const path of result.manifests) parts.push(`  manifest  ${path}`);
  parts.push(`  run       ${result.run_folder}`);
  return `${parts.join("\n")}\n`;
}

function gateText({ name, stage, ok, value, bound }: RunResult["gates"][number]): string {
  return `  gate ${name} of ${stage}: ${ok ? "ok" : "FAILED"}, ${Number(value.toPrecision(4))} against ${bound}`;
}
