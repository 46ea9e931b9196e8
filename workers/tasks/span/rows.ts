/**
 * Rows of a span on their way to a spool.
 *
 * A column whose kind only the file knows (`any`) gets the kind that it has in the first batch. Invariant: the columns of the file are those that
 * were declared, in their order.
 */
import type { Batch } from "../../../batch/batch.ts";
import { createSelfChecked, type PendingFile } from "../../../io/local/commit.ts";
import type { VouchedFile } from "../../../io/local/vouched.ts";
import type { ColumnDeclaration } from "../../../stages/define.ts";
import type { SpoolColumn } from "../../../store/spool.ts";
import { SpoolWriter } from "../../../store/spool-writer.ts";

export class SpanRows {
  readonly #file: PendingFile<VouchedFile>;
  readonly #columns: readonly ColumnDeclaration[];
  #spool: SpoolWriter | undefined;

  constructor(path: string, columns: readonly ColumnDeclaration[]) {
    this.#file = createSelfChecked(path);
    this.#columns = columns;
  }

  /** Takes the rows of `batch` that are alive. */
  add(batch: Batch): void {
    this.#spool ??= new SpoolWriter(this.#file, this.#schema(batch));
    this.#spool.add(batch, 0);
  }

  commit(): VouchedFile {
    this.#spool ??= new SpoolWriter(this.#file, this.#schema(undefined));
    this.#spool.finish();
    return this.#file.commit();
  }

  /** Bytes of values by column, once committed. */
  valueBytes(): Readonly<Record<string, number>> {
    return this.#spool?.valueBytes() ?? {};
  }

  abort(): void {
    this.#file.abort();
  }

  #schema(batch: Batch | undefined): SpoolColumn[] {
    return this.#columns.map(({ name, kind }) => {
      switch (kind === "any" ? (batch?.column(name)?.kind ?? "utf8") : kind) {
        case "int32":
          return { name, kind: "int32" };
        case "int64":
          return { name, kind: "int64" };
        case "float32":
          return { name, kind: "float32" };
        case "float64":
          return { name, kind: "float64" };
        case "bool":
          return { name, kind: "bool" };
        case "token_list":
        case "range_list":
          throw new Error(`column ${name} holds lists, which no spool keeps`);
        default:
          return { name, kind: "utf8" };
      }
    });
  }
}
