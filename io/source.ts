/**
 * Where bytes come from: one interface for disk, HTTP, the Hub and whatever comes later.
 *
 * A shard is described by a {@link ShardRef}, which is plain data and goes into the plan; opening it gives a {@link ByteSource}.
 * Invariant: `identity` depends on content (a sha256, a commit and blob id, a strong ETag), never on where the bytes lie.
 */

/** One input file, as plain data. */
export interface ShardRef {
  /** Name relative to the root of its source's pattern, `/`-separated: part of row addresses and fingerprints. */
  readonly key: string;
  /** How to open it: a path, from the data root or absolute, or a URL without credentials. Never part of a fingerprint. */
  readonly location: string;
  readonly size_bytes: number;
  /** Content identity such as `sha256:…`, `etag:…`. */
  readonly identity: string;
  /** Of a local file when its identity was learned. Never part of a fingerprint. */
  readonly stamp?: FileStamp;
}

/** What a file system says of a file: while it is the same, so is the content. Decimal where numbers are too small. */
export interface FileStamp {
  readonly size_bytes: number;
  readonly mtime_ns: string;
  /** Moves with every change, also where somebody set the modification time back. */
  readonly ctime_ns: string;
  readonly inode: string;
}

/** Random access to bytes that do not change while they are read. */
export interface ByteSource {
  /** For messages: no secrets, no signed URLs. */
  readonly name: string;
  readonly byteLength: number;
  readonly identity: string;
  /** Bytes `[start, end)`; always exactly `end - start` of them, else a DataError or RunError. */
  read(start: number, end: number): Promise<Uint8Array>;
  /** Fills `out` with the bytes from `start`, at once: only where bytes are at hand. Errors as `read`. */
  readInto?(out: Uint8Array, start: number): void;
  /** The whole content from `start`, in order, in pieces of at most a few MiB. */
  stream(start?: number): AsyncIterable<Uint8Array>;
  /** Throws DataError `data/changed` where the bytes changed while they were read: nothing made of them may be kept. */
  close(): Promise<void>;
}
