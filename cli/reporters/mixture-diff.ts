/** How two mixtures differ, as lines of text. Invariant: names come from recipes, so they are made printable. Price: none. */
import type { TrainingStageDiff } from "../../index.ts";
import { formatCount, formatInteger, formatPercent, formatTable } from "../format.ts";
import { printableLine } from "../printable.ts";

/** One training stage of two mixtures, A and B. */
export function stageDiffText(stage: TrainingStageDiff, indent = ""): string {
  const { a, b, tokens_a, tokens_b, total_variation, sources } = stage;
  const name = a === b ? `${a}` : `${a ?? "no stage"} against ${b ?? "no stage"}`;
  const tokens = [tokens_a, tokens_b].map((count) => (count === undefined ? "-" : formatCount(count))).join(" → ");
  const moved = total_variation === undefined ? "" : `, ${(100 * total_variation).toFixed(2)} points moved`;
  const share = (value: number | undefined): string => (value === undefined ? "-" : formatPercent(value, 2));
  const rows = sources.map(({ name: source, offset_points, ...of }) => [
    printableLine(source),
    share(of.weight_a),
    share(of.weight_b),
    offset_points === undefined ? "" : signed(offset_points),
    of.tokens_a === undefined ? "-" : formatCount(of.tokens_a),
    of.tokens_b === undefined ? "-" : formatCount(of.tokens_b),
    of.epochs_a?.toFixed(2) ?? "-",
    of.epochs_b?.toFixed(2) ?? "-",
    of.start_a === of.start_b ? "" : `${window(of.start_a)} → ${window(of.start_b)}`,
  ]);
  const titles = ["source", "A", "B", "points", "tokens A", "tokens B", "epochs A", "epochs B", "from window"];
  return `${indent}${printableLine(name)}: ${tokens} tokens${moved}\n${formatTable(titles, rows, `${indent}  `)}`;
}

const window = (at: number | undefined): string => (at === undefined ? "-" : formatInteger(at));

const signed = (points: number): string => `${points > 0 ? "+" : ""}${points.toFixed(2)}`;
