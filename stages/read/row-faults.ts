/** Rows that cannot be used, and why: every reader judges them alike. */
import { isUtf8 } from "node:buffer";
import { MAX_ROW_BYTES } from "../../batch/batch.ts";
import { type CellOrMisfit, type MetadataKind, MISFIT, NO_INSTANT, NO_UTF8 } from "../../io/formats/cells.ts";

/** Why, by kind. Readers add the detail. */
export type RowProblem =
  | "missing_text"
  | "text_not_string"
  | "empty_text"
  | "invalid_utf8"
  | "row_too_large"
  | "bad_json"
  | "bad_csv"
  | "bad_warc"
  | "bad_http"
  | "truncated_record"
  | "bad_metadata";

export const ROW_TOO_LARGE = `row is larger than ${MAX_ROW_BYTES / 2 ** 20} MiB`;

export interface RowFault {
  readonly kind: RowProblem;
  readonly message: string;
}

/** What is said of a column: `wanted` is the kind that the recipe gave it. */
export interface JudgedColumn {
  readonly name: string;
  readonly wanted?: MetadataKind | undefined;
}

/** Judges the cells of a row, text first where it is read, as every reader must; undefined where the row can be used. */
export function cellsProblem(columns: readonly JudgedColumn[], cells: readonly CellOrMisfit[]): RowFault | undefined {
  const [text] = columns[0]?.name === "text" ? cells : [];
  if (text === null) return { kind: "missing_text", message: "row has no text" };
  if (text instanceof Uint8Array && text.length === 0) return { kind: "empty_text", message: "text is empty" };
  let c = 0;
  for (const column of columns) {
    const cell = cells[c++];
    if (cell === MISFIT) return misfit(column);
    if (cell === NO_UTF8) return { kind: "invalid_utf8", message: `${column.name} is not valid UTF-8` };
    if (cell === NO_INSTANT) {
      return { kind: "bad_metadata", message: `${column.name} is an instant outside the years 1 to 9999` };
    }
    const isBytes = cell instanceof Uint8Array;
    if (!isBytes && typeof cell !== "string") continue;
    if (cell.length > MAX_ROW_BYTES) return { kind: "row_too_large", message: ROW_TOO_LARGE };
    if (isBytes && !isUtf8(cell)) return { kind: "invalid_utf8", message: `${column.name} is not valid UTF-8` };
  }
  return undefined;
}

export function misfit({ name, wanted }: JudgedColumn): RowFault {
  return { kind: "bad_metadata", message: `${name} is not ${wanted}` };
}
