/**
 * Walks the structure of a zstd stream (RFC 8878) without decompressing it.
 *
 * Owns what decoders do not agree on: where frames start and end, skippable frames, what was promised (content size, checksum), how
 * much memory a frame may ask for. Invariant: every input byte belongs to a frame, and a file that ends inside one is an error that
 * names the byte. Price: a few instructions per block of up to 128 KiB.
 */
import { DataError } from "../../batch/errors.ts";
import { uint8At } from "../../batch/numbers.ts";

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
export const ZSTD_MAGIC_BYTES: Uint8Array = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd);
/** Largest back-reference a frame may need, as in the zstd tool without `--long=31`. */
export const MAX_WINDOW_LOG = 27;
const MAX_BLOCK = 1 << 17;
/** Types of blocks that are not bytes as they are. */
const RUN = 1;
const COMPRESSED = 2;
const RESERVED = 3;
const FOLLOWS = "something that is not zstd follows a frame";

/** What a frame's header promises. */
export interface ZstdFrame {
  /** Where its magic number lies in the file. */
  readonly byte: number;
  /** Bytes of content, where the header tells. */
  readonly content_bytes: number | undefined;
  readonly hasChecksum: boolean;
}

type State = "magic" | "descriptor" | "header" | "block" | "body" | "checksum" | "skip-size" | "skip-body";
/** `start`: a magic number was read. `block`: a block ends here. `end`: the frame ends here. `more`: needs more input. */
export type ZstdEvent = "start" | "block" | "end" | "more";

export class ZstdFrameWalker {
  /** Bytes of input walked so far. */
  position = 0;
  event: ZstdEvent = "more";
  /** The current frame; complete once its header has been walked. */
  frame: ZstdFrame = { byte: 0, content_bytes: undefined, hasChecksum: false };
  readonly #name: string;
  readonly #field = new Uint8Array(16);
  #have = 0;
  #need = 4;
  #state: State = "magic";
  #descriptor = 0;
  #remaining = 0;
  #last = false;

  constructor(name: string) {
    this.#name = name;
  }

  /** Inside a frame whose bytes belong to a decoder. */
  get inFrame(): boolean {
    return this.#state !== "magic" && this.#state !== "skip-size" && this.#state !== "skip-body";
  }

  /** Walks `bytes` from `at` to the next event or the end; returns where it stopped and sets {@link event}. */
  advance(bytes: Uint8Array, at: number): number {
    this.event = "more";
    while (at < bytes.length && this.event === "more") {
      const count = Math.min(this.#left(), bytes.length - at);
      if (this.#state === "body" || this.#state === "skip-body") this.#remaining -= count;
      else {
        this.#field.set(bytes.subarray(at, at + count), this.#have);
        this.#have += count;
      }
      at += count;
      this.position += count;
      // A body or a field may be empty: go on until input is needed again.
      while (this.event === "more" && this.#left() === 0) this.#next();
    }
    return at;
  }

  /** Throws unless the input may end here. */
  finish(): void {
    if (this.#state === "magic" && this.position > 0) {
      if (this.#have === 0) return;
      if (!this.#mayBeMagic()) throw this.corrupt(FOLLOWS, this.position - this.#have);
    }
    throw new DataError({
      code: "data/truncated-zstd",
      what: `${this.#name} ends inside a zstd frame, after byte ${this.position}`,
      why: "the rest of the file is missing, so documents would be lost",
      fix: "download or copy the file again",
    });
  }

  corrupt(detail: string, byte = this.position): DataError {
    return new DataError({
      code: "data/corrupt-zstd",
      what: `${this.#name} is damaged near byte ${byte}: ${detail}`,
      why: "text after this point cannot be trusted",
      fix: "download or copy the file again",
    });
  }

  #left(): number {
    return this.#state === "body" || this.#state === "skip-body" ? this.#remaining : this.#need - this.#have;
  }

  #expect(state: State, need: number): void {
    this.#state = state;
    this.#need = need;
    this.#have = 0;
  }

  /** Acts on a complete field, or on the end of a body. */
  #next(): void {
    switch (this.#state) {
      case "magic":
        this.#magic();
        break;
      case "descriptor":
        this.#descriptorByte(this.#integer(0, 1));
        break;
      case "header":
        this.#header();
        break;
      case "block":
        this.#block(this.#integer(0, 3));
        break;
      case "body":
        this.#endOfBlock();
        break;
      case "checksum":
        this.#endOfFrame();
        break;
      case "skip-size":
        this.#remaining = this.#integer(0, 4);
        this.#state = "skip-body";
        break;
      case "skip-body":
        this.#expect("magic", 4);
    }
  }

  #magic(): void {
    const magic = this.#integer(0, 4);
    if (magic === MAGIC) {
      this.frame = { byte: this.position - 4, content_bytes: undefined, hasChecksum: false };
      this.event = "start";
      this.#expect("descriptor", 1);
    } else if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      this.#expect("skip-size", 4);
    } else {
      const byte = this.position - 4;
      throw this.corrupt(byte === 0 ? "no zstd frame starts here" : FOLLOWS, byte);
    }
  }

  /** Whether the bytes of the field begin one of the magic numbers. */
  #mayBeMagic(): boolean {
    const found = this.#integer(0, this.#have);
    const size = 2 ** (8 * this.#have);
    return found === MAGIC % size || found - (found % 16) + (SKIPPABLE_MAGIC % 16) === SKIPPABLE_MAGIC % size;
  }

  #descriptorByte(descriptor: number): void {
    this.#descriptor = descriptor;
    const single = (descriptor >> 5) & 1;
    this.#expect("header", 1 - single + dictionaryBytes(descriptor) + contentSizeBytes(descriptor));
  }

  #header(): void {
    const descriptor = this.#descriptor;
    const single = (descriptor >> 5) & 1;
    const dictionary = dictionaryBytes(descriptor);
    if (descriptor & 8) throw this.corrupt("a reserved bit of the frame header is set");
    if (this.#integer(1 - single, dictionary) !== 0) {
      throw new DataError({
        code: "data/zstd-dictionary",
        what: `${this.#name} was compressed with a zstd dictionary (frame at byte ${this.frame.byte})`,
        fix: "decompress it with its dictionary and compress it again without",
      });
    }
    const sizeBytes = contentSizeBytes(descriptor);
    const size = this.#integer(1 - single + dictionary, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
    const byte = this.#integer(0, 1);
    const base = 2 ** (10 + (byte >> 3));
    const window = single ? size : base + (base / 8) * (byte & 7);
    if (window > 2 ** MAX_WINDOW_LOG) {
      throw new DataError({
        code: "data/zstd-window",
        what: `${this.#name} needs ${window} bytes of memory to decompress (frame at byte ${this.frame.byte}); ${2 ** MAX_WINDOW_LOG} is the limit`,
        why: "every worker would need that much",
        fix: "compress it again without --ultra --long, for example: zstd -d < old | zstd -3 > new",
      });
    }
    this.frame = {
      byte: this.frame.byte,
      content_bytes: sizeBytes === 0 ? undefined : size,
      hasChecksum: (descriptor & 4) !== 0,
    };
    this.#expect("block", 3);
  }

  #block(header: number): void {
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === RESERVED) throw this.corrupt("a block has the reserved type");
    // The library takes an empty block where it is given one by itself, and refuses it inside a whole frame.
    if (type === COMPRESSED && size === 0) throw this.corrupt("a compressed block is empty");
    if (size > MAX_BLOCK && type !== RUN) throw this.corrupt(`a block claims ${size} bytes`);
    this.#last = (header & 1) === 1;
    this.#remaining = type === RUN ? 1 : size;
    this.#state = "body";
  }

  #endOfBlock(): void {
    if (!this.#last) {
      this.event = "block";
      this.#expect("block", 3);
    } else if (this.frame.hasChecksum) this.#expect("checksum", 4);
    else this.#endOfFrame();
  }

  #endOfFrame(): void {
    this.event = "end";
    this.#expect("magic", 4);
  }

  /** Little-endian integer from the current field; exact up to 2^53. */
  #integer(at: number, length: number): number {
    let value = 0;
    for (let i = length - 1; i >= 0; i--) value = value * 256 + uint8At(this.#field, at + i);
    return value;
  }
}

function dictionaryBytes(descriptor: number): number {
  return (descriptor & 3) === 3 ? 4 : descriptor & 3;
}

function contentSizeBytes(descriptor: number): number {
  const flag = descriptor >> 6;
  return flag === 0 ? (descriptor >> 5) & 1 : 1 << flag;
}
