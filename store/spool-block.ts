/**
 * What a block of a spool consists of: buffers in a fixed order, each cut into chunks that are LZ4 blocks where that is
 * shorter.
 *
 * Layout of a block: a byte that says whether positions differ from rows, a byte for each column that says whether it
 * has nulls; then documents and rows (int32, differences), shards (int32), positions (float64, where they differ from
 * rows); then for each column its validity (where it has nulls) and its values, or for text the lengths (int32) and the
 * bytes. A buffer's own length follows from rows and kinds. A chunk is a u32, its stored bytes with {@link RAW} set
 * where they are the content itself, and those bytes.
 *
 * Invariant: bytes that were not written by {@link ChunkWriter} are refused, never followed out of bounds.
 */
import { uint32At } from "../batch/numbers.ts";
import { wasmModule } from "../io/wasm.ts";
import { PlainRowHasher, type RowHasher } from "../kernels/hash/xxh64-rows.ts";
import { type Lz4, lz4Bound, MAX_LZ4_CONTENT_BYTES, PlainLz4 } from "../kernels/lz4/block.ts";
import { WasmLz4 } from "../kernels/wasm/lz4.ts";
import { WasmRowHasher } from "../kernels/wasm/xxh64.ts";

/** Flag of a chunk that is not compressed. */
const RAW = 0x8000_0000;
const SEEDS = [{ high: 0, low: 0 }];

/** What packs and checks: one a thread, because it holds nothing between two calls. */
export interface SpoolEngine {
  readonly lz4: Lz4;
  readonly hasher: RowHasher;
}

let shared: SpoolEngine | undefined;

/** The fastest engine there is. */
export function spoolEngine(): SpoolEngine {
  if (shared === undefined) {
    const [lz4, hash] = [wasmModule("lz4"), wasmModule("hash")];
    shared =
      lz4 === undefined || hash === undefined
        ? plainSpoolEngine()
        : { lz4: new WasmLz4(lz4), hasher: new WasmRowHasher(hash, SEEDS) };
  }
  return shared;
}

/** The engine without WebAssembly: the same bytes, slower. */
export function plainSpoolEngine(): SpoolEngine {
  return { lz4: new PlainLz4(), hasher: new PlainRowHasher(SEEDS) };
}

/** XXH64 of `bytes`. */
export function hashOf({ hasher }: SpoolEngine, bytes: Uint8Array): readonly [high: number, low: number] {
  const hash = new Uint32Array(2);
  hasher.hash(bytes, 0, bytes.length, hash);
  return [uint32At(hash, 0), uint32At(hash, 1)];
}

/** Collects the bytes of one block after another, in memory that it keeps. */
export class ChunkWriter {
  readonly #lz4: Lz4;
  #out = new Uint8Array(1 << 16);
  #length = 0;

  constructor(lz4: Lz4) {
    this.#lz4 = lz4;
  }

  /** The block so far: a view, valid until the next call. */
  get bytes(): Uint8Array {
    return this.#out.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  flag(set: boolean): void {
    this.#reserve(1);
    this.#out[this.#length++] = set ? 1 : 0;
  }

  buffer(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += MAX_LZ4_CONTENT_BYTES) {
      this.#chunk(bytes.subarray(at, at + MAX_LZ4_CONTENT_BYTES));
    }
  }

  #chunk(content: Uint8Array): void {
    this.#reserve(4 + lz4Bound(content.length));
    const start = this.#length + 4;
    let head = this.#lz4.compress(content, this.#out, start);
    this.#length = start + head;
    if (head >= content.length) {
      this.#out.set(content, start);
      this.#length = start + content.length;
      head = content.length + RAW;
    }
    this.#out.set([head, head >>> 8, head >>> 16, head >>> 24], start - 4);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#out.length) return;
    const grown = new Uint8Array(Math.max(this.#length + bytes, 2 * this.#out.length));
    grown.set(this.#out.subarray(0, this.#length));
    this.#out = grown;
  }
}

/** Takes a block apart again. `fail` is called with what is wrong. */
export class ChunkReader {
  readonly #lz4: Lz4;
  readonly #bytes: Uint8Array;
  readonly #fail: (how: string) => never;
  #at = 0;

  constructor(lz4: Lz4, bytes: Uint8Array, fail: (how: string) => never) {
    this.#lz4 = lz4;
    this.#bytes = bytes;
    this.#fail = fail;
  }

  flag(): boolean {
    if (this.#at === this.#bytes.length) this.#fail("ends within its flags");
    return this.#bytes[this.#at++] === 1;
  }

  /** Fills `into`, the whole of the next buffer. */
  buffer(into: Uint8Array): void {
    for (let at = 0; at < into.length; at += MAX_LZ4_CONTENT_BYTES) {
      this.#chunk(into.subarray(at, at + MAX_LZ4_CONTENT_BYTES));
    }
  }

  end(): void {
    if (this.#at !== this.#bytes.length) this.#fail("has bytes behind its last column");
  }

  #chunk(into: Uint8Array): void {
    const bytes = this.#bytes;
    const start = this.#at + 4;
    if (start > bytes.length) this.#fail("ends within a chunk");
    const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(this.#at, true);
    const stored = head >= RAW ? head - RAW : head;
    if (stored > bytes.length - start) this.#fail("ends within a chunk");
    const content = bytes.subarray(start, start + stored);
    if (head < RAW) {
      if (!this.#lz4.decompress(content, into)) this.#fail("has a chunk that cannot be decompressed");
    } else {
      if (stored !== into.length) this.#fail("has a chunk of another length");
      into.set(content);
    }
    this.#at = start + stored;
  }
}
