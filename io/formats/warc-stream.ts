/**
 * The records of an archive that is read from its start: plain, or under a compression that does not keep them apart.
 *
 * Invariants: records follow each other by their lengths; where the next one is not where it must be, the record before it is bad, and the next line
 * behind its head that begins like a record goes on. Content larger than a row may be is passed over, not held. Price: a copy of the bytes into a window that grows to
 * the size of a record.
 */
import { NO_RECORD, skipBlankLines, WARC_MAGIC, type WarcHead, warcHead } from "../../kernels/warc/record.ts";

export interface WarcRecord {
  /** Where it begins: in the archive for a member of its own, else in what the archive decompresses to. */
  readonly at: number;
  /** What is wrong with its head, or how long it claims to be. */
  readonly head: WarcHead | string;
  /** Undefined where it is too large to be held. Good until the next record is asked for. */
  readonly content: Uint8Array | undefined;
}

const NEXT_RECORD = Buffer.from("\nWARC/");
const NOT_AS_LONG = "the record is not as long as it says";
/** Behind a record: two line ends, and the next one; some writers leave more of the first or less. */
const BEHIND_BYTES = 16;

/** The records of `pieces`, of which those with more than `maxBytes` are passed over. */
export async function* warcRecords(pieces: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<WarcRecord> {
  const window = new Window(pieces);
  while (await window.toRecord()) {
    const { at } = window;
    if (!window.beginsWith(WARC_MAGIC)) {
      yield { at, head: NO_RECORD, content: undefined };
      await window.toNext();
      continue;
    }
    const head = await window.head();
    if (typeof head === "string") {
      yield { at, head, content: undefined };
      await window.toNext();
      continue;
    }
    if (head.content_bytes > maxBytes) {
      yield { at, head, content: undefined };
      await window.pass(head.content_at + head.content_bytes);
      continue;
    }
    const end = head.content_at + head.content_bytes;
    const content = await window.take(head.content_at, end);
    if (window.isBorder(end)) {
      yield { at, head, content };
      await window.pass(end);
    } else {
      yield { at, head: NOT_AS_LONG, content: undefined };
      await window.pass(head.content_at);
      await window.toNext();
    }
  }
}

/** What of a stream is at hand. */
class Window {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #memory = Buffer.alloc(0);
  /** The part of the memory that is filled. */
  #bytes = this.#memory;
  /** Position of what is next in `bytes`. */
  #from = 0;
  #base = 0;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  get at(): number {
    return this.#base + this.#from;
  }

  /** Goes to where a record should begin; false at the end of the stream. */
  async toRecord(): Promise<boolean> {
    for (;;) {
      this.#from = skipBlankLines(this.#bytes, this.#from);
      if (this.#from < this.#bytes.length) break;
      if (!(await this.#more())) return false;
    }
    while (this.#bytes.length - this.#from < WARC_MAGIC.length) if (!(await this.#more())) break;
    return true;
  }

  beginsWith(bytes: Uint8Array): boolean {
    return bytes.every((byte, i) => this.#bytes[this.#from + i] === byte);
  }

  /** The head of the record; its places are from the record's beginning. */
  async head(): Promise<WarcHead | string> {
    for (;;) {
      const head = warcHead(this.#bytes.subarray(this.#from), 0);
      if (head !== undefined) return head;
      if (!(await this.#more())) return "the archive ends in the head of the record";
    }
  }

  /** Bytes `[from, to)` of the record, fewer where the stream ends. */
  async take(from: number, to: number): Promise<Uint8Array> {
    while (this.#bytes.length - this.#from < to + BEHIND_BYTES) if (!(await this.#more())) break;
    return this.#bytes.subarray(this.#from + from, this.#from + to);
  }

  /** Whether a record may end at byte `end` of it: what follows is the next one, or nothing. */
  isBorder(end: number): boolean {
    const at = skipBlankLines(this.#bytes, this.#from + end);
    const next = this.#bytes.subarray(at, at + WARC_MAGIC.length);
    return next.every((byte, i) => byte === WARC_MAGIC[i]);
  }

  /** Passes over `count` bytes. */
  async pass(count: number): Promise<void> {
    let left = count;
    while (left > this.#bytes.length - this.#from) {
      left -= this.#bytes.length - this.#from;
      this.#from = this.#bytes.length;
      if (!(await this.#more())) return;
    }
    this.#from += left;
  }

  /** Goes to the next line that begins like a record. */
  async toNext(): Promise<void> {
    for (;;) {
      const next = this.#bytes.indexOf(NEXT_RECORD, this.#from);
      if (next >= 0) {
        this.#from = next + 1;
        return;
      }
      this.#from = Math.max(this.#from, this.#bytes.length - NEXT_RECORD.length + 1);
      if (!(await this.#more())) {
        this.#from = this.#bytes.length;
        return;
      }
    }
  }

  async #more(): Promise<boolean> {
    const next = await this.#pieces.next();
    if (next.done) return false;
    const rest = this.#bytes.subarray(this.#from);
    const length = rest.length + next.value.length;
    this.#base += this.#from;
    this.#from = 0;
    if (length > this.#memory.length) {
      const grown = Buffer.allocUnsafe(Math.max(2 * this.#memory.length, length));
      rest.copy(grown);
      this.#memory = grown;
    } else rest.copy(this.#memory);
    this.#memory.set(next.value, rest.length);
    this.#bytes = this.#memory.subarray(0, length);
    return true;
  }
}
