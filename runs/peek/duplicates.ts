/**
 * Rows of a source that barriers took away once all rows were known, span by span.
 *
 * They stand in ledgers beside its token store, or beside its verdicts where it has no store, in the order of
 * spans. Invariant: asked for spans in any order it gives the rows of that span. Price: one ledger in memory, of half a
 * million documents at most; spans in order read each ledger once.
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
  readonly #folder: string;
  /** Names of the ledgers, in order. */
  readonly #names: readonly string[];
  /** The ledger that was read last. */
  #table: SideTable | undefined;
  #tableOf = -1;
  /** Where the rows of the span that was asked for last end: those of the next one mostly begin there. */
  #ledger = 0;
  #row = 0;

  constructor(layout: Layout, source: SourcePlan) {
    this.#folder = source.tokenized ? layout.tokens(source.tokens) : layout.verdicts(source.verdicts);
    const names = fs.existsSync(this.#folder) ? fs.readdirSync(this.#folder).filter(tokenFiles.isDuplicates) : [];
    this.#names = names.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
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
    for (let ledger = this.#ledger; ledger < this.#names.length; ledger++) {
      const table = this.#read(ledger);
      if (table === undefined) continue;
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

  #read(ledger: number): SideTable | undefined {
    if (this.#tableOf !== ledger) {
      this.#table = SideTable.read(this.#folder, this.#names[ledger] ?? "");
      this.#tableOf = ledger;
    }
    return this.#table;
  }
}
