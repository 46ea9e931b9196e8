/**
 * Reading a planned file from disk.
 *
 * Invariant: what is read is what was planned, from the first byte to the last, or an error says so. A file whose stamp is not the planned
 * one is hashed again when it is opened: a copy or a touched file goes on, other content does not. When it is closed its stamp, under its
 * name too, must be that of its opening. Reads are synchronous inside the async interface: a `pread` from the page cache is cheaper than a
 * trip through the thread pool (3 GB/s, pieces of 1 MiB). Price: a few `stat`s a file.
 */
import fs from "node:fs";
import { DataError } from "../../batch/errors.ts";
import { HEAP } from "../../batch/memory.ts";
import type { ByteSource, FileStamp, ShardRef } from "../source.ts";
import { isSameStamp, stampOf } from "./file-stamp.ts";
import { identifyFile } from "./identity.ts";
import { reading } from "./reading.ts";

const PIECE = 1 << 20;

/**
 * Opens a planned file. `cacheFile` remembers what has to be hashed again, as it does for plans.
 * Throws DataError `data/unreadable`, `data/changed`.
 */
export async function openLocal(ref: ShardRef, cacheFile?: string): Promise<ByteSource> {
  const source = new LocalFileSource(ref, false);
  const { stamp } = source;
  try {
    if (ref.stamp !== undefined && !isSameStamp(stamp, ref.stamp)) await checkContent(ref, stamp, cacheFile);
    return source;
  } catch (error) {
    source.abandon();
    throw error;
  }
}

/** Opens a file of a cache that names files by content: another process may put the same content in its place while it is read. */
export function openCached(ref: ShardRef): ByteSource {
  return new LocalFileSource(ref, true);
}

/** Files of this thread that have other stamps than planned and the planned content, by path. */
const sameContent = new Map<string, FileStamp>();

async function checkContent(ref: ShardRef, stamp: FileStamp, cacheFile: string | undefined): Promise<void> {
  if (isSameStamp(sameContent.get(`${ref.identity} ${ref.location}`), stamp)) return;
  const found = await identifyFile(ref.location, cacheFile);
  if (found.identity !== ref.identity) throw changed(ref, "its content is another");
  if (!isSameStamp(found.stamp, stamp)) throw changed(ref, "it was replaced while it was opened");
  sameContent.set(`${ref.identity} ${ref.location}`, stamp);
}

class LocalFileSource implements ByteSource {
  readonly name: string;
  readonly byteLength: number;
  readonly identity: string;
  /** Of its opening. */
  readonly stamp: FileStamp;
  readonly #ref: ShardRef;
  readonly #isCached: boolean;
  #descriptor: number;

  constructor(ref: ShardRef, isCached: boolean) {
    this.name = ref.location;
    this.byteLength = ref.size_bytes;
    this.identity = ref.identity;
    this.#ref = ref;
    this.#isCached = isCached;
    this.#descriptor = reading(ref.location, () => fs.openSync(ref.location, "r"));
    this.stamp = stampOf(fs.fstatSync(this.#descriptor, { bigint: true }));
    if (this.stamp.size_bytes === ref.size_bytes) return;
    this.abandon();
    throw changed(ref, `it has ${this.stamp.size_bytes} bytes`);
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    if (start < 0 || end > this.byteLength || start > end) throw new RangeError(`${this.name}: read ${start}..${end}`);
    const out = HEAP.allocate(end - start);
    this.readInto(out, start);
    return out;
  }

  readInto(out: Uint8Array, start: number): void {
    const { location } = this.#ref;
    for (let at = 0; at < out.length; ) {
      const count = reading(location, () => fs.readSync(this.#descriptor, out, at, out.length - at, start + at));
      if (count === 0) throw changed(this.#ref, `it ends at byte ${start + at}`);
      at += count;
    }
  }

  async *stream(start = 0): AsyncGenerator<Uint8Array> {
    for (let at = start; at < this.byteLength; at += PIECE) {
      yield await this.read(at, Math.min(this.byteLength, at + PIECE));
    }
  }

  async close(): Promise<void> {
    if (this.#descriptor < 0) return;
    const read = stampOf(fs.fstatSync(this.#descriptor, { bigint: true }));
    this.abandon();
    const isSame = this.#isCached
      ? read.size_bytes === this.stamp.size_bytes && read.mtime_ns === this.stamp.mtime_ns
      : isSameStamp(read, this.stamp) && isSameStamp(stampAt(this.#ref.location), this.stamp);
    if (!isSame) throw changed(this.#ref, "it was changed or replaced while it was read");
  }

  /** Closes without a look at what was read. */
  abandon(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    fs.closeSync(descriptor);
  }
}

function stampAt(path: string): FileStamp | undefined {
  const stat = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && stampOf(stat);
}

function changed(ref: ShardRef, detail: string): DataError {
  return new DataError({
    code: "data/changed",
    what: `${ref.location} is not the file that was planned (${ref.size_bytes} bytes): ${detail}`,
    why: "a run over changing input could not be repeated or resumed; nothing that was read of it is kept",
    fix: "plan the run again when the file is complete",
  });
}
