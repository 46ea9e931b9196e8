/** What dedup decided, in lines: rows that fall, first for keys alone and then by all that is asked; the largest clusters; the depth of chains. */
import type { RunStatus } from "../../index.ts";
import { counted, formatInteger, formatPercent, formatTable } from "../format.ts";

type DedupReport = NonNullable<RunStatus["dedup"]>[number];

/** Clusters that are shown of each barrier. */
const SHOWN = 3;

/** One line: what is told before anything is taken. */
export function dedupLine({ stage, sources, candidates, dropped, chain_depth, largest }: DedupReport): string {
  const rows = sources.reduce((sum, source) => sum + source.rows, 0);
  const share = formatPercent(rows === 0 ? 0 : dropped / rows);
  const both = candidates === undefined ? "" : `${formatInteger(candidates)} would fall for keys alone, `;
  const size = largest[0]?.size ?? 0;
  return (
    `dedup   ${stage} of ${sources.map(({ name }) => name).join(", ")}: of ${counted(rows, "row")} ${both}${formatInteger(dropped)} fall (${share}); ` +
    `largest cluster ${formatInteger(size)}, chains ${formatInteger(chain_depth)} deep`
  );
}

/** What `status` says of them; empty where there are none. */
export function dedupTable(reports: readonly DedupReport[]): string {
  const rows = reports.flatMap(({ stage, sources, candidates, dropped, chain_depth, largest }) => {
    const clusters = largest.slice(0, SHOWN).map(({ size, survivor }) => `${formatInteger(size)} ${survivor}`);
    const seen = sources.reduce((sum, source) => sum + source.rows, 0);
    const name = `${stage} of ${sources.map((source) => source.name).join(", ")}`;
    const alone = candidates === undefined ? "-" : formatInteger(candidates);
    return [
      [name, formatInteger(seen), alone, formatInteger(dropped), formatInteger(chain_depth), clusters.join("; ")],
    ];
  });
  if (rows.length === 0) return "";
  return formatTable(["dedup", "rows", "by keys", "fall", "chain", "largest clusters"], rows);
}
