/**
 * What is worked out of a file's bytes on their way out, by kind of file.
 *
 * Final files leave the store and have a sha256 that others can check; intermediate ones are only read by other tasks. Both have the
 * checksum of block-sums.ts, and those that are read in parts end with the sums themselves.
 */
import { createHash } from "node:crypto";
import { BlockSums, checksumOfSums } from "./block-sums.ts";
import type { VouchedFile } from "./vouched.ts";

/** A file that exists under its final name and may leave the store. */
export interface CommittedFile extends VouchedFile {
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

export interface Digest<File extends VouchedFile> {
  update(bytes: Uint8Array): void;
  /** All is there: what is to be written behind it, and the file's entry in a marker when its size is known. */
  finish(): { readonly trailer?: Uint8Array; readonly entry: (name: string, size_bytes: number) => File };
}

export class FinalDigest implements Digest<CommittedFile> {
  readonly #hash = createHash("sha256");
  readonly #sums = new BlockSums();

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#sums.update(bytes);
  }

  finish(): ReturnType<Digest<CommittedFile>["finish"]> {
    const sha256 = this.#hash.digest("hex");
    const checksum = checksumOfSums(this.#sums.finish());
    return { entry: (name, size_bytes) => ({ name, size_bytes, checksum, sha256 }) };
  }
}

export class IntermediateDigest implements Digest<VouchedFile> {
  readonly #inParts: boolean;
  readonly #sums = new BlockSums();

  constructor(inParts: boolean) {
    this.#inParts = inParts;
  }

  update(bytes: Uint8Array): void {
    this.#sums.update(bytes);
  }

  finish(): ReturnType<Digest<VouchedFile>["finish"]> {
    const trailer = this.#sums.finish();
    const checksum = checksumOfSums(trailer);
    if (!this.#inParts) return { entry: (name, size_bytes) => ({ name, size_bytes, checksum }) };
    return { trailer, entry: (name, size_bytes) => ({ name, size_bytes, checksum, block_sums: true }) };
  }
}
