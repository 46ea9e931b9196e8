// module
/**
 * Which k-grams of a document stand for its fragments. Host: kernels/wasm/substring.ts, twin: kernels/substring/sampler.ts, which says what is sampled.
 *
 * Order of use: `configure`, then for each document `open`, its bytes at the address that gives, and `advance` until it says that all is done; after
 * each call the host takes what lies at `keysAddress` and `wordsAddress`. Minima of a sliding fragment come from minima of blocks, backwards through
 * the block before and forwards through this one: no branch that depends on the text but the one that finds another sample.
 *
 * Memory: 24 bytes a symbol of a fragment, 512 KB, and the document. Price: 5 ns a symbol.
 */
import { xxh64 } from "../hash/xxh64";
import { isSame } from "./equal";

/** Odd, so that no symbol is ever lost from the sum. */
const FACTOR: u32 = 0x2c1b3c6d;
const NONE: u64 = u64.MAX_VALUE;
/** Entries that `advance` may leave before it returns; a block of fragments may add one each. */
const OUT_ENTRIES: usize = 8192;
const KEY_BYTES: usize = 16;
/** A slot of the cache: document, record, first symbol of its context, its shape, its key. */
const SLOTS: u32 = 4096;
const SLOT_BYTES: usize = 24;

// What a word says, see kernels/substring/sample-words.ts.
const FOLLOWER: u32 = 0x40000000;
const REPEAT: u32 = 0x80000000;

let length: i32 = 0;
let gram: i32 = 0;
/** k-grams of a fragment. */
let width: i32 = 0;
let symbolShift: usize = 0;
let outFactor: u32 = 0;
let values: usize = 0;
let suffixes: usize = 0;
let recent: usize = 0;
let recentMask: u32 = 0;
let slots: usize = 0;
let keys: usize = 0;
let words: usize = 0;
let text: usize = 0;

// The open document.
let document: u32 = 0;
let grams: i32 = 0;
let at: i32 = 0;
let rolling: u32 = 0;
let chosen: i32 = 0;
let first: i32 = 0;
let records: u32 = 0;
let recentEnd: u32 = 0;
let keyCount: u32 = 0;
let wordCount: u32 = 0;
// The sample before: of which record it is a copy, and whether its context repeats itself after as many symbols as it has fragments.
let lastCount: i32 = 0;
let lastOffset: i32 = 0;
let lastRecord: u32 = 0;
let lastStart: i32 = 0;
let lastRepeats: bool = false;
// What is not written yet: fragments that are repeats, or samples that follow a record.
let openKind: u32 = 0;
let openRecord: u32 = 0;
let openCount: u32 = 0;

/** Fragments of `fragmentLength` symbols of `2 ** shift` bytes, by k-grams of `gramLength`. Once. */
export function configure(fragmentLength: i32, gramLength: i32, shift: i32): void {
  length = fragmentLength;
  gram = gramLength;
  width = fragmentLength - gramLength + 1;
  symbolShift = <usize>shift;
  outFactor = 1;
  for (let i = 0; i < gramLength - 1; i++) outFactor *= FACTOR;
  let ring: u32 = 64;
  while (ring < <u32>fragmentLength * 2) ring *= 2;
  recentMask = ring - 1;
  const entries = OUT_ENTRIES + 4 * <usize>width;
  const top = (__heap_base + 63) & ~63;
  values = top;
  suffixes = values + (<usize>width + 2) * 8;
  recent = suffixes + (<usize>width + 2) * 8;
  slots = recent + <usize>ring * SLOT_BYTES;
  keys = slots + <usize>SLOTS * SLOT_BYTES;
  words = keys + entries * KEY_BYTES;
  text = (words + entries * 8 + 127) & ~63;
  grow(text);
}

function grow(bytes: usize): void {
  const pages = <i32>((bytes + 0xffff) >> 16);
  const missing = pages - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) unreachable();
}

export function keysAddress(): usize {
  return keys;
}

export function wordsAddress(): usize {
  return words;
}

/** Keys that the last `advance` left, of four words each. */
export function keysLeft(): u32 {
  return keyCount;
}

export function wordsLeft(): u32 {
  return wordCount;
}

/** Where the caller writes the next document's `symbols` symbols. May move every view of the memory. */
export function open(symbols: i32): usize {
  grow(text + ((<usize>symbols) << symbolShift) + 64);
  document++;
  grams = symbols - gram + 1;
  at = 0;
  rolling = 0;
  chosen = -1;
  first = 0;
  records = 0;
  recentEnd = 0;
  lastCount = 0;
  openKind = 0;
  openCount = 0;
  return text;
}

/** What a symbol of type `T` adds to a sum. */
function symbol<T>(symbols: usize, index: i32): u32 {
  return sizeof<T>() == 1
    ? <u32>load<u8>(symbols + <usize>index) + 1
    : load<u32>(symbols + ((<usize>index) << 2)) * 0x9e3779b1 + 1;
}

function mixed(hash: u32): u32 {
  let x = (hash ^ (hash >> 15)) * 0x2c1b3c6d;
  x = (x ^ (x >> 12)) * 0x297a2d39;
  return x ^ (x >> 15);
}

/** Goes on with the open document; false where something is left to do. */
export function advance(): bool {
  keyCount = 0;
  wordCount = 0;
  if (at == 0) rolling = symbolShift == 0 ? begin<u8>() : begin<u32>();
  while (at < grams) {
    if (keyCount >= OUT_ENTRIES || wordCount >= OUT_ENTRIES) return false;
    block();
  }
  if (grams >= width) take(first, grams - width + 1 - first, chosen);
  flush();
  return true;
}

/** The sum of all symbols of the first k-gram but its last. */
function begin<T>(): u32 {
  let hash: u32 = 0;
  for (let i = 0; i < gram - 1; i++) hash = hash * FACTOR + symbol<T>(text, i);
  return hash;
}

/** The next `width` k-grams, or those that are left. */
function block(): void {
  const from = at;
  const count = min(width, grams - from);
  if (symbolShift == 0) fill<u8>(from, count);
  else fill<u32>(from, count);
  const array = values;
  const before = suffixes;
  let prefix = NONE;
  if (from == 0) {
    for (let i = 0; i < count; i++) prefix = min(prefix, load<u64>(array + ((<usize>i) << 3)));
    if (count == width) choose(0, prefix);
  } else {
    let current = chosen;
    for (let i = 0; i < count; i++) {
      prefix = min(prefix, load<u64>(array + ((<usize>i) << 3)));
      const least = min(prefix, load<u64>(before + ((<usize>i) << 3), 8));
      const position = ~(<i32>least);
      if (position != current) {
        choose(from - width + i + 1, least);
        current = position;
      }
    }
  }
  at = from + count;
  if (count < width) return;
  let suffix = NONE;
  store<u64>(before + ((<usize>width) << 3), NONE);
  for (let i = width - 1; i >= 0; i--) {
    suffix = min(suffix, load<u64>(array + ((<usize>i) << 3)));
    store<u64>(before + ((<usize>i) << 3), suffix);
  }
}

/** Writes what the `count` k-grams from `from` on are compared by: a hash, and of equal ones the last is the smallest. */
function fill<T>(from: i32, count: i32): void {
  const symbols = text + <usize>from * sizeof<T>();
  const power = outFactor;
  const ahead = gram - 1;
  let to = values;
  let hash = rolling;
  for (let i = 0; i < count; i++) {
    hash = hash * FACTOR + symbol<T>(symbols, i + ahead);
    store<u64>(to, ((<u64>mixed(hash)) << 32) | <u64>(<u32>~(from + i)));
    hash -= symbol<T>(symbols, i) * power;
    to += 8;
  }
  rolling = hash;
}

/** From fragment `fragment` on another k-gram is the smallest. */
function choose(fragment: i32, least: u64): void {
  if (chosen >= 0) take(first, fragment - first, chosen);
  first = fragment;
  chosen = ~(<i32>least);
}

/** The fragments `[start, start + count)`, whose sample is the k-gram at `position`. */
function take(start: i32, count: i32, position: i32): void {
  const offset = position - start;
  const context = text + ((<usize>start) << symbolShift);
  const bytes = (<usize>(count + length - 1)) << symbolShift;
  if (lastCount == count && lastOffset == offset) {
    const step = (<usize>count) << symbolShift;
    // What the sample before is known to repeat need not be compared again.
    const known = lastRepeats ? bytes - step : 0;
    if (isSame(context + known, context + known - step, bytes - known)) {
      lastRepeats = true;
      follow(lastRecord, lastStart, start, count);
      return;
    }
  }
  lastRepeats = false;
  const sample = xxh64(text + ((<usize>position) << symbolShift), (<usize>gram) << symbolShift, 0);
  const key = xxh64(context, bytes, <u64>offset);
  lastCount = count;
  lastOffset = offset;
  const shape = ((<u32>count) << 15) | <u32>offset;
  const slot = slots + <usize>(<u32>(key ^ sample) & (SLOTS - 1)) * SLOT_BYTES;
  if (load<u32>(slot) == document && matches(slot, shape, key, context, bytes)) {
    follow(load<u32>(slot, 4), load<i32>(slot, 8), start, count);
    return;
  }
  for (let i: u32 = 1; i <= min(recentEnd, recentMask); i++) {
    const entry = recent + <usize>((recentEnd - i) & recentMask) * SLOT_BYTES;
    if (load<i32>(entry, 8) + length <= start) break;
    if (matches(entry, shape, key, context, bytes)) {
      follow(load<u32>(entry, 4), load<i32>(entry, 8), start, count);
      return;
    }
  }
  flush();
  keep(slot, start, shape, key);
  keep(recent + <usize>(recentEnd & recentMask) * SLOT_BYTES, start, shape, key);
  recentEnd++;
  lastRecord = records;
  lastStart = start;
  records++;
  const out = keys + <usize>keyCount * KEY_BYTES;
  store<u64>(out, rotl(sample, 32));
  store<u64>(out, rotl(key, 32), 8);
  keyCount++;
  push(shape);
}

function keep(entry: usize, start: i32, shape: u32, key: u64): void {
  store<u32>(entry, document);
  store<u32>(entry, records, 4);
  store<i32>(entry, start, 8);
  store<u32>(entry, shape, 12);
  store<u64>(entry, key, 16);
}

function matches(entry: usize, shape: u32, key: u64, context: usize, bytes: usize): bool {
  if (load<u64>(entry, 16) != key || load<u32>(entry, 12) != shape) return false;
  return isSame(context, text + ((<usize>load<i32>(entry, 8)) << symbolShift), bytes);
}

/** Fragments that are those of `record`, which begins at `recordStart`: repeats of them, unless they overlap them. */
function follow(record: u32, recordStart: i32, start: i32, count: i32): void {
  lastRecord = record;
  lastStart = recordStart;
  const kind = recordStart + length <= start ? REPEAT : FOLLOWER;
  if (openKind != kind || (kind == FOLLOWER && openRecord != record)) flush();
  openKind = kind;
  openRecord = record;
  openCount += kind == REPEAT ? <u32>count : 1;
}

function flush(): void {
  if (openCount == 0) return;
  if (openKind == REPEAT) {
    push(REPEAT | openCount);
  } else {
    push(FOLLOWER | openRecord);
    push(openCount);
  }
  openCount = 0;
}

function push(word: u32): void {
  store<u32>(words + ((<usize>wordCount) << 2), word);
  wordCount++;
}
