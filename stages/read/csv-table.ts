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

/** How a table is written, as far as the recipe says; the rest follows from the name of a file. */
export interface TableFormat {
  readonly delimiter?: string | undefined;
  readonly quote?: string | null | undefined;
  readonly header: readonly string[] | null;
}

/**
 * Delimiter and quote of the file `key`. Files named `.tsv` are separated by tabs, and a quote in them is a character like any other: so is the
 * format registered (text/tab-separated-values), and so is prose written.
 */
function formatOf({ delimiter, quote }: TableFormat, key: string): { delimiter: string; quote: string | null } {
  const isTabbed = /\.(?:tsv|tab)(?:\.[a-z0-9]+)?$/i.test(key);
  return {
    delimiter: delimiter ?? (isTabbed ? "\t" : ","),
    quote: quote === undefined ? (isTabbed ? null : '"') : quote,
  };
}

/** What the parser's errors mean. Its own messages show the bytes of fields. */
const FAULTS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quote that opens here never closes",
  CSV_INVALID_CLOSING_QUOTE: "a quoted field goes on behind its closing quote",
  INVALID_OPENING_QUOTE: "a quote stands inside a field that does not begin with one",
  CSV_MAX_RECORD_SIZE: `the row is larger than ${MAX_ROW_BYTES / 2 ** 20} MiB`,
};

/** Errors after which the rest of a file cannot be told apart. */
const FATAL = new Set(["CSV_QUOTE_NOT_CLOSED", "CSV_MAX_RECORD_SIZE"]);

/** Delimiters that a header of one column is looked through for. */
const DELIMITERS = ["\t", ";", "|", ","] as const;

/** The delimiter that a header of one column seems to be separated by; undefined where it is one column. */
export function likelyDelimiter(header: readonly string[]): string | undefined {
  const [only = "", ...more] = header;
  if (more.length > 0) return undefined;
  return DELIMITERS.find((delimiter) => only.includes(delimiter));
}

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
  const parsed = records(contentOf(bytes, context, shard), formatOf(format, shard.key), shardPlace(context, shard));
  if (format.header !== null) {
    refuseDuplicates(format.header, context, shard);
    return { header: format.header, headerRows: 0, parsed };
  }
  const first = await parsed.next();
  if (first.done) return { header: undefined, headerRows: 0, parsed };
  if ("fault" in first.value) throw headerError(first.value.fault, context, shard);
  const header = first.value.fields.map((field) => Buffer.from(field).toString());
  refuseDuplicates(header, context, shard);
  return { header, headerRows: 1, parsed };
}

/** Throws DataError where two columns have one name: nobody can say which is meant. Columns without a name cannot be meant. */
function refuseDuplicates(header: readonly string[], context: ReadContext, shard: ShardRef): void {
  const name = header.find((column, i) => column !== "" && header.indexOf(column) !== i);
  if (name === undefined) return;
  throw new DataError({
    code: "data/duplicate-column",
    what: `two columns are called ${JSON.stringify(name)}`,
    why: "which of the two a recipe means cannot be told",
    fix: "give them names of their own in the file, or in the recipe with `header`",
    place: shardPlace(context, shard),
  });
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
async function* records(
  content: AsyncIterable<Uint8Array>,
  format: ReturnType<typeof formatOf>,
  place: Place,
): AsyncGenerator<Parsed> {
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
      const code: string = error?.code ?? "";
      const message = FAULTS[code] ?? "the record cannot be told apart";
      if (FATAL.has(code)) fatal ??= { row, message };
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
