/** The end of a run's transcript: what came in, what came out, what was asked for and what was got, and where it lies. */
import type { RunEvent, RunResult } from "../../index.ts";
import { formatBytes, formatCount, formatInteger, formatPercent, formatTable } from "../format.ts";

export type TimeSpent = Extract<RunEvent, { type: "time_spent" }>;

/** Where the time of the workers went: what `run --profile` adds. */
export function profileTable({ parts }: TimeSpent): string {
  const rows = parts.map(({ part, seconds, share }) => [part, `${seconds.toFixed(2)} s`, formatPercent(share)]);
  return `\n${formatTable(["part", "workers' time", "share"], rows)}\n`;
}

export function summary(result: RunResult): string {
  if (result.already_done) return `${result.name}: done before; nothing was left to do (${result.run_folder})\n`;
  const parts = [`\n${result.name}: done\n`, sourcesTable(result)];
  for (const stage of result.training_stages) {
    const rows = stage.sources.map((source) => [
      source.name,
      formatPercent(source.weight_requested, 2),
      formatPercent(source.weight_achieved, 2),
      formatCount(source.tokens),
      source.epochs.toFixed(2),
    ]);
    parts.push(`\n  ${stage.name}: ${formatInteger(stage.windows)} windows, ${formatCount(stage.tokens)} tokens`);
    parts.push(formatTable(["source", "asked", "got", "tokens", "epochs"], rows, "    "));
  }
  if (result.gates.length > 0) parts.push("");
  for (const gate of result.gates) {
    parts.push(
      `  gate ${gate.name} of ${gate.stage}: ${gate.ok ? "ok" : "FAILED"}, ${Number(gate.value.toPrecision(4))} against ${gate.bound}`,
    );
  }
  parts.push("");
  for (const path of result.exports) parts.push(`  export    ${path}`);
  for (const { path, files, rows, dropped_rows } of result.outputs) {
    const aside = dropped_rows > 0 ? `, ${formatInteger(dropped_rows)} dropped ones beside them` : "";
    parts.push(`  output    ${path}: ${formatInteger(rows)} rows in ${formatInteger(files)} files${aside}`);
  }
  for (const path of result.manifests) parts.push(`  manifest  ${path}`);
  parts.push(`  run       ${result.run_folder}`);
  return `${parts.join("\n")}\n`;
}

function sourcesTable(result: RunResult): string {
  const heldOut = result.sources.some((source) => source.held_out !== undefined);
  const rows = result.sources.map((source) => {
    const dropped = Object.values(source.dropped).reduce((total, count) => total + count, 0);
    const errors = Object.values(source.errors).reduce((total, count) => total + count, 0);
    return [
      source.name,
      formatInteger(source.rows_in),
      formatInteger(source.kept),
      ...(heldOut ? [formatInteger(source.held_out ?? 0)] : []),
      formatInteger(dropped),
      formatInteger(errors),
      formatBytes(source.text_bytes),
      formatCount(source.tokens),
    ];
  });
  const titles = ["source", "rows in", "kept", ...(heldOut ? ["held out"] : []), "dropped", "errors", "text", "tokens"];
  return formatTable(titles, rows);
}
