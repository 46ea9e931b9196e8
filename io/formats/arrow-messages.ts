/**
 * Messages of an Arrow IPC file or stream, as a stream without compression.
 *
 * A file is read as the stream that lies inside it; where it has its schema in the footer alone, as JavaScript's writer leaves it, the schema is put
 * in front. Invariant: every length is checked against the file before anything is allocated for it. Price: one read per message; bodies that are
 * not compressed are not copied.
 */
import { Message, Schema } from "apache-arrow";
import { Footer } from "apache-arrow/ipc/metadata/file";
import { DictionaryBatch, RecordBatch } from "apache-arrow/ipc/metadata/message";
import type { ByteSource } from "../source.ts";
import { checkNodes, MAX_BODY_BYTES, plainBody } from "./arrow-bodies.ts";
import { checkFooter, checkMessage } from "./arrow-flatbuffers.ts";

/** `ARROW1`, padded: what a file begins with; a stream begins with its first message. */
const FILE_MAGIC = "ARROW1";
const FILE_PREFIX_BYTES = 8;
/** The length of the footer and the magic. */
const FILE_TRAILER_BYTES = 10;
/** Continuation and length. */
const PREFIX_BYTES = 8;
/** Of what follows a stream, so much is looked at. */
const TRAILING_BYTES = 1024 * 1024;
const CONTINUATION = 0xffffffff;
const MAX_METADATA_BYTES = 256 * 1024 * 1024;

/** The pieces of every message: prefix, metadata, body. */
export async function* arrowMessages(source: ByteSource): AsyncGenerator<Uint8Array> {
  const size = source.byteLength;
  const head = await source.read(0, Math.min(FILE_PREFIX_BYTES, size));
  const isFile = Buffer.from(head).toString("latin1", 0, 6) === FILE_MAGIC;
  const tail = isFile ? await readFooter(source) : undefined;
  const end = tail?.start ?? size;
  let at = isFile ? FILE_PREFIX_BYTES : 0;
  let batches = 0;
  let schema = tail?.schema;
  for (let isFirst = true; at < end; isFirst = false) {
    if (end - at < PREFIX_BYTES) throw new Error("the file ends inside a message");
    const prefix = await aligned(source, at, at + PREFIX_BYTES);
    const view = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES);
    // Before format version 0.15 a message began with its length alone.
    const isOld = view.getUint32(0, true) !== CONTINUATION;
    const metadataBytes = view.getUint32(isOld ? 0 : 4, true);
    at += isOld ? 4 : PREFIX_BYTES;
    if (metadataBytes === 0) {
      if (isFirst && tail === undefined) throw new Error("there is no schema");
      if (isFirst && tail !== undefined) yield* framed(schemaMessage(tail.schema));
      if (tail === undefined) await requireZeros(source, at);
      break;
    }
    if (metadataBytes > end - at || metadataBytes > MAX_METADATA_BYTES) {
      throw new Error(`message of ${metadataBytes} bytes does not fit the file`);
    }
    const metadata = await aligned(source, at, at + metadataBytes);
    at += metadataBytes;
    checkMessage(metadata);
    const message = Message.decode(metadata);
    if (message.isSchema()) schema ??= message.header() as Schema;
    if (isFirst) {
      if (tail === undefined && !message.isSchema()) throw new Error("the first message is not a schema");
      if (tail !== undefined && !message.isSchema()) yield* framed(schemaMessage(tail.schema));
      if (tail !== undefined && message.isSchema() && !isAlike(message.header(), tail.schema)) {
        throw new Error("its footer has another schema than its first message");
      }
    }
    if (message.isRecordBatch()) batches++;
    const bodyBytes = message.bodyLength;
    if (!(bodyBytes >= 0 && bodyBytes <= end - at && bodyBytes <= MAX_BODY_BYTES)) {
      throw new Error(`body of ${bodyBytes} bytes does not fit the file`);
    }
    const body = bodyBytes > 0 ? await aligned(source, at, at + bodyBytes) : new Uint8Array(0);
    at += bodyBytes;
    yield* plainMessage(message, metadata, body, schema);
  }
  if (tail !== undefined && tail.batches !== batches) {
    throw new Error(`the file has ${batches} record batches, its footer names ${tail.batches}`);
  }
  if (at === 0) throw new Error("there is no schema");
}

/** Behind the end of a stream nothing is read, so nothing may be there. */
async function requireZeros(source: ByteSource, start: number): Promise<void> {
  const end = Math.min(source.byteLength, start + TRAILING_BYTES);
  const rest = start < end ? await source.read(start, end) : new Uint8Array(0);
  if (rest.some((byte) => byte !== 0)) throw new Error(`something follows the end of the stream at byte ${start}`);
}

function isAlike(schema: unknown, other: Schema): boolean {
  return schema instanceof Schema && String(schema) === String(other);
}

async function* plainMessage(
  message: Message,
  metadata: Uint8Array,
  body: Uint8Array,
  schema: Schema | undefined,
): AsyncGenerator<Uint8Array> {
  const header: unknown = message.header();
  const batch = header instanceof DictionaryBatch ? header.data : header;
  if (!(batch instanceof RecordBatch)) {
    yield* framed(metadata);
    return;
  }
  if (schema !== undefined && batch === header) checkNodes(schema, batch);
  const plain = plainBody(batch, body);
  if (plain.header === batch) yield* framed(metadata);
  else {
    const renewed =
      header instanceof DictionaryBatch ? new DictionaryBatch(plain.header, header.id, header.isDelta) : plain.header;
    yield* framed(Message.encode(Message.from(renewed, plain.bytes.length)));
  }
  if (plain.bytes.length > 0) yield plain.bytes;
}

function* framed(metadata: Uint8Array): Generator<Uint8Array> {
  const prefix = new Uint8Array(8);
  const view = new DataView(prefix.buffer);
  view.setUint32(0, CONTINUATION, true);
  view.setUint32(4, metadata.length, true);
  yield prefix;
  yield metadata;
}

function schemaMessage(schema: Schema): Uint8Array {
  return Message.encode(Message.from(schema));
}

interface FileFooter {
  /** Where it begins. */
  readonly start: number;
  readonly schema: Schema;
  readonly batches: number;
}

async function readFooter(source: ByteSource): Promise<FileFooter> {
  const end = source.byteLength - FILE_TRAILER_BYTES;
  if (end < FILE_PREFIX_BYTES) throw new Error("the file ends without a footer");
  const trailer = Buffer.from(await source.read(end, source.byteLength));
  const length = trailer.readUInt32LE(0);
  if (trailer.toString("latin1", 4) !== FILE_MAGIC) throw new Error("the file ends without a footer");
  if (length === 0 || length > end - FILE_PREFIX_BYTES || length > MAX_METADATA_BYTES) {
    throw new Error(`footer of ${length} bytes does not fit the file`);
  }
  const bytes = await aligned(source, end - length, end);
  checkFooter(bytes);
  const { schema, numRecordBatches } = Footer.decode(bytes);
  return { start: end - length, schema, batches: numRecordBatches };
}

/** Arrow lays typed arrays over what it is given. */
async function aligned(source: ByteSource, start: number, end: number): Promise<Uint8Array> {
  const bytes = await source.read(start, end);
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
}
