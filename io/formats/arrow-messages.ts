/**
 * Messages of an Arrow IPC file or stream, as a stream without compression.
 *
 * A file is read as the stream that lies inside it; where it has its schema in the footer alone, as JavaScript's writer leaves it, the schema is put
 * in front. Invariant: every length is checked against the file before anything is allocated for it. Price: one read per message; bodies that are
 * not compressed are not copied.
 */
import { Message, MessageHeader } from "apache-arrow";
import { Footer } from "apache-arrow/ipc/metadata/file";
import { DictionaryBatch, RecordBatch } from "apache-arrow/ipc/metadata/message";
import type { ByteSource } from "../source.ts";
import { MAX_BODY_BYTES, plainBody } from "./arrow-bodies.ts";
import { checkFooter, checkMessage } from "./arrow-flatbuffers.ts";

/** `ARROW1`, padded: what a file begins with; a stream begins with its first message. */
const FILE_MAGIC = "ARROW1";
const FILE_PREFIX_BYTES = 8;
/** The length of the footer and the magic. */
const FILE_TRAILER_BYTES = 10;
const CONTINUATION = 0xffffffff;
const MAX_METADATA_BYTES = 256 * 1024 * 1024;

/** The pieces of every message: prefix, metadata, body. */
export async function* arrowMessages(source: ByteSource): AsyncGenerator<Uint8Array> {
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
    const metadataBytes = view.getUint32(isOld ? 0 : 4, true);
    if (metadataBytes === 0) {
      if (isFirst && isFile) yield* framed(await footerSchema(source));
      else if (isFirst) throw new Error("there is no schema");
      return;
    }
    at += isOld ? 4 : 8;
    if (metadataBytes > size - at || metadataBytes > MAX_METADATA_BYTES) {
      throw new Error(`message of ${metadataBytes} bytes does not fit the file`);
    }
    const metadata = await aligned(source, at, at + metadataBytes);
    at += metadataBytes;
    checkMessage(metadata);
    const message = Message.decode(metadata);
    if (isFirst && message.headerType !== MessageHeader.Schema) {
      if (!isFile) throw new Error("the first message is not a schema");
      yield* framed(await footerSchema(source));
    }
    const bodyBytes = message.bodyLength;
    if (!(bodyBytes >= 0 && bodyBytes <= size - at && bodyBytes <= MAX_BODY_BYTES)) {
      throw new Error(`body of ${bodyBytes} bytes does not fit the file`);
    }
    const body = bodyBytes > 0 ? await aligned(source, at, at + bodyBytes) : new Uint8Array(0);
    at += bodyBytes;
    yield* plainMessage(message, metadata, body);
  }
  // A stream may end without a mark, a file may not.
  if (isFile) throw new Error("the file ends without a footer");
}

async function* plainMessage(message: Message, metadata: Uint8Array, body: Uint8Array): AsyncGenerator<Uint8Array> {
  const header: unknown = message.header();
  const batch = header instanceof DictionaryBatch ? header.data : header;
  if (!(batch instanceof RecordBatch)) {
    yield* framed(metadata);
    return;
  }
  const plain = await plainBody(batch, body);
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

/** The schema in a file's footer, as a message. */
async function footerSchema(source: ByteSource): Promise<Uint8Array> {
  const size = source.byteLength;
  if (size < FILE_PREFIX_BYTES + FILE_TRAILER_BYTES) throw new Error("there is no footer");
  const trailer = Buffer.from(await source.read(size - FILE_TRAILER_BYTES, size));
  const end = size - FILE_TRAILER_BYTES;
  const length = trailer.readUInt32LE(0);
  if (trailer.toString("latin1", 4) !== FILE_MAGIC) throw new Error("the file ends without a footer");
  if (length === 0 || length > end - FILE_PREFIX_BYTES || length > MAX_METADATA_BYTES) {
    throw new Error(`footer of ${length} bytes does not fit the file`);
  }
  const footer = await aligned(source, end - length, end);
  checkFooter(footer);
  return Message.encode(Message.from(Footer.decode(footer).schema));
}

/** Arrow lays typed arrays over what it is given. */
async function aligned(source: ByteSource, start: number, end: number): Promise<Uint8Array> {
  const bytes = await source.read(start, end);
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
}
