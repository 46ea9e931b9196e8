/** The address and size of every row that left the last pass of a span. */
import type { ScalarColumn } from "../../batch/column.ts";
import { decodeArrow } from "../../io/formats/arrow-table.ts";
import { readVouched } from "../../io/local/vouched.ts";
import { spanFiles } from "../../store/layout.ts";
import { vouchers } from "../../store/marker.ts";

export interface SpanRowTable {
  readonly count: number;
  readonly document: Int32Array;
  readonly shard: Int32Array;
  readonly row: Int32Array;
  readonly bytes: Int32Array;
  readonly columns: ReadonlyMap<string, ScalarColumn>;
}

/** `folder` is that of the source's last pass. Throws RunError `store/damaged`. */
export function readSpanRows(folder: string, span: number): SpanRowTable {
  const name = spanFiles.documents(span);
  const { rows, columns } = decodeArrow(readVouched(vouchers(folder, spanFiles.marker(span))(name)), name);
  const int32 = (column: string): Int32Array => {
    const found = columns.get(column);
    return found?.kind === "int32" ? found.values : new Int32Array();
  };
  return {
    count: rows,
    document: int32("document"),
    shard: int32("shard"),
    row: int32("row"),
    bytes: int32("bytes"),
    columns,
  };
}
