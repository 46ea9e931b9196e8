/**
 * The members of a gzip file, one by one, from any place in it: files whose records have a member each can be read in parts.
 *
 * Invariants: a member's checksum and length are checked before its content is handed out. Where a part begins in the middle of a member, the first
 * one behind is the first that begins like a record; who reads the part before looks at the same bytes and refuses a file in which that is another
 * one, so no cut of a file changes what is read. Price: 120 MB/s of content, most of it zlib; a window of some MiB that grows to the size of a
 * member.
 */
import { inflateRawSync } from "node:zlib";
import { MAX_ROW_BYTES } from "../../batch/batch.ts";
import { DataError } from "../../batch/errors.ts";
import { GZIP_MAGIC, GZIP_TRAILER_BYTES, gzipStream } from "../../kernels/gzip-header.ts";
import { crc32 } from "../../kernels/hash/crc32.ts";
import { chunksFrom } from "../formats/byte-lines.ts";
import type { ByteSource } from "../source.ts";
import { MemberSkipper } from "./member-skipper.ts";

/** A member and what it holds. */
export interface GzipMember {
  /** Where it begins in the file. */
  readonly at: number;
  /** The content; undefined where it is larger than a row may be. Good until the next member is asked for. */
  readonly content: Uint8Array | undefined;
}

/** The largest content that is inflated: a record is a row and its headers. */
const MAX_CONTENT_BYTES = MAX_ROW_BYTES + (1 << 20);
/** Bytes of a member that are looked at to see how its content begins. */
const PROBE_BYTES = 2048;
const OUTPUT_BYTES = 1 << 16;

/** Node gives the engine back when asked with `info`, which its types do not know. */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/** Whether the member at `at` has content that begins with `prefix`. Undefined where `bytes` end too early to tell. */
function beginsWith(bytes: Uint8Array, at: number, prefix: Uint8Array): boolean | undefined {
  const stream = gzipStream(bytes, at);
  if (stream === "none") return false;
  if (stream === "cut") return undefined;
  const probe = bytes.subarray(stream, stream + PROBE_BYTES);
  try {
    // What there is of a stream that goes on behind the probe.
    const content = inflateRawSync(probe, { finishFlush: 2 });
    if (content.length >= prefix.length) return prefix.every((byte, i) => content[i] === byte);
    return probe.length < PROBE_BYTES ? undefined : false;
  } catch {
    return false;
  }
}

/** Where, from `from` on, the first member begins whose content begins with `prefix`; -1 where none does. `known` ends what can be told for sure. */
function findMember(bytes: Buffer, from: number, prefix: Uint8Array): { readonly at: number; readonly known: number } {
  for (let at = bytes.indexOf(GZIP_MAGIC, from); at >= 0; at = bytes.indexOf(GZIP_MAGIC, at + 1)) {
    const found = beginsWith(bytes, at, prefix);
    if (found === undefined) return { at: -1, known: at };
    if (found) return { at, known: at };
  }
  return { at: -1, known: Math.max(from, bytes.length - GZIP_MAGIC.length + 1) };
}

/** The content of the first member of a file that begins with `head`; undefined where it does not end within it, or is none. */
export function firstMember(head: Uint8Array): Uint8Array | undefined {
  const stream = gzipStream(head, 0);
  if (typeof stream !== "number") return undefined;
  try {
    return inflate(head.subarray(stream)).buffer;
  } catch {
    return undefined;
  }
}

function inflate(bytes: Uint8Array): Inflated {
  const options = { info: true, maxOutputLength: MAX_CONTENT_BYTES, chunkSize: OUTPUT_BYTES };
  return inflateRawSync(bytes, options) as unknown as Inflated;
}

/** The members that begin in `[start, end)` of a file whose members all begin with `prefix`. */
export class GzipMembers {
  readonly #source: ByteSource;
  readonly #prefix: Uint8Array;
  readonly #end: number;
  readonly #pieces: AsyncGenerator<Uint8Array>;
  #window = Buffer.alloc(0);
  /** Offset in the file of the window's first byte. */
  #base: number;
  #isOver = false;

  constructor(source: ByteSource, start: number, end: number, prefix: Uint8Array) {
    this.#source = source;
    this.#prefix = prefix;
    this.#base = start;
    this.#end = end;
    this.#pieces = chunksFrom(source, start, end);
  }

  /** Throws DataError `data/truncated-gzip`, `data/corrupt-gzip`, `data/nested-archive`. */
  async *read(): AsyncGenerator<GzipMember> {
    try {
      let at = this.#base === 0 ? 0 : await this.#find(this.#base);
      while (at >= 0 && at < this.#end && (await this.#has(at))) {
        const { content, next } = await this.#inflate(at);
        // Before it is read: rows of a border that is none would be in two parts.
        if (next >= this.#end) await this.#checkBorder(next);
        yield { at, content };
        at = next;
      }
    } finally {
      await this.#pieces.return(undefined);
    }
  }

  /** Takes one more piece of the file into the window, of which only what is behind `from` is kept; false at its end. */
  async #more(from: number): Promise<boolean> {
    const piece = this.#isOver ? undefined : await this.#pieces.next();
    if (piece === undefined || piece.done) {
      this.#isOver = true;
      return false;
    }
    const rest = this.#window.subarray(Math.min(this.#window.length, from - this.#base));
    this.#base += this.#window.length - rest.length;
    this.#window = Buffer.concat([rest, piece.value]);
    return true;
  }

  async #has(at: number): Promise<boolean> {
    while (at >= this.#base + this.#window.length) if (!(await this.#more(at))) return false;
    return true;
  }

  /** Where the first member from `from` on begins, -1 where the file has none. */
  async #find(from: number): Promise<number> {
    for (let known = from; ; ) {
      const found = findMember(this.#window, Math.max(0, known - this.#base), this.#prefix);
      if (found.at >= 0) return this.#base + found.at;
      known = this.#base + found.known;
      if (known >= this.#end || !(await this.#more(known))) return -1;
    }
  }

  async #checkBorder(next: number): Promise<void> {
    if (this.#end >= this.#source.byteLength) return;
    for (;;) {
      const found = findMember(this.#window, Math.max(0, this.#end - this.#base), this.#prefix);
      if (found.at >= 0 && this.#base + found.at < next) throw this.#nested(this.#base + found.at);
      if (found.at >= 0 || this.#base + found.known >= next || !(await this.#more(this.#end))) return;
    }
  }

  async #inflate(at: number): Promise<{ readonly content: Uint8Array | undefined; readonly next: number }> {
    for (;;) {
      const from = at - this.#base;
      const stream = gzipStream(this.#window, from);
      if (stream === "none") throw this.#noMember(at);
      if (typeof stream === "number") {
        try {
          const { buffer, engine } = inflate(this.#window.subarray(stream));
          const end = stream + engine.bytesWritten;
          if (end + GZIP_TRAILER_BYTES <= this.#window.length) {
            this.#check(at, end, buffer);
            return { content: buffer, next: this.#base + end + GZIP_TRAILER_BYTES };
          }
        } catch (error) {
          const { code, message } = error as NodeJS.ErrnoException;
          if (code === "ERR_BUFFER_TOO_LARGE") return { content: undefined, next: await this.#skip(at, stream) };
          if (code === "Z_DATA_ERROR") throw this.#corrupt(at, message);
          if (code !== "Z_BUF_ERROR") throw error;
        }
      }
      if (!(await this.#more(at))) throw this.#truncated(at);
    }
  }

  #check(at: number, end: number, content: Uint8Array): void {
    if (this.#window.readUInt32LE(end) !== crc32(content)) throw this.#corrupt(at, "its checksum is another one");
    if (this.#window.readUInt32LE(end + 4) !== content.length) throw this.#corrupt(at, "its length is another one");
  }

  /** Passes over a member that is too large to be held; its end is returned. */
  async #skip(at: number, stream: number): Promise<number> {
    const skipper = new MemberSkipper();
    let nested = Number.POSITIVE_INFINITY;
    try {
      for (let from = stream; ; ) {
        if (this.#base + this.#window.length > this.#end) {
          const found = findMember(this.#window, Math.max(0, this.#end - this.#base), this.#prefix);
          if (found.at >= 0) nested = Math.min(nested, this.#base + found.at);
        }
        const end = await skipper.push(this.#window.subarray(from));
        if (end !== undefined) {
          const next = this.#base + from + end + GZIP_TRAILER_BYTES;
          if (nested < next && this.#end < this.#source.byteLength) throw this.#nested(nested);
          return next;
        }
        const known = this.#base + this.#window.length;
        // Something that begins like a member may lie across two pieces.
        if (!(await this.#more(Math.max(at + 1, known - 2 * PROBE_BYTES)))) throw this.#truncated(at);
        from = known - this.#base;
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw code === "Z_DATA_ERROR" ? this.#corrupt(at, message) : error;
    } finally {
      skipper.close();
    }
  }

  #truncated(at: number): DataError {
    return new DataError({
      code: "data/truncated-gzip",
      what: `${this.#source.name} ends inside the gzip member at byte ${at}`,
      why: "the rest of the file is missing, so documents would be lost",
      fix: "download or copy the file again",
    });
  }

  #noMember(at: number): DataError {
    return this.#corrupt(at, "something that is not gzip follows a complete member");
  }

  #corrupt(at: number, detail: string): DataError {
    return new DataError({
      code: "data/corrupt-gzip",
      what: `the gzip member at byte ${at} of ${this.#source.name} is damaged: ${detail}`,
      why: "text of it cannot be trusted",
      fix: "download or copy the file again",
    });
  }

  #nested(at: number): DataError {
    return new DataError({
      code: "data/nested-archive",
      what: `a record of ${this.#source.name} holds an archive of its own, at byte ${at}`,
      why: "where a part of the file begins cannot be told then",
      fix: "set split: false, which reads the file in one piece",
    });
  }
}
