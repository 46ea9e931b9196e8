/**
 * The items of a benchmark, out of a file that a stage's options name: what is looked for, and the answer and passage that go with it.
 *
 * Files are read as input is, by the readers of sources, so codecs, broken rows and missing columns mean the same here. Invariant: an item without a text is an
 * error, for nothing would look for it. Price: a decode of the whole file, whose texts are held.
 */

import type { Batch } from "../../batch/batch.ts";
import { isValid, utf8Bytes } from "../../batch/column.ts";
import { DataError } from "../../batch/errors.ts";
import { codecOf, decode } from "../../io/codecs/codec.ts";
import type { ByteSource, ShardRef } from "../../io/source.ts";
import type { Extent, ReadContext, SourceOperator } from "../define.ts";
import { jsonlSource } from "../read/jsonl.ts";
import { parquetSource } from "../read/parquet.ts";

export const BENCHMARK_FORMATS = ["auto", "jsonl", "parquet", "lines"] as const;
export type BenchmarkFormat = (typeof BENCHMARK_FORMATS)[number];

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const PIECE_BYTES = 1 << 20;

/** A benchmark's file, and where its rows have what: paths of JSON lines or of columns. */
export interface BenchmarkFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly format: BenchmarkFormat;
  readonly columns: readonly string[];
  readonly answer: string | null;
  readonly answer_index: string | null;
  readonly passage: string | null;
}

/** Views that are good until `take` returns. */
export interface BenchmarkItem {
  readonly question: Uint8Array;
  readonly answer: Uint8Array | undefined;
  readonly passage: Uint8Array | undefined;
}

/** Calls `take` with each item: of each row one for each of `columns`, or of each line that is not empty. */
export async function readBenchmark(file: BenchmarkFile, take: (item: BenchmarkItem) => void): Promise<void> {
  const format = file.format === "auto" ? formatOf(file.name) : file.format;
  if (format === "lines")
    return readLines(file, (question) => take({ question, answer: undefined, passage: undefined }));
  const [text = "", ...others] = file.columns;
  const named = [
    ...others.map((path, i) => ({ name: `column_${i + 1}`, path })),
    ...Object.entries({ answer: file.answer, answer_index: file.answer_index, passage: file.passage }).flatMap(
      ([name, path]) => (path === null ? [] : [{ name, path }]),
    ),
  ];
  const given = { text, id: null, metadata: named };
  const range = { skip: 0, limit: null };
  const reader =
    format === "jsonl"
      ? jsonlSource({ ...given, ...range, strict_json: false })
      : parquetSource({ ...given, ...range, strict_columns: true });
  const questions = ["text", ...others.map((_, i) => `column_${i + 1}`)];
  await readRows(file, reader, (batch, row) => {
    const answer = answerOf(file, batch, row);
    const passage = bytesAt(batch, "passage", row);
    for (const name of questions) {
      const question = bytesAt(batch, name, row);
      if (question !== undefined) take({ question, answer, passage });
    }
  });
}

/** The answer of a row, or of a list of answers the right one. */
function answerOf(file: BenchmarkFile, batch: Batch, row: number): Uint8Array | undefined {
  const answer = bytesAt(batch, "answer", row);
  if (file.answer_index === null || answer === undefined) return answer;
  const index = bytesAt(batch, "answer_index", row);
  const text = Buffer.from(answer).toString("utf8");
  const list: unknown = text.startsWith("[") ? JSON.parse(text) : undefined;
  const chosen: unknown = Array.isArray(list) && index ? list[Number(Buffer.from(index).toString("utf8"))] : undefined;
  if (typeof chosen === "string") return Buffer.from(chosen, "utf8");
  throw badBenchmark(
    file.name,
    `has no answer at ${file.answer_index} of ${file.answer} in row ${batch.rowsInShard[row] ?? row}`,
  );
}

/** The bytes of a text or number; undefined for null and where there is no such column. */
function bytesAt(batch: Batch, name: string, row: number): Uint8Array | undefined {
  const column = batch.column(name);
  if (column === undefined || column.kind === "token_list" || column.kind === "range_list") return undefined;
  if (!isValid(column, row)) return undefined;
  if (column.kind === "utf8") return utf8Bytes(column, row);
  return Buffer.from(String(column.kind === "dictionary" ? column.values[column.codes[row] ?? 0] : column.values[row]));
}

function formatOf(name: string): Exclude<BenchmarkFormat, "auto"> {
  const plain = name.replace(/\.(gz|zst|zstd|bz2|xz)$/, "");
  if (plain.endsWith(".parquet")) return "parquet";
  return /\.(jsonl|ndjson|json)$/.test(plain) ? "jsonl" : "lines";
}

async function readRows(
  file: BenchmarkFile,
  reader: SourceOperator,
  take: (batch: Batch, row: number) => void,
): Promise<void> {
  const shard: ShardRef = { key: file.name, location: file.name, size_bytes: file.bytes.length, identity: "" };
  const context: ReadContext = {
    source: "benchmark",
    shards: [shard],
    open: async () => memorySource(file),
    problem: ({ row, message }) => {
      const place = row === undefined ? "" : ` in row ${row}`;
      throw badBenchmark(file.name, `has no usable text${place}: ${message}`);
    },
  };
  const extents: readonly Extent[] = await reader.extents([shard], context, file.bytes.length);
  for await (const batch of reader.read(extents, context)) {
    for (let row = 0; row < batch.rows; row++) take(batch, row);
  }
}

async function readLines(file: BenchmarkFile, take: (text: Uint8Array) => void): Promise<void> {
  const parts: Uint8Array[] = [];
  for await (const part of decode(codecOf(file.name), memorySource(file).stream(0), file.name))
    parts.push(part.slice());
  const bytes = Buffer.concat(parts);
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, at);
    const next = newline < 0 ? bytes.length : newline;
    const end = next > at && bytes[next - 1] === RETURN ? next - 1 : next;
    if (end > at) take(bytes.subarray(at, end));
    at = next + 1;
  }
}

/** Bytes in memory as readers take them. They may be shared by threads, so readers get copies. */
function memorySource({ name, bytes }: BenchmarkFile): ByteSource {
  return {
    name,
    byteLength: bytes.length,
    identity: "",
    read: async (start, end) => new Uint8Array(bytes.subarray(start, end)),
    async *stream(start = 0) {
      for (let at = start; at < bytes.length; at += PIECE_BYTES) {
        yield new Uint8Array(bytes.subarray(at, at + PIECE_BYTES));
      }
    },
    close: async () => {},
  };
}

export function badBenchmark(name: string, problem: string): DataError {
  return new DataError({
    code: "data/benchmark",
    what: `the benchmark ${name} ${problem}`,
    why: "its items would not be looked for",
    fix: "name the columns that hold its texts, or the file's format",
  });
}
