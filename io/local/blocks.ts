/**
 * Parts of a file that ends with the sums of its blocks, checked as they are read.
 *
 * Layout: content, then one XXH64 (u64 little-endian) for every {@link BLOCK_BYTES} of it. Whole blocks go straight to where they are
 * wanted, so a part costs the blocks at its two ends and no more. Memory: the sums, half a thousandth of the content.
 */
import fs from "node:fs";
import { BLOCK_BYTES, checksumOfSums, findDamage, SUM_BYTES } from "./block-sums.ts";
import { damagedFile, fillVouched, openVouched, type Vouched, withVouched } from "./vouched.ts";

/** A block of which only a part is wanted. Reads never overlap: they are synchronous. */
const edge = new Uint8Array(BLOCK_BYTES);

/** What is known of a file's blocks. Keeps no file open. */
export class Blocks {
  readonly vouched: Vouched;
  /** Bytes before the sums. */
  readonly content_bytes: number;
  readonly #sums: Uint32Array;

  /** Reads and checks the sums. Throws RunError `store/damaged`; so does everything here. */
  constructor(vouched: Vouched) {
    const { size_bytes } = vouched.file;
    const blocks = Math.ceil(size_bytes / (BLOCK_BYTES + SUM_BYTES));
    this.vouched = vouched;
    this.content_bytes = size_bytes - blocks * SUM_BYTES;
    const sums = new Uint8Array(blocks * SUM_BYTES);
    withVouched(vouched, (descriptor) => fillVouched(vouched, descriptor, sums, this.content_bytes));
    if (checksumOfSums(sums) !== vouched.file.checksum) throw damagedFile(vouched, "has damaged sums at its end");
    this.#sums = new Uint32Array(sums.buffer);
  }

  /** A descriptor for {@link fill}; the caller closes it. */
  open(): number {
    return openVouched(this.vouched);
  }

  /** Fills `out` with the content from `start`. */
  fill(descriptor: number, out: Uint8Array, start: number): void {
    const end = start + out.length;
    if (end > this.content_bytes) throw damagedFile(this.vouched, `has no byte ${end}: it has ${this.content_bytes}`);
    for (let at = start; at < end; ) {
      const block = Math.floor(at / BLOCK_BYTES);
      const blockStart = block * BLOCK_BYTES;
      const blockEnd = Math.min(this.content_bytes, blockStart + BLOCK_BYTES);
      if (at === blockStart && blockEnd <= end) {
        at = this.#fillWhole(descriptor, out, start, at, end);
        continue;
      }
      const bytes = edge.subarray(0, blockEnd - blockStart);
      fillVouched(this.vouched, descriptor, bytes, blockStart);
      this.#check(bytes, block);
      const to = Math.min(end, blockEnd);
      out.set(bytes.subarray(at - blockStart, to - blockStart), at - start);
      at = to;
    }
  }

  /** `length` bytes of content from `start`. */
  read(start = 0, length = this.content_bytes - start): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(length);
    const descriptor = this.open();
    try {
      this.fill(descriptor, out, start);
    } finally {
      fs.closeSync(descriptor);
    }
    return out;
  }

  /** Reads the whole blocks from `at` on in one go; returns where they end. */
  #fillWhole(descriptor: number, out: Uint8Array, start: number, at: number, end: number): number {
    const to = end === this.content_bytes ? end : end - (end % BLOCK_BYTES);
    const bytes = out.subarray(at - start, to - start);
    fillVouched(this.vouched, descriptor, bytes, at);
    this.#check(bytes, at / BLOCK_BYTES);
    return to;
  }

  /** Looks at whole blocks from `first` on. */
  #check(bytes: Uint8Array, first: number): void {
    const damaged = findDamage(bytes, this.#sums, first);
    if (damaged < 0) return;
    const from = (first + damaged) * BLOCK_BYTES;
    const to = Math.min(this.content_bytes, from + BLOCK_BYTES);
    throw damagedFile(this.vouched, `is damaged between byte ${from} and ${to}`);
  }
}
