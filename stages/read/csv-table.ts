/**
 * A file of separated values as the records of a table.
 *
 * Invariant: records and what is wrong with one come in the order of the file; where a quote never closes, the file fails, because nothing after
 * it can be told apart.
 */
import { pipeline, Readable } from "node:stream";
import { type Options as CsvOptions, parse } from "csv-parse";
import { MAX_ROW_BYTES } from "../../batch/batch.ts";
import { DataError, type Place } from "../../batch/errors.ts";
import { codecOf, decode } from "../../io/codecs/codec.ts";
import type { ByteSource, ShardRef } from "../../io/source.ts";
import type { ReadContext } from "../define.ts";
import { refuseUtf16, shardPlace } from "./shard-extents.ts";

/** How a table is written. */
export interface TableFormat {
  readonly delimiter: string;
  readonly quote: string | null;
  readonly header: readonly string[] | null;
}

/** Errors after which the rest of a file cannot be told apart. */
const FATAL = new Set(["CSV_QUOTE_NOT_CLOSED", "CSV_MAX_RECORD_SIZE"]);

/** A record, or why there is none. `row` counts the lines of the table, the header included. */
export type Parsed = { readonly row: number } & (
  | { readonly fields: readonly Uint8Array[] }
  | { readonly fault: string }
);

/** A table and the names of its columns, undefined where it is empty. */
export interface Table {
  readonly header: readonly string[] | undefined;
  /** Lines of the table before its first row: rows are counted without them. */
  readonly headerRows: number;
  readonly parsed: AsyncGenerator<Parsed>;
}

/** Reads the names of the columns; rows follow as they are asked for. The caller ends `parsed` and closes `bytes`. */
export async function openTable(
  bytes: ByteSource,
  format: TableFormat,
  context: ReadContext,
  shard: ShardRef,
): Promise<Table> {
  const parsed = records(contentOf(bytes, context, shard), format, shardPlace(context, shard));
  if (format.header !== null) return { header: format.header, headerRows: 0, parsed };
  const first = await parsed.next();
  if (first.done) return { header: undefined, headerRows: 0, parsed };
  if ("fault" in first.value) throw headerError(first.value.fault, context, shard);
  return { header: first.value.fields.map((field) => Buffer.from(field).toString()), headerRows: 1, parsed };
}

function contentOf(bytes: ByteSource, context: ReadContext, shard: ShardRef): AsyncGenerator<Uint8Array> {
  return checkedHead(decode(codecOf(shard.key), bytes.stream(0), bytes.name), context, shard);
}

/** Passes `chunks` on, refusing UTF-16 and dropping a byte order mark. */
async function* checkedHead(
  chunks: AsyncIterable<Uint8Array>,
  context: ReadContext,
  shard: ShardRef,
): AsyncGenerator<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  let isHead = true;
  for await (const chunk of chunks) {
    if (!isHead) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < 3) continue;
    isHead = false;
    refuseUtf16(head, context, shard);
    yield head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? head.subarray(3) : head;
  }
  if (isHead) yield head;
}

/** Records and faults in the order of the file. */
async function* records(content: AsyncIterable<Uint8Array>, format: TableFormat, place: Place): AsyncGenerator<Parsed> {
  let count = 0;
  const faults: Parsed[] = [];
  let fatal: { readonly row: number; readonly message: string } | undefined;
  const settings: CsvOptions = {
    // Bytes, not strings: whether they are UTF-8 is judged like that of any other reader.
    encoding: false,
    delimiter: format.delimiter,
    quote: format.quote ?? false,
    escape: format.quote ?? false,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: MAX_ROW_BYTES,
    // Typed for strings; what it makes comes out of the parser as it is.
    on_record: (fields) => ({ row: count++, fields }) as unknown as string[],
    on_skip: (error): undefined => {
      const row = count++;
      const message = error?.message ?? "record is not CSV";
      if (FATAL.has(error?.code ?? "")) fatal ??= { row, message };
      else faults.push({ row, fault: message });
    },
  };
  const parser = parse(settings);
  // Errors of either end come out of the parser, where the loop sees them.
  pipeline(Readable.from(content), parser, () => {});
  for await (const record of parser as AsyncIterable<Parsed>) {
    for (let fault = faults[0]; fault !== undefined && fault.row < record.row; fault = faults[0]) {
      faults.shift();
      yield fault;
    }
    if (fatal !== undefined && fatal.row < record.row) break;
    yield record;
  }
  yield* faults;
  if (fatal === undefined) return;
  throw new DataError({
    code: "data/bad-csv",
    what: `row ${fatal.row}: ${fatal.message}`,
    why: "after a quote that does not close, nothing can be told apart any more",
    fix: "repair the file, or set quote if it quotes fields in another way or not at all",
    place,
  });
}

function headerError(fault: string, context: ReadContext, shard: ShardRef): DataError {
  return new DataError({
    code: "data/bad-csv",
    what: `the header line is not CSV: ${fault}`,
    fix: "set delimiter and quote as the file has them, or header if it has no header line",
    place: shardPlace(context, shard),
  });
}
