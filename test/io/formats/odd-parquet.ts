/** Parquet files put together by hand: footers and pages that no writer at hand would make. */
import { ThriftStruct } from "../../../kernels/parquet/thrift.ts";

export const REQUIRED = 0;
export const OPTIONAL = 1;
export const REPEATED = 2;
export const INT32 = 1;
export const INT96 = 3;
export const BYTE_ARRAY = 6;
const UTF8 = 0;
const PLAIN = 0;
const RLE = 3;

export interface Element {
  readonly name: string;
  readonly type?: number;
  /** Left out of the file where it is absent. */
  readonly repetition?: number;
  readonly children?: number;
  readonly isText?: boolean;
  readonly scale?: number;
}

export interface OddColumn {
  readonly path: readonly string[];
  readonly type: number;
  /** Entries, absent ones among them. */
  readonly values: number;
  /** Levels, then values, as a page of version 1 has them. */
  readonly body: Uint8Array;
  /** `metadata`: its description is encrypted too. */
  readonly encrypted?: "pages" | "metadata";
  /** Bytes that the footer forgets. */
  readonly forgotten?: number;
  readonly encoding?: number;
  readonly levelEncoding?: number;
  readonly codec?: number;
}

export interface OddFile {
  readonly schema: readonly Element[];
  readonly rows: number;
  /** What the footer says of the file as a whole, `rows` by default. */
  readonly saidRows?: number;
  readonly columns: readonly OddColumn[];
  readonly writer?: string;
  readonly magic?: string;
}

/** Levels as runs of the hybrid encoding, with their length: each run is a level and how often it comes. */
export function levels(...runs: readonly (readonly [level: number, times: number])[]): Uint8Array {
  const body = Buffer.from(runs.flatMap(([level, times]) => [2 * times, level]));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([length, body]);
}

export function texts(...values: readonly string[]): Uint8Array {
  return Buffer.concat(
    values.flatMap((value) => {
      const bytes = Buffer.from(value);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

export function numbers(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

/** Days since the start of the Julian count, and nanoseconds of the day. */
export function int96(day: number, nanoseconds: bigint): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeBigInt64LE(nanoseconds, 0);
  bytes.writeInt32LE(day, 8);
  return bytes;
}

export function oddFile(given: OddFile): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from("PAR1")];
  let offset = 4;
  const chunks = given.columns.map((column) => {
    const header = new ThriftStruct()
      .i32(1, 0)
      .i32(2, column.body.length)
      .i32(3, column.body.length)
      .struct(
        5,
        new ThriftStruct()
          .i32(1, column.values)
          .i32(2, column.encoding ?? PLAIN)
          .i32(3, column.levelEncoding ?? RLE)
          .i32(4, column.levelEncoding ?? RLE),
      )
      .finish();
    parts.push(header, column.body);
    const start = offset;
    const size = header.length + column.body.length;
    offset += size;
    const chunk = new ThriftStruct().i64(2, start);
    if (column.encrypted !== "metadata") {
      const said = size - (column.forgotten ?? 0);
      chunk.struct(
        3,
        new ThriftStruct()
          .i32(1, column.type)
          .i32s(2, [PLAIN])
          .texts(3, column.path)
          .i32(4, column.codec ?? 0)
          .i64(5, column.values)
          .i64(6, said)
          .i64(7, said)
          .i64(9, start),
      );
    }
    if (column.encrypted !== undefined) chunk.struct(8, new ThriftStruct().struct(1, new ThriftStruct()));
    return chunk;
  });
  const footer = new ThriftStruct()
    .i32(1, 1)
    .structs(2, given.schema.map(element))
    .i64(3, given.saidRows ?? given.rows)
    .structs(4, [new ThriftStruct().structs(1, chunks).i64(2, 0).i64(3, given.rows)])
    .text(6, given.writer ?? "odd")
    .finish();
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Buffer.concat([...parts, footer, length, Buffer.from(given.magic ?? "PAR1")]);
}

function element({ name, type, repetition, children, isText, scale }: Element): ThriftStruct {
  const struct = new ThriftStruct();
  if (type !== undefined) struct.i32(1, type);
  if (repetition !== undefined) struct.i32(3, repetition);
  struct.text(4, name);
  if (children !== undefined) struct.i32(5, children);
  if (isText) struct.i32(6, UTF8);
  if (scale !== undefined) struct.i32(7, scale);
  return struct;
}
