/**
 * The records of web archives, WARC and WET alike: how files are cut, what is a row, what is wrong with a record.
 *
 * Invariants: a file in which every record is a gzip member of its own is cut into ranges of bytes, and a row's place is where its member begins; any other
 * is read from its start, and a row's place is its number. Records that are not asked for are no rows. Price: see gzip-members.ts; everything else is small
 * beside it.
 */
import PQueue from "p-queue";
import * as z from "zod";
import { type Batch, MAX_ROW_BYTES } from "../../batch/batch.ts";
import { entryAt } from "../../batch/entry.ts";
import { DataError } from "../../batch/errors.ts";
import { codecOf, decode } from "../../io/codecs/codec.ts";
import { firstMember, GzipMembers } from "../../io/codecs/gzip-members.ts";
import type { Cell } from "../../io/formats/cells.ts";
import { type WarcRecord, warcRecords } from "../../io/formats/warc-stream.ts";
import type { ByteSource, ShardRef } from "../../io/source.ts";
import { NO_RECORD, skipBlankLines, WARC_MAGIC, type WarcHead, warcHead } from "../../kernels/warc/record.ts";
import { type Extent, type ReadContext, type SourceOperator, source } from "../define.ts";
import { BatchAssembler, type BatchTarget, sizeOfCells } from "./batch-assembler.ts";
import type { ColumnSpec } from "./column-builders.ts";
import { ROW_TOO_LARGE, type RowFault } from "./row-faults.ts";
import { RowRange, type RowRangeOptions } from "./row-range.ts";
import { byteExtents, shardPlace, wholeShards } from "./shard-extents.ts";

/** Columns that every kind of record fills, in this order. */
export const RECORD_COLUMNS: readonly ColumnSpec[] = [
  { name: "text", kind: "utf8" },
  { name: "id", kind: "utf8" },
  { name: "url", kind: "utf8" },
  { name: "date", kind: "utf8" },
  { name: "mime", kind: "utf8" },
];

export const splitOption = {
  split: z
    .boolean()
    .default(true)
    .describe(
      "whether a file in which every record is a gzip member of its own, as in Common Crawl's, is read in parts by several workers",
    ),
};

/** What a reader of archives makes of records. */
export interface RecordReader {
  readonly columns: readonly ColumnSpec[];
  /** Whether the record is asked for, by its head alone. */
  readonly wants: (head: WarcHead) => boolean;
  /** Its cells; why it is not a row that can be used; or undefined where it is not asked for. */
  readonly row: (head: WarcHead, content: Uint8Array) => Promise<readonly Cell[] | RowFault | undefined>;
}

interface ArchiveOptions extends RowRangeOptions {
  readonly split: boolean;
}

const NOTHING = new Uint8Array(0);
const HEADS_AT_ONCE = 16;
/** Bytes in which the first record of an archive ends, which only tells who wrote it. */
const HEAD_BYTES = 256 * 1024;

export function archiveSource(given: ArchiveOptions, reader: RecordReader, target: BatchTarget): SourceOperator {
  return source({
    async extents(shards, context, extentBytes) {
      const queue = new PQueue({ concurrency: HEADS_AT_ONCE });
      const extents = await queue.addAll(
        wholeShards(shards).map((whole) => async () => {
          const shard = entryAt(shards, whole.shard, "shard");
          const isCut = given.split && codecOf(shard.key) === "gzip" && (await isByMembers(shard, context));
          return isCut ? byteExtents(whole.shard, shard.size_bytes, extentBytes) : [whole];
        }),
      );
      return extents.flat();
    },
    async *read(extents, context) {
      const rows = new RowRange(given);
      for (const extent of extents) {
        if (rows.done) return;
        const shard = entryAt(context.shards, extent.shard, "shard");
        const bytes = await context.open(shard);
        try {
          yield* new ExtentReader(context, extent, shard, reader, target).read(bytes, rows);
        } finally {
          await bytes.close();
        }
      }
    },
  });
}

/** Whether the first record has a gzip member of its own, which others follow or none. */
async function isByMembers(shard: ShardRef, context: ReadContext): Promise<boolean> {
  const bytes = await context.open(shard);
  try {
    const head = await bytes.read(0, Math.min(HEAD_BYTES, bytes.byteLength));
    const content = firstMember(head) ?? NOTHING;
    const record = warcHead(content, 0);
    if (record === undefined || typeof record === "string") return false;
    return skipBlankLines(content, record.content_at + record.content_bytes) >= content.length;
  } finally {
    await bytes.close();
  }
}

class ExtentReader {
  readonly #context: ReadContext;
  readonly #extent: Extent;
  readonly #shard: ShardRef;
  readonly #reader: RecordReader;
  readonly #batches: BatchAssembler;
  #row = 0;

  constructor(context: ReadContext, extent: Extent, shard: ShardRef, reader: RecordReader, target: BatchTarget) {
    this.#context = context;
    this.#extent = extent;
    this.#shard = shard;
    this.#reader = reader;
    this.#batches = new BatchAssembler(context.source, reader.columns, target);
  }

  async *read(bytes: ByteSource, rows: RowRange): AsyncGenerator<Batch> {
    const { start, end, unit } = this.#extent;
    const records =
      unit === "bytes"
        ? this.#members(bytes, start, end)
        : warcRecords(decode(codecOf(this.#shard.key), bytes.stream(0), bytes.name), MAX_ROW_BYTES);
    let isFirst = start === 0;
    for await (const record of records) {
      if (rows.done) break;
      if (isFirst && record.head === NO_RECORD) throw this.#noArchive();
      isFirst = false;
      const cells = await this.#cellsOf(record, rows);
      if (cells === undefined) continue;
      if (this.#batches.overflows(sizeOfCells(cells))) yield* this.#batches.rest();
      this.#batches.addRow(this.#extent.shard, this.#row, cells, unit === "bytes" ? record.at : undefined);
      this.#row++;
      if (this.#batches.full) yield* this.#batches.rest();
    }
    yield* this.#batches.rest();
  }

  async *#members(bytes: ByteSource, start: number, end: number): AsyncGenerator<WarcRecord> {
    for await (const { at, content } of new GzipMembers(bytes, start, end, WARC_MAGIC).read()) {
      if (content === undefined) {
        yield { at, head: ROW_TOO_LARGE, content };
        continue;
      }
      const head = warcHead(content, 0) ?? "the record ends in its head";
      if (typeof head === "string") {
        yield { at, head, content: undefined };
        continue;
      }
      const last = head.content_at + head.content_bytes;
      const next = skipBlankLines(content, Math.min(last, content.length));
      if (next >= content.length) yield { at, head, content: content.subarray(head.content_at, last) };
      else if (WARC_MAGIC.every((byte, i) => content[next + i] === byte)) throw this.#severalRecords(at);
      else yield { at, head: "its member goes on behind its content", content: undefined };
    }
  }

  /** The cells of a record that is a row; a record that is a bad one is reported. */
  async #cellsOf({ at, head, content }: WarcRecord, rows: RowRange): Promise<readonly Cell[] | undefined> {
    if (typeof head !== "string" && !this.#reader.wants(head)) return undefined;
    const found = await this.#judge(head, content);
    if (found === undefined || !rows.take()) return undefined;
    if (!("kind" in found)) return found;
    this.#context.problem({ ...found, shard: this.#extent.shard, row: this.#row++, byte: at });
    return undefined;
  }

  async #judge(
    head: WarcHead | string,
    content: Uint8Array | undefined,
  ): Promise<readonly Cell[] | RowFault | undefined> {
    if (head === ROW_TOO_LARGE) return { kind: "row_too_large", message: ROW_TOO_LARGE };
    if (typeof head === "string") return { kind: "bad_warc", message: head };
    if (content === undefined) return { kind: "row_too_large", message: ROW_TOO_LARGE };
    if (content.length < head.content_bytes) {
      const has = `the record has ${content.length} of its ${head.content_bytes} bytes`;
      return { kind: "truncated_record", message: has };
    }
    return this.#reader.row(head, content);
  }

  #noArchive(): DataError {
    return new DataError({
      code: "data/no-warc",
      what: "the file does not begin with a WARC record",
      why: "records are told apart from the first one on",
      fix: "read it with the reader for what it is; files of the older ARC format are converted with warcio recompress",
      place: shardPlace(this.#context, this.#shard),
    });
  }

  #severalRecords(at: number): DataError {
    return new DataError({
      code: "data/joined-records",
      what: `the gzip member at byte ${at} holds several records, and the first of the file holds one`,
      why: "a file is read in parts where every record is a member of its own",
      fix: "set split: false, which reads the file in one piece; or write it again with warcio recompress",
      place: shardPlace(this.#context, this.#shard),
    });
  }
}
