/**
 * The index of a Megatron `.bin`: header, i32 sequence lengths, i64 byte offsets, i64 document starts. Byte for byte as
 * `IndexedDatasetBuilder` with one sequence per document; also read by NeMo and gpt-neox.
 *
 * The three arrays follow each other over all documents, so an index is written in three passes, part by part. Invariant: lengths below
 * 2^31. Price: 20 bytes a document on disk, one part in memory.
 */

/** Bytes before the lengths. The arrays after it are not aligned to their entries. */
const HEADER_BYTES = 34;

/** Codes of NumPy types in the header: ids of two bytes are uint16, of four bytes int32. */
const DTYPE_CODES = { 2: 8, 4: 4 } as const;

export function megatronHeader(tokenBytes: 2 | 4, documents: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("MMIDIDX\0\0"));
  view.setUint32(9, 1, true);
  bytes[17] = DTYPE_CODES[tokenBytes];
  setCount(view, 18, documents);
  setCount(view, 26, documents + 1);
  return bytes;
}

function setCount(view: DataView, at: number, count: number): void {
  view.setUint32(at, count >>> 0, true);
  view.setUint32(at + 4, Math.floor(count / 0x1_0000_0000), true);
}

/** i32 lengths of documents with these exclusive ends; the first starts at 0. Throws a RangeError for one of 2^31 tokens. */
export function megatronLengths(ends: Float64Array): Int32Array {
  const lengths = new Int32Array(ends.length);
  let start = 0;
  for (let i = 0; i < ends.length; i++) {
    const length = ends[i] - start;
    if (length > 0x7fff_ffff) throw new RangeError(`a document of ${length} tokens`);
    lengths[i] = length;
    start = ends[i];
  }
  return lengths;
}

/** Byte offsets of documents with these exclusive ends, where the first starts at token `base` of the `.bin`. */
export function megatronOffsets(ends: Float64Array, base: number, tokenBytes: 2 | 4): Float64Array {
  const offsets = new Float64Array(ends.length);
  let start = 0;
  for (let i = 0; i < ends.length; i++) {
    offsets[i] = (base + start) * tokenBytes;
    start = ends[i];
  }
  return offsets;
}

/** Sequence numbers `[from, to)`: with one sequence per document, where documents start. */
export function megatronDocuments(from: number, to: number): Float64Array {
  return Float64Array.from({ length: to - from }, (_, i) => from + i);
}
