/**
 * Hits of benchmarks for people: the text on the left, the item on the right, and a table of benchmarks.
 *
 * Invariant: a hit is as many lines as its longer side has, whatever the texts hold: white space is one space, controls are spelt out.
 */
import type { BenchmarkFinding, ReviewedBenchmark } from "../../index.ts";
import { formatInteger, formatTable } from "../format.ts";
import { printableLine, shortened } from "../printable.ts";

const GAP = " │ ";
const MIN_COLUMN = 24;
const MATCH_OPEN = "«";
const MATCH_CLOSE = "»";
/** Characters of scripts that take two columns of a terminal. */
const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\uffdc\u{1f300}-\u{1faff}\u{20000}-\u{3ffff}]/u;

/** `width` in columns, `limit` in characters of either text. */
export function findingText(finding: BenchmarkFinding, width: number, limit: number): string {
  const { address, fate, stage, benchmark, item, score, need, answer, ngrams } = finding;
  const facts = [
    address,
    fate.replace("_", " "),
    stage,
    `${benchmark} item ${formatInteger(item)}`,
    ...(score === undefined ? [] : [`score ${score}${need === undefined ? "" : ` (needs ${need})`}`]),
    ...(ngrams === undefined ? [] : [`${formatInteger(ngrams)} n-gram${ngrams === 1 ? "" : "s"}`]),
    ...(answer === undefined ? [] : [answer ? "answer there" : "answer not there"]),
  ];
  const column = Math.max(MIN_COLUMN, Math.floor((width - GAP.length) / 2));
  const left = wrapped(oneLine(textOf(finding), limit), column);
  const right = wrapped(oneLine(finding.item_text ?? "", limit), column);
  const lines = Array.from({ length: Math.max(left.length, right.length) }, (_, i) =>
    `${padded(left[i] ?? "", column)}${GAP}${right[i] ?? ""}`.trimEnd(),
  );
  return [`── ${facts.map(printableLine).join("  ")}`, ...lines, ""].join("\n");
}

export function benchmarksTable(benchmarks: readonly ReviewedBenchmark[]): string {
  return formatTable(
    ["benchmark", "hits", "items hit", "items", "too short to be found"],
    benchmarks.map(({ benchmark, hits, items_hit, items, items_too_short }) => [
      printableLine(benchmark),
      ...[hits, items_hit, items, items_too_short].map(formatInteger),
    ]),
  );
}

/** The match in its surroundings, between marks; the n-gram where the rule's words have no place in the text. */
function textOf({ before, match, after, ngram }: BenchmarkFinding): string {
  if (match === undefined) return `${MATCH_OPEN}${ngram ?? ""}${MATCH_CLOSE}`;
  return `${before ?? ""}${MATCH_OPEN}${match}${MATCH_CLOSE}${after ?? ""}`;
}

function oneLine(text: string, limit: number): string {
  return printableLine(shortened(text.replace(/\s+/g, " ").trim(), limit));
}

function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += WIDE.test(character) ? 2 : 1;
  return columns;
}

function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - columnsOf(text)));
}

/** Lines of at most `columns`, broken at spaces where there are any. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  let width = 0;
  for (const part of text.split(/(?<= )/)) {
    const whole = columnsOf(part.trimEnd());
    if (width > 0 && width + whole > columns && whole <= columns) {
      lines.push(line.trimEnd());
      line = "";
      width = 0;
    }
    for (const character of part) {
      const own = WIDE.test(character) ? 2 : 1;
      if (width + own > columns) {
        lines.push(line.trimEnd());
        line = "";
        width = 0;
        if (character === " ") continue;
      }
      line += character;
      width += own;
    }
  }
  if (line.trimEnd() !== "") lines.push(line.trimEnd());
  return lines;
}
