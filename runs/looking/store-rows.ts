/**
 * Which rows the documents of a token store are, and the way back: from the documents tables beside its shards.
 *
 * Invariant: a row of the store is named by the path of its file in the source and its number in that file, as everywhere.
 * Price: the table of a shard that is asked for is read once and kept as 8 bytes a document, for the last {@link KEPT_SHARDS}.
 */
import { entryAt } from "../../batch/entry.ts";
import { int32At } from "../../batch/numbers.ts";
import type { SourcePlan } from "../../plan/plan.ts";
import { type Layout, tokenFiles } from "../../store/layout.ts";
import { SideTable } from "../peek/tables.ts";

const KEPT_SHARDS = 64;

/** A row of a source's input. */
export interface SourceRow {
  /** Of the file in its source. */
  readonly path: string;
  readonly row: number;
}

/** A document of a token store. */
export interface StoredDocument {
  readonly shard: number;
  readonly document: number;
}

interface ShardRows {
  readonly shard: Int32Array;
  readonly row: Int32Array;
}

export class StoreRows {
  readonly source: SourcePlan;
  readonly #folder: string;
  readonly #kept = new Map<number, ShardRows>();

  constructor(layout: Layout, source: SourcePlan, heldOut = false) {
    this.source = source;
    this.#folder = heldOut ? layout.validation(source.tokens) : layout.tokens(source.tokens);
  }

  /** The row that document `document` of shard `shard` was made of. */
  rowOf({ shard, document }: StoredDocument): SourceRow {
    const rows = this.#shard(shard);
    if (rows === undefined) throw new Error(`shard ${shard} of ${this.source.name} has no documents table`);
    const file = entryAt(this.source.shards, int32At(rows.shard, document), "shard");
    return { path: file.key, row: int32At(rows.row, document) };
  }

  /** Where the row `row` of input file `file` lies; undefined where it is no document of the store. Price: a look at every shard. */
  find(file: number, row: number): StoredDocument | undefined {
    for (let shard = 0; ; shard++) {
      const rows = this.#shard(shard);
      if (rows === undefined) return undefined;
      const document = rows.row.findIndex((other, at) => other === row && rows.shard[at] === file);
      if (document >= 0) return { shard, document };
    }
  }

  #shard(shard: number): ShardRows | undefined {
    const known = this.#kept.get(shard);
    if (known !== undefined) return known;
    const table = SideTable.read(this.#folder, tokenFiles.documents(shard, this.source.name));
    if (table === undefined) return undefined;
    const rows = { shard: new Int32Array(table.rows), row: new Int32Array(table.rows) };
    for (let at = 0; at < table.rows; at++) {
      rows.shard[at] = table.number("shard", at);
      rows.row[at] = table.number("row", at);
    }
    this.#kept.set(shard, rows);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_SHARDS && oldest !== undefined) this.#kept.delete(oldest);
    return rows;
  }
}

/** `source/path#row`. */
export function addressOfRow(source: string, { path, row }: SourceRow): string {
  return `${source}/${path}#${row}`;
}
