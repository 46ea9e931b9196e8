/** What a curriculum comes to: each training stage by category and source, then every source over all stages. */
import type {
  RecipeDescription,
  RowStageDescription,
  SourceDescription,
  TrainingStageDescription,
} from "../../index.ts";
import { counted, formatCount, formatInteger, formatPercent, formatTable } from "../format.ts";

/** Five digits, so that figures can be held against published ones. */
const DIGITS = 5;

export function curriculum(description: RecipeDescription): string {
  const parts = description.training_stages.flatMap(stageParts);
  parts.push(...(description.row_stages ?? []).flatMap(rowStageParts));
  if (description.training_stages.length === 0 && description.row_stages !== undefined) return parts.join("\n");
  const steps = description.steps === undefined ? "" : ` in ${counted(description.steps, "step")}`;
  const stages = description.training_stages.length;
  parts.push(
    "",
    `  all ${counted(stages, "training stage")}: ${formatCount(description.tokens, DIGITS)} tokens${steps}`,
  );
  parts.push(sourcesTable(description.sources));
  if (description.exports.length > 0) parts.push("", `  exports: ${description.exports.map(exportText).join(", ")}`);
  return parts.join("\n");
}

function stageParts(stage: TrainingStageDescription): string[] {
  const { name, tokens, sequence_length, pack, steps, start_step } = stage;
  const length = formatInteger(sequence_length);
  const head = [`  ${name}: ${formatCount(tokens, DIGITS)} tokens in windows of ${length}, ${pack}`];
  if (steps !== undefined && start_step !== undefined) {
    head.push(
      `    steps ${formatInteger(start_step)} to ${formatInteger(start_step + steps - 1)} (${formatInteger(steps)})`,
    );
  }
  head.push(`    weights add up to ${Number(stage.weights_sum.toPrecision(9))}`);
  const shares = (rows: readonly { readonly name: string; readonly weight: number; readonly tokens: number }[]) =>
    rows.map((row) => [row.name || "-", formatPercent(row.weight, 2), formatCount(row.tokens, DIGITS)]);
  const sources = stage.sources.map((source) => [
    source.name,
    source.category ?? "-",
    String(source.weight_requested),
    formatPercent(source.weight, 3),
    formatCount(source.tokens, DIGITS),
  ]);
  return [
    "",
    ...head,
    formatTable(["category", "share", "tokens"], shares(stage.categories), "    "),
    "",
    formatTable(["source", "category", "weight", "share", "tokens"], sources, "    "),
  ];
}

function rowStageParts({ name, rule, sequence_length, pack, rows, tokens, sources }: RowStageDescription): string[] {
  const count = (value: number | undefined): string => (value === undefined ? "-" : formatInteger(value));
  const amount = (value: number | undefined): string => (value === undefined ? "-" : formatCount(value, DIGITS));
  /** Of all sources; undefined where one of them does not say. */
  const held = (key: "available_rows" | "available_tokens"): number | undefined =>
    sources.reduce<number | undefined>((sum, source) => {
      const value = source[key];
      return sum === undefined || value === undefined ? undefined : sum + value;
    }, 0);
  const table = sources.map((source) => [
    source.name,
    source.category ?? "-",
    count(source.available_rows),
    amount(source.available_tokens),
    String(source.fraction),
    count(source.rows),
    amount(source.tokens),
  ]);
  return [
    "",
    `  ${name}: rows by the rule ${rule} in packed rows of ${formatInteger(sequence_length)}, ${pack}`,
    formatTable(
      ["source", "category", "rows", "tokens", "fraction", "takes rows", "tokens"],
      [
        ...table,
        ["all", "", count(held("available_rows")), amount(held("available_tokens")), "", count(rows), amount(tokens)],
      ],
      "    ",
    ),
  ];
}

function sourcesTable(sources: readonly SourceDescription[]): string {
  const rows = sources.map((source) => [
    source.name,
    source.category ?? "-",
    formatCount(source.tokens, DIGITS),
    thereAre(source),
    source.epochs === undefined ? "-" : source.epochs.toFixed(2),
    source.missing === undefined ? "" : missingText(source.missing),
  ]);
  return formatTable(["source", "category", "tokens", "there are", "epochs", "no data"], rows, "    ");
}

function exportText({ trainer, options }: RecipeDescription["exports"][number]): string {
  const given = Object.entries(options).map(([name, value]) => `${name}=${String(value)}`);
  return given.length === 0 ? trainer : `${trainer} (${given.join(", ")})`;
}

/** What a store holds, or what the recipe says there is. */
function thereAre({ stored_tokens, available_tokens }: SourceDescription): string {
  if (stored_tokens !== undefined) return formatCount(stored_tokens, DIGITS);
  return available_tokens === undefined ? "-" : `${formatCount(available_tokens)} said`;
}

function missingText(policy: NonNullable<SourceDescription["missing"]>): string {
  if (policy === "error") return "stops the run";
  return policy === "drop" ? "dropped" : `${policy.substitute} instead`;
}
