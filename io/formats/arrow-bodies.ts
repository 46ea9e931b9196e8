/**
 * Bodies of Arrow messages: where their buffers lie, and what they hold once decompressed.
 *
 * Invariant: a buffer lies inside its body, and a compressed one becomes exactly as many bytes as it says or an Error; memory is taken for no
 * more than its compressed bytes can hold. Price: the decompression and one copy.
 */
import { CompressionType, DataType, type Schema } from "apache-arrow";
import { BufferRegion, RecordBatch } from "apache-arrow/ipc/metadata/message";
import { decompressFrame, LZ4_MAX_RATIO } from "../../kernels/lz4/frame.ts";
import { unzstdBlock } from "../codecs/zstd.ts";

/** In front of every compressed buffer: its length when decompressed. */
const LENGTH_BYTES = 8;
/** Says that a buffer lies there as it is. */
const STORED = -1n;
/** A block of 128 KiB takes four bytes at least. */
const ZSTD_MAX_RATIO = 1 << 15;
const ALIGNMENT = 8;

type Decompress = (bytes: Uint8Array, content: Uint8Array) => void;

interface Codec {
  readonly maxRatio: number;
  readonly decompress: Decompress;
}

export interface Body {
  readonly header: RecordBatch;
  readonly bytes: Uint8Array;
}

/** `header` and `bytes` of a record batch without compression. Throws where they do not fit each other. */
export function plainBody(header: RecordBatch, bytes: Uint8Array): Body {
  for (const { offset, length } of header.buffers) {
    if (offset % ALIGNMENT !== 0) throw new Error(`a buffer at ${offset}, which is no multiple of ${ALIGNMENT}`);
    if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length)) {
      throw new Error(`a buffer at ${offset} of ${length} bytes leaves its body of ${bytes.length}`);
    }
  }
  if (!header.compression) return { header, bytes };
  const codec = codecOf(header.compression.type);
  const regions: BufferRegion[] = [];
  const lengths = header.buffers.map((region) => contentBytes(region, bytes, codec));
  let total = 0;
  for (const length of lengths) {
    regions.push(new BufferRegion(total, length));
    total += Math.ceil(length / ALIGNMENT) * ALIGNMENT;
  }
  if (total > MAX_BODY_BYTES) throw new Error(`a body of ${total} bytes`);
  const plain = new Uint8Array(total);
  for (const [i, region] of regions.entries()) {
    const stored = header.buffers[i];
    if (stored === undefined || region.length === 0) continue;
    const content = plain.subarray(region.offset, region.offset + region.length);
    const packed = bytes.subarray(stored.offset + LENGTH_BYTES, stored.offset + stored.length);
    if (isStored(bytes, stored)) content.set(packed);
    else codec.decompress(packed, content);
  }
  const batch = new RecordBatch(header.length, header.nodes, regions, null, header.variadicBufferCounts);
  return { header: batch, bytes: plain };
}

/** Nodes that a column of `type` has: its own and those of its parts. */
function nodesOf(type: DataType): number {
  if (DataType.isDictionary(type)) return 1;
  const parts: readonly { readonly type: DataType }[] = type.children ?? [];
  return parts.reduce((sum, part) => sum + nodesOf(part.type), 1);
}

/** Throws where the columns of a record batch are not as long as it is: a decoder would fill them up with nulls. */
export function checkNodes({ fields }: Schema, { length, nodes }: RecordBatch): void {
  let at = 0;
  for (const { name, type } of fields) {
    const rows = nodes[at]?.length;
    if (rows !== length) throw new Error(`column ${name} has ${rows ?? 0} of ${length} rows`);
    at += nodesOf(type);
  }
  if (at !== nodes.length) throw new Error(`a record batch has ${nodes.length} parts, its schema ${at}`);
}

export const MAX_BODY_BYTES: number = 2 ** 31 - 1;

function lengthField(bytes: Uint8Array, { offset }: BufferRegion): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset + offset, LENGTH_BYTES).getBigInt64(0, true);
}

function isStored(bytes: Uint8Array, region: BufferRegion): boolean {
  return lengthField(bytes, region) === STORED;
}

/** How long a buffer is when decompressed. */
function contentBytes(region: BufferRegion, bytes: Uint8Array, { maxRatio }: Codec): number {
  if (region.length === 0) return 0;
  const packed = region.length - LENGTH_BYTES;
  if (packed < 0) throw new Error(`a compressed buffer of ${region.length} bytes`);
  const said = lengthField(bytes, region);
  if (said === STORED) return packed;
  if (said < 0n || said > BigInt(packed) * BigInt(maxRatio) || said > BigInt(MAX_BODY_BYTES)) {
    throw new Error(`a compressed buffer of ${packed} bytes says it holds ${said}`);
  }
  return Number(said);
}

function codecOf(type: CompressionType): Codec {
  if (type === CompressionType.LZ4_FRAME) return { maxRatio: LZ4_MAX_RATIO, decompress: decompressFrame };
  if (type !== CompressionType.ZSTD) throw new Error(`bodies are compressed with codec ${type}, which is not known`);
  return {
    maxRatio: ZSTD_MAX_RATIO,
    decompress: (bytes, content) => {
      const found = unzstdBlock(bytes, content.length);
      if (found.length !== content.length) {
        throw new Error(`a zstd buffer holds ${found.length} bytes, not ${content.length}`);
      }
      content.set(found);
    },
  };
}
