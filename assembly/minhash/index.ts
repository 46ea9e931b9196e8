// module
/**
 * The MinHash sketch of a document in one call: bytes in, band keys out. Host: kernels/wasm/minhash.ts.
 *
 * Two families, one instance for one of them: `sketchText` (datatrove's formula, its normalization, `unicode` words,
 * XXH64) and `sketchQuickly` (the fast family); `foldBlock` alone serves shingles hashed elsewhere. Order of use:
 * tables, then `setUp...`, then for each document `reserve`, its bytes, `sketch...`.
 *
 * Memory: static buffers of about 350 KB, then what `allocate` gave for tables, then the document with 64 zero bytes
 * and, for `sketchText`, the words. It grows with the longest document, 5 bytes a byte; the host sends none beyond its
 * limit.
 */

import { xxh64 } from "../hash/xxh64";
import { FILL_INCREMENTS, FILL_MULTIPLIERS, sketchFast, useFast } from "./fast";
import { useWords } from "./fast-words";
import { INCREMENTS, MAX_SLOTS, MULTIPLIERS, resetSignature, SHINGLES, SIGNATURE } from "./permutations";
import { hasShingles, scanText, useText } from "./text";

export { foldBlock, resetSignature, usePermutations } from "./permutations";

/** Zero bytes behind a text: as far as anything reads past it. */
const PADDING: usize = 128;
const WORDS_PER_BYTE: usize = 4;

// What the sketches return.
const NO_SHINGLES: u32 = 0;
const SKETCHED: u32 = 1;
const LEFT_TO_TWIN: u32 = 2;

/** u32 pairs (high, low) per band. */
const BAND_KEYS: usize = memory.data(8 * MAX_SLOTS, 16);
/** The slots of one band and its number. */
const BAND: usize = memory.data(8 * MAX_SLOTS + 8, 16);

let top: usize = (__heap_base + 63) & ~63;
let bands: u32 = 0;
let rows: u32 = 0;
let bandSeed: u64 = 0;

export function shinglesAddress(): usize {
  return SHINGLES;
}

export function multipliersAddress(): usize {
  return MULTIPLIERS;
}

export function incrementsAddress(): usize {
  return INCREMENTS;
}

export function fillMultipliersAddress(): usize {
  return FILL_MULTIPLIERS;
}

export function fillIncrementsAddress(): usize {
  return FILL_INCREMENTS;
}

export function signatureAddress(): usize {
  return SIGNATURE;
}

export function bandKeysAddress(): usize {
  return BAND_KEYS;
}

/** Room for a table, for ever. */
export function allocate(bytes: usize): usize {
  const address = top;
  top = (top + bytes + 63) & ~63;
  growTo(top);
  return address;
}

function growTo(bytes: usize): void {
  const pages = <i32>((bytes + 0xffff) >> 16);
  const missing = pages - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) unreachable();
}

export function setUpBands(bandCount: u32, rowCount: u32, seedHigh: u32, seedLow: u32): void {
  bands = bandCount;
  rows = rowCount;
  bandSeed = ((<u64>seedHigh) << 32) | <u64>seedLow;
}

export function setUpText(characters: usize, sequences: usize, cases: usize, ngram: u32): void {
  useText(characters, sequences, cases, ngram);
}

export function setUpFast(characters: usize, ngram: u32, keyHigh: u32, keyLow: u32): void {
  useWords(characters);
  useFast(bands * rows, ngram, ((<u64>keyHigh) << 32) | <u64>keyLow);
}

/** Where the caller writes the `length` bytes of a document. May move every view of the memory. */
export function reserve(length: usize): usize {
  growTo(top + length + PADDING + length * WORDS_PER_BYTE + PADDING);
  memory.fill(top + length, 0, PADDING);
  return top;
}

export function sketchText(length: usize): u32 {
  resetSignature();
  if (!scanText(top, length, top + length + PADDING)) return LEFT_TO_TWIN;
  if (!hasShingles()) return NO_SHINGLES;
  writeBandKeys();
  return SKETCHED;
}

export function sketchQuickly(length: usize): u32 {
  if (!sketchFast(top, length)) return NO_SHINGLES;
  writeBandKeys();
  return SKETCHED;
}

/** A key is XXH64 of the band's slots and the band's number as u32, as in kernels/minhash/bands.ts. */
export function writeBandKeys(): void {
  const slotBytes = (<usize>rows) << 3;
  for (let band: usize = 0; band < <usize>bands; band++) {
    memory.copy(BAND, SIGNATURE + band * slotBytes, slotBytes);
    store<u32>(BAND + slotBytes, <u32>band);
    const key = xxh64(BAND, slotBytes + 4, bandSeed);
    store<u64>(BAND_KEYS + (band << 3), rotl(key, 32));
  }
}
