/**
 * Parquet files whose columns are lists of int32, or of int32 that stand for int8: what packed rows are. Uncompressed,
 * PLAIN, one page a column and row group.
 *
 * A general writer makes an object of every value (20 MB/s, measured); here a page is its levels, a few bytes a row,
 * and the values as they lie in memory. Lists and their elements are required, and no list is empty, so definition
 * levels are one run of 1.
 * Invariant: a row group is below 2 GiB. Price: one copy of a row group's values; the footer's entries are kept until
 * the end.
 */
import { Compression, Converted, CREATED_BY, Encoding, MAGIC, PageType, Physical, Repetition } from "./format.ts";
import { ThriftStruct } from "./thrift.ts";

/** A column of lists. Parquet has no int8: such values are stored as int32 and marked. */
export interface ListField {
  readonly name: string;
  readonly element?: "int8";
}

/** Values of consecutive lists, and the exclusive end of each list in them. */
export interface ListColumn {
  readonly values: Int32Array;
  readonly ends: Int32Array;
}

interface Chunk {
  readonly values: number;
  readonly offset: number;
  readonly bytes: number;
}

interface RowGroup {
  readonly rows: number;
  readonly chunks: readonly Chunk[];
}

/** Writes row groups as they come; the file is complete after {@link finish}. */
export class ParquetListWriter {
  readonly #fields: readonly ListField[];
  readonly #write: (bytes: Uint8Array) => void;
  readonly #groups: RowGroup[] = [];
  #offset = 0;

  constructor(fields: readonly ListField[], write: (bytes: Uint8Array) => void) {
    this.#fields = fields;
    this.#write = write;
    this.#append(MAGIC);
  }

  /** One column for each field, all of as many lists. Throws a RangeError for an empty list. */
  rowGroup(columns: readonly ListColumn[]): void {
    const rows = columns[0].ends.length;
    const chunks = columns.map((column): Chunk => {
      if (column.ends.length !== rows) throw new RangeError("columns of one row group differ in length");
      const levels = encodeLevels(column);
      const bodyBytes = levels.length + column.values.byteLength;
      const dataPage = new ThriftStruct()
        .i32(1, column.values.length)
        .i32(2, Encoding.plain)
        .i32(3, Encoding.rle)
        .i32(4, Encoding.rle);
      const header = new ThriftStruct()
        .i32(1, PageType.data)
        .i32(2, bodyBytes)
        .i32(3, bodyBytes)
        .struct(5, dataPage)
        .finish();
      const offset = this.#offset;
      this.#append(header);
      this.#append(levels);
      this.#append(new Uint8Array(column.values.buffer, column.values.byteOffset, column.values.byteLength));
      return { values: column.values.length, offset, bytes: this.#offset - offset };
    });
    this.#groups.push({ rows, chunks });
  }

  finish(): void {
    const footer = new ThriftStruct()
      .i32(1, 1)
      .structs(2, this.#schema())
      .i64(
        3,
        this.#groups.reduce((sum, group) => sum + group.rows, 0),
      )
      .structs(
        4,
        this.#groups.map((group) => this.#group(group)),
      )
      .text(6, CREATED_BY)
      .finish();
    this.#append(footer);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, footer.length, true);
    this.#append(length);
    this.#append(MAGIC);
  }

  #schema(): ThriftStruct[] {
    const lists = this.#fields.flatMap(({ name, element }) => [
      new ThriftStruct().i32(3, Repetition.required).text(4, name).i32(5, 1).i32(6, Converted.list),
      new ThriftStruct().i32(3, Repetition.repeated).text(4, "list").i32(5, 1),
      elementSchema(element),
    ]);
    return [new ThriftStruct().text(4, "schema").i32(5, this.#fields.length), ...lists];
  }

  #group({ rows, chunks }: RowGroup): ThriftStruct {
    const columns = chunks.map(({ values, offset, bytes }, i) =>
      new ThriftStruct()
        .i64(2, offset)
        .struct(
          3,
          new ThriftStruct()
            .i32(1, Physical.int32)
            .i32s(2, [Encoding.plain, Encoding.rle])
            .texts(3, [this.#fields[i].name, "list", "element"])
            .i32(4, Compression.none)
            .i64(5, values)
            .i64(6, bytes)
            .i64(7, bytes)
            .i64(9, offset),
        ),
    );
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
    return new ThriftStruct().structs(1, columns).i64(2, bytes).i64(3, rows);
  }

  #append(bytes: Uint8Array): void {
    this.#write(bytes);
    this.#offset += bytes.length;
  }
}

function elementSchema(element: ListField["element"]): ThriftStruct {
  const schema = new ThriftStruct().i32(1, Physical.int32).i32(3, Repetition.required).text(4, "element");
  return element === undefined ? schema : schema.i32(6, Converted[element]);
}

/**
 * Repetition levels (0 where a list starts, else 1), then definition levels (1 throughout), each with its length in
 * front.
 */
function encodeLevels({ values, ends }: ListColumn): Uint8Array {
  // A run is a varint of twice its length and one byte; two runs a list, lengths below 2^31.
  const bytes = new Uint8Array(ends.length * 8 + 16);
  const view = new DataView(bytes.buffer);
  let at = 4;
  const run = (length: number, level: number): void => {
    let left = length * 2;
    for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes[at++] = (left % 0x80) | 0x80;
    bytes[at++] = left;
    bytes[at++] = level;
  };
  let start = 0;
  for (const end of ends) {
    if (end <= start) throw new RangeError(`a list ends at ${end} after starting at ${start}`);
    run(1, 0);
    if (end - start > 1) run(end - start - 1, 1);
    start = end;
  }
  if (start !== values.length) throw new RangeError(`${values.length} values, and lists end at ${start}`);
  view.setUint32(0, at - 4, true);
  const definitions = at;
  at += 4;
  run(values.length, 1);
  view.setUint32(definitions, at - definitions - 4, true);
  return bytes.subarray(0, at);
}
