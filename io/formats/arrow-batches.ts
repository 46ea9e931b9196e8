/**
 * Record batches of an Arrow IPC file or stream, one message at a time.
 *
 * Invariant: every length is checked against the file before anything is allocated for it; memory is one record batch,
 * plus the dictionaries so far. A file is read as the stream that lies inside it; only one without that stream's schema
 * is read whole. Price: one read per message, no copies.
 */
import {
  CompressionType,
  compressionRegistry,
  Message,
  MessageHeader,
  type RecordBatch,
  RecordBatchReader,
  type Schema,
} from "apache-arrow";
import { DataError, type Place, ShardmillError } from "../../batch/errors.ts";
import { unzstdBlock } from "../codecs/zstd.ts";
import type { ByteSource } from "../source.ts";

/** `ARROW1`, padded: what a file begins with; a stream begins with its first message. */
const FILE_MAGIC = "ARROW1";
const FILE_PREFIX_BYTES = 8;
const CONTINUATION = 0xffffffff;
const MAX_METADATA_BYTES = 256 * 1024 * 1024;
const MAX_BODY_BYTES = 2 ** 31 - 1;
/** A damaged frame must not make the decoder ask for all memory there is. */
const MAX_BUFFER_BYTES = 512 * 1024 * 1024;

export function arrowError(place: Place, where: string, problem: unknown): DataError {
  const message = problem instanceof Error ? problem.message : String(problem);
  const isLz4 = /codec.*lz4|lz4.*codec/i.test(message);
  return new DataError({
    code: "data/bad-arrow",
    what: `${where}: ${message}`,
    why: isLz4 ? "LZ4 bodies are not supported" : "the file is damaged, cut off or not Arrow IPC",
    fix: isLz4
      ? "write it again with compression zstd or none"
      : "compare its size and checksum with the original and fetch it again",
    place,
  });
}

export interface ArrowFile {
  readonly schema: Schema;
  /** In order, each whole in memory. Throws DataError where the file is not Arrow to its end. */
  readonly batches: AsyncIterable<RecordBatch>;
}

/** Reads the schema of `source`; record batches follow as they are asked for. The caller closes the source. */
export async function openArrow(source: ByteSource, place: Place): Promise<ArrowFile> {
  try {
    compressionRegistry.set(CompressionType.ZSTD, ZSTD);
    const reader = await openReader(source);
    return { schema: reader.schema, batches: recordBatches(reader, place) };
  } catch (error) {
    if (error instanceof ShardmillError) throw error;
    throw arrowError(place, "schema", error);
  }
}

async function openReader(source: ByteSource): Promise<RecordBatchReader> {
  if (await lacksSchemaMessage(source)) {
    if (source.byteLength > MAX_BODY_BYTES)
      throw new Error("a file without a leading schema message must be below 2 GiB");
    return RecordBatchReader.from(await aligned(source, 0, source.byteLength)).open();
  }
  const reader = await RecordBatchReader.from(messages(source));
  return reader.open();
}

/** Whether a file keeps its schema in the footer alone, as JavaScript's writer does: then it is read whole. */
async function lacksSchemaMessage(source: ByteSource): Promise<boolean> {
  const prefix = Buffer.from(await source.read(0, Math.min(16, source.byteLength)));
  if (prefix.length < 16 || prefix.toString("latin1", 0, 6) !== FILE_MAGIC) return false;
  const length = prefix.readUInt32LE(12);
  if (prefix.readUInt32LE(8) !== CONTINUATION || length === 0 || length > source.byteLength - 16) return false;
  return Message.decode(await aligned(source, 16, 16 + length)).headerType !== MessageHeader.Schema;
}

async function* recordBatches(reader: RecordBatchReader, place: Place): AsyncGenerator<RecordBatch> {
  for (let batch = 0; ; batch++) {
    let next: IteratorResult<RecordBatch>;
    try {
      next = await reader.next();
    } catch (error) {
      if (error instanceof ShardmillError) throw error;
      throw arrowError(place, `record batch ${batch}`, error);
    }
    if (next.done) return;
    yield next.value;
  }
}

const ZSTD = {
  // Arrow makes typed arrays over what it gets, which must be aligned.
  decode: (bytes: Uint8Array) => new Uint8Array(unzstdBlock(bytes, MAX_BUFFER_BYTES)),
};

/** The pieces of every message as they lie in the file: prefix, metadata, body. */
async function* messages(source: ByteSource): AsyncGenerator<Uint8Array> {
  const size = source.byteLength;
  const head = await source.read(0, Math.min(FILE_PREFIX_BYTES, size));
  const isFile = Buffer.from(head).toString("latin1", 0, 6) === FILE_MAGIC;
  let at = isFile ? FILE_PREFIX_BYTES : 0;
  if (size - at < 8) throw new Error("there is no schema");
  for (let isFirst = true; at < size; isFirst = false) {
    if (size - at < 8) throw new Error("the file ends inside a message");
    const prefix = await aligned(source, at, at + 8);
    const view = new DataView(prefix.buffer, prefix.byteOffset, 8);
    // Before format version 0.15 a message began with its length alone.
    const isOld = view.getUint32(0, true) !== CONTINUATION;
    const prefixBytes = isOld ? 4 : 8;
    const metadataBytes = view.getUint32(isOld ? 0 : 4, true);
    if (metadataBytes === 0) {
      if (isFirst) throw new Error("there is no schema");
      return;
    }
    at += prefixBytes;
    if (metadataBytes > size - at || metadataBytes > MAX_METADATA_BYTES) {
      throw new Error(`message of ${metadataBytes} bytes does not fit the file`);
    }
    const metadata = await aligned(source, at, at + metadataBytes);
    at += metadataBytes;
    const message = Message.decode(metadata);
    checkVectors(metadata, message.headerType);
    if (isFirst && message.headerType !== MessageHeader.Schema) throw new Error("the first message is not a schema");
    const bodyBytes = Number(message.bodyLength);
    if (!(bodyBytes >= 0 && bodyBytes <= size - at && bodyBytes <= MAX_BODY_BYTES)) {
      throw new Error(`body of ${bodyBytes} bytes does not fit the file`);
    }
    yield prefix.subarray(0, prefixBytes);
    yield metadata;
    if (bodyBytes > 0) yield await aligned(source, at, at + bodyBytes);
    at += bodyBytes;
  }
  // A stream may end without a mark, a file may not.
  if (isFile) throw new Error("the file ends without a footer");
}

/** Position of what field `slot` of the FlatBuffers table at `table` refers to, undefined where the field is absent. */
function flatField(view: DataView, table: number, slot: number): number | undefined {
  const vtable = table - view.getInt32(table, true);
  const entry = 4 + 2 * slot;
  const offset = entry < view.getUint16(vtable, true) ? view.getUint16(vtable + entry, true) : 0;
  return offset === 0 ? undefined : table + offset + view.getUint32(table + offset, true);
}

/** Damaged lengths of a record batch's lists would keep the decoder busy for minutes: they must fit their message. */
function checkVectors(metadata: Uint8Array, type: MessageHeader): void {
  if (type !== MessageHeader.RecordBatch && type !== MessageHeader.DictionaryBatch) return;
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const header = flatField(view, view.getUint32(0, true), 2);
  const batch = type === MessageHeader.DictionaryBatch && header !== undefined ? flatField(view, header, 1) : header;
  if (batch === undefined) throw new Error("message has no record batch");
  for (const [slot, itemBytes] of [
    [1, 16],
    [2, 16],
    [4, 8],
  ]) {
    const vector = flatField(view, batch, slot);
    if (vector === undefined) continue;
    const items = view.getUint32(vector, true);
    if (items * itemBytes > metadata.length - vector)
      throw new Error(`list of ${items} items does not fit its message`);
  }
}

/** Arrow lays typed arrays over what it is given. */
async function aligned(source: ByteSource, start: number, end: number): Promise<Uint8Array> {
  const bytes = await source.read(start, end);
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
}
