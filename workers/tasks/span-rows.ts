/** The address and size of every row that left the last pass of a span. */
import { int32Values, type ScalarColumn } from "../../batch/column.ts";
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
  return {
    count: rows,
    document: int32Values(columns, "document"),
    shard: int32Values(columns, "shard"),
    row: int32Values(columns, "row"),
    bytes: int32Values(columns, "bytes"),
    columns,
  };
}
