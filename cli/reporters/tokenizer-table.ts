/** What the tokens of each source are like, as the end of a run's transcript shows it. */
import type { RunResult } from "../../index.ts";
import { formatCount, formatInteger, formatPercent, formatTable } from "../format.ts";

/** Tokens that are shown; the manifest has ten. */
const SHOWN = 5;

/** Empty where nothing was tokenized. */
export function tokenizerTable(sources: RunResult["sources"]): string {
  const guarded = sources.flatMap(({ name, tokenizer_guard }) =>
    tokenizer_guard ? [{ name, guard: tokenizer_guard }] : [],
  );
  if (guarded.length === 0) return "";
  const parses = guarded.some(({ guard }) => guard.special_tokens !== undefined);
  const appends = guarded.some(({ guard }) => guard.eos_only_at_end_ratio !== undefined);
  const rows = guarded.map(({ name, guard }) => {
    const { documents, changed } = guard.round_trip;
    const parsed = (guard.special_tokens ?? []).reduce((sum, { count }) => sum + count, 0);
    return [
      name,
      guard.bytes_per_token.toFixed(2),
      formatPercent(guard.unknown_ratio, 2),
      ...(appends ? [formatPercent(guard.eos_only_at_end_ratio ?? 0, 2)] : []),
      ...(parses ? [formatCount(parsed)] : []),
      `${formatInteger(documents - changed)}/${formatInteger(documents)}`,
      guard.top_tokens
        .slice(0, SHOWN)
        .map(({ text }) => JSON.stringify(text).replaceAll("\\\\x", "\\x"))
        .join(" "),
    ];
  });
  const titles = [
    "tokens of",
    "bytes/token",
    "unknown",
    ...(appends ? ["EOS at end"] : []),
    ...(parses ? ["special"] : []),
    "round trip",
    "most frequent",
  ];
  return formatTable(titles, rows);
}
