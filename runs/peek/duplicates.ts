/**
 * Rows of a source that barriers took away once all rows were known, span by span.
 *
 * They stand in ledgers beside its token store, or beside its verdicts where it has no store, in the order of
 * spans. Invariant: asked for spans in any order it gives the rows of that span. Price: the ledgers of the source
 * in memory, 20 bytes a row.
 */
import fs from "node:fs";
import type { SourcePlan } from "../../plan/plan.ts";
import type { Layout } from "../../store/layout.ts";
import { tokenFiles } from "../../store/layout.ts";
import { holdsRow, type ReadSpan } from "./spans.ts";
import { SideTable } from "./tables.ts";

export interface TakenRow {
  readonly shard: number;
  /** From the start of the span. */
  readonly row: number;
  /** Position of the barrier's stage. */
  readonly stage: number;
  /** Number of the survivor among the documents of the barrier's group; NaN where the row is a copy of none. */
  readonly survivor: number;
}

export class Duplicates {
  readonly #ledgers: readonly SideTable[];
  /** Where the rows of the span that was asked for last end: those of the next one mostly begin there. */
  #ledger = 0;
  #row = 0;

  constructor(layout: Layout, source: SourcePlan) {
    const folder = source.tokenized ? layout.tokens(source.tokens) : layout.verdicts(source.verdicts);
    const names = fs.existsSync(folder) ? fs.readdirSync(folder).filter(tokenFiles.isDuplicates) : [];
    const numbered = names.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
    this.#ledgers = numbered.flatMap((name) => SideTable.read(folder, name) ?? []);
  }

  /** The rows of a span. */
  of(span: ReadSpan): readonly TakenRow[] {
    const found = this.#scan(span);
    if (found.length > 0 || (this.#ledger === 0 && this.#row === 0)) return found;
    this.#ledger = 0;
    this.#row = 0;
    return this.#scan(span);
  }

  /** From where the last scan ended up to the first row of a later span. */
  #scan(span: ReadSpan): TakenRow[] {
    const found: TakenRow[] = [];
    for (let ledger = this.#ledger; ledger < this.#ledgers.length; ledger++) {
      const table = this.#ledgers[ledger];
      if (table === undefined) break;
      for (let row = ledger === this.#ledger ? this.#row : 0; row < table.rows; row++) {
        const shard = table.number("shard", row);
        const address = table.number("row", row);
        if (holdsRow(span, shard, address) !== true) {
          if (found.length === 0) continue;
          this.#ledger = ledger;
          this.#row = row;
          return found;
        }
        const [stage, survivor] = [table.number("stage", row), table.number("survivor", row)];
        found.push({ shard, row: address - (span.base(shard) ?? 0), stage, survivor });
      }
    }
    return found;
  }
}
