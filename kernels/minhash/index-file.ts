/**
 * Index files: the band keys of the rows of a data set, against which other rows are compared later.
 *
 * Layout, little-endian: magic, version, bytes of the header, the header in JSON (how texts were sketched), zeros up to a multiple of 8; then for each row that has a
 * sketch the number of its row in the file's data set (u32) and its keys, two u32 each, most significant first. Invariant: keys are comparable only
 * where headers are equal. Price: 4 bytes a row and 8 a band.
 */

/** How texts were sketched. */
export interface IndexShape {
  readonly family: string;
  readonly hash: string;
  readonly words: string;
  readonly ngram: number;
  readonly bands: number;
  readonly rows: number;
  readonly seed: number;
}

const MAGIC = 0x58494d53; // "SMIX"
const VERSION = 1;
const FIXED_BYTES = 12;

export function encodeIndexHeader({ family, hash, words, ngram, bands, rows, seed }: IndexShape): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify({ family, hash, words, ngram, bands, rows, seed }));
  const bytes = new Uint8Array(Math.ceil((FIXED_BYTES + json.length) / 8) * 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, json.length, true);
  bytes.set(json, FIXED_BYTES);
  return bytes;
}

export interface IndexRecords {
  readonly shape: IndexShape;
  /** `1 + 2 * bands` words a row. */
  readonly records: Uint32Array;
}

/** What a file holds; a text that says why it is no index. `bytes` begin at a multiple of 4. */
export function decodeIndex(bytes: Uint8Array): IndexRecords | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < FIXED_BYTES || view.getUint32(0, true) !== MAGIC) return "does not begin as an index of keys does";
  const [version, length] = [view.getUint32(4, true), view.getUint32(8, true)];
  if (version !== VERSION) return `has version ${version}, and this program reads version ${VERSION}`;
  const start = Math.ceil((FIXED_BYTES + length) / 8) * 8;
  if (start > bytes.length) return "ends in its header";
  const json = new Uint8Array(bytes.subarray(FIXED_BYTES, FIXED_BYTES + length));
  const shape = JSON.parse(new TextDecoder().decode(json)) as IndexShape;
  const words = (bytes.length - start) / 4;
  if (!Number.isInteger(words / (1 + 2 * shape.bands))) return "ends in the middle of a row";
  return { shape, records: new Uint32Array(bytes.buffer, bytes.byteOffset + start, words) };
}

/** Slots of a {@link KeyTable} a key: it is two thirds full. */
const SLOTS_PER_KEY = 1.5;
const SLOT_WORDS = 3;

/** Bytes of a table of `keys` keys. */
export function keyTableBytes(keys: number): number {
  return 4 * SLOT_WORDS * slotsFor(keys);
}

function slotsFor(keys: number): number {
  return Math.max(8, Math.ceil(keys * SLOTS_PER_KEY));
}

/** Keys with the row that had each first, in memory that threads may share: 18 bytes a key. */
export class KeyTable {
  readonly #slots: Uint32Array;
  readonly #count: number;

  /** `buffer` from byte `start` on, which holds zeros or what `add` has left. */
  constructor(buffer: ArrayBufferLike, start: number, keys: number) {
    this.#count = slotsFor(keys);
    this.#slots = new Uint32Array(buffer, start, SLOT_WORDS * this.#count);
  }

  /** `row` is less than 2^32 - 1. */
  add(high: number, low: number, row: number): void {
    const slots = this.#slots;
    const at = this.#find(high, low);
    if (slots[at + 2] !== 0) return;
    slots[at] = high;
    slots[at + 1] = low;
    slots[at + 2] = row + 1;
  }

  /** The row that has a key; -1 where none has. */
  rowOf(high: number, low: number): number {
    return this.#slots[this.#find(high, low) + 2] - 1;
  }

  #find(high: number, low: number): number {
    const slots = this.#slots;
    // Exact below 2^53: keys are well mixed.
    let slot = Math.floor((high / 0x1_0000_0000) * this.#count);
    let at = SLOT_WORDS * slot;
    while (slots[at + 2] !== 0 && (slots[at] !== high || slots[at + 1] !== low)) {
      slot = slot + 1 === this.#count ? 0 : slot + 1;
      at = SLOT_WORDS * slot;
    }
    return at;
  }
}
