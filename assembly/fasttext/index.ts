// module shared
/**
 * The forward pass of a fastText model whose tables lie in this memory: mean of a text's rows, and logits. Host: kernels/wasm/fasttext.ts.
 *
 * Twin: kernels/fasttext/line-rows.ts and forward.ts; floats are added in their order, so results are equal to the last bit. Order of use: `useModel`,
 * `useNgrams`, `useOutput`, `useScratch`, then for each text its bytes at the text's address, `mean`, and `project` where rows are not folded. The memory is
 * shared: tables are only read, and each thread has scratch of its own. What a word comes to (its row and those of its subwords, added up) is kept in a
 * direct-mapped cache; where rows are to be added in the file's order, the cache is not used. Price: a nanosecond a byte to cut and hash words, one for
 * four floats of a word; of a word that is not in the cache 3 a subword.
 */
import { keptRow } from "./buckets";
import { bucketsOf, hashNgrams, MAX_N, STRIDE } from "./ngrams";
import { multiplyBlocks } from "./output";
import { addRow, addRows, addVector, scaleVector } from "./rows";
import { hashOfKey, hashOfWord, isSeparator, keyPart, lengthOfWord, MAX_KEY } from "./words";

// An entry of the cache: key of the word (zeros: free), hash, number of rows, whether it takes part in n-grams of words; sum of the rows.
const HASH: usize = 32;
const COUNT: usize = 36;
const PUSHED: usize = 40;
const VECTOR: usize = 48;

/** Rows that are collected before they are added. */
const MAX_LIST: u32 = 4096;
const FNV_OFFSET: u32 = 0x811c9dc5;
const FNV_PRIME: u32 = 0x01000193;
const NGRAM_FACTOR: u64 = 116049371;
const LABEL: u64 = 0x5f6c6562616c5f5f;
const UNDERSCORE: u8 = 0x5f;
/** `</s>`, and its hash. */
const END: u32 = 0x3e732f3c;
const END_HASH: u32 = 0xd79c9359;
const OPEN: u8 = 0x3c;
const CLOSE: u8 = 0x3e;

let slotHashes: usize = 0;
let slots: usize = 0;
let slotMask: u32 = 0;
let starts: usize = 0;
let dictionary: usize = 0;
let words: u32 = 0;
let endEntry: i32 = -1;
let rows: usize = 0;
let rowBytes: usize = 0;

let minn: u32 = 0;
let maxn: u32 = 0;
let buckets: u32 = 0;
let wordNgrams: u32 = 0;
let magic: u64 = 0;
let shift: u64 = 0;
/** 0: all buckets are there, 1: some, 2: none. */
let pruned: u32 = 0;
let kept: usize = 0;
let ranks: usize = 0;
let keptRows: usize = 0;

let text: usize = 0;
let hashes: usize = 0;
let list: usize = 0;
let cache: usize = 0;
let cacheMask: u32 = 0;
let entryBytes: usize = 0;
let wordSum: usize = 0;
let ngrams: usize = 0;
let sum: usize = 0;

let outputs: usize = 0;
let blocks: u32 = 0;
let dim: u32 = 0;
let logits: usize = 0;

let hashCount: u32 = 0;
let rowCount: u32 = 0;
let listCount: u32 = 0;
/** Where listed rows are added. */
let target: usize = 0;

/** `dictionaryAt` is where the byte of the file with the number 0 would lie; `end` is the entry of `</s>`, -1 where there is none. */
export function useModel(
  slotHashesAt: usize,
  slotsAt: usize,
  mask: u32,
  startsAt: usize,
  dictionaryAt: usize,
  wordCount: u32,
  end: i32,
  rowsAt: usize,
  bytesOfRow: usize,
): void {
  slotHashes = slotHashesAt;
  slots = slotsAt;
  slotMask = mask;
  starts = startsAt;
  dictionary = dictionaryAt;
  words = wordCount;
  endEntry = end;
  rows = rowsAt;
  rowBytes = bytesOfRow;
}

export function useNgrams(
  shortest: u32,
  longest: u32,
  bucketCount: u32,
  ofWords: u32,
  pruning: u32,
  keptAt: usize,
  ranksAt: usize,
  keptRowsAt: usize,
): void {
  minn = shortest;
  maxn = longest;
  buckets = bucketCount;
  wordNgrams = ofWords;
  pruned = pruning;
  kept = keptAt;
  ranks = ranksAt;
  keptRows = keptRowsAt;
  if (bucketCount == 0) return;
  // hash modulo buckets is hash - buckets * (hash * magic >> shift), or one more of them.
  shift = 63 - clz<u64>(bucketCount) + 31;
  magic = ((<u64>1) << shift) / bucketCount;
}

/** Rows of the output in blocks of four: of each float, that of the four rows. */
export function useOutput(outputsAt: usize, blockCount: u32, dimension: u32, logitsAt: usize): void {
  outputs = outputsAt;
  blocks = blockCount;
  dim = dimension;
  logits = logitsAt;
}

/** 64 bytes before and behind the text are free. All of the cache is zero. */
export function useScratch(
  textAt: usize,
  hashesAt: usize,
  listAt: usize,
  cacheAt: usize,
  mask: u32,
  bytesOfEntry: usize,
  wordSumAt: usize,
  ngramsAt: usize,
  sumAt: usize,
): void {
  text = textAt;
  hashes = hashesAt;
  list = listAt;
  cache = cacheAt;
  cacheMask = mask;
  entryBytes = bytesOfEntry;
  wordSum = wordSumAt;
  ngrams = ngramsAt;
  sum = sumAt;
}

/** Makes the logits of the sum. */
export function project(): void {
  multiplyBlocks(outputs, blocks, dim, sum, logits);
}

/** Makes the sum the mean of the rows of the text's `length` bytes and returns how many they are. */
export function mean(length: usize, inOrder: bool): u32 {
  hashCount = 0;
  rowCount = 0;
  listCount = 0;
  memory.fill(sum, 0, rowBytes);
  const end = text + length;
  store<u8>(end, 0x20);
  let at = text;
  while (at < end) {
    if (isSeparator(load<u8>(at))) {
      at++;
      continue;
    }
    const length = lengthOfWord(at);
    if (length == 4 && load<u32>(at) == END) break;
    if (inOrder) addInOrder(at, length);
    else addWord(at, length);
    at += length;
  }
  if (endEntry < <i32>words) {
    if (endEntry >= 0) {
      addRow(rows + <usize>endEntry * rowBytes, rowBytes, sum);
      rowCount++;
    }
    pushHash(END_HASH);
  }
  if (wordNgrams > 1 && pruned != 2) addWordNgrams();
  if (rowCount > 0) scaleVector(sum, rowBytes, <f32>1 / <f32>rowCount);
  return rowCount;
}

function pushHash(hash: u32): void {
  store<u32>(hashes + ((<usize>hashCount) << 2), hash);
  hashCount++;
}

function pushRow(row: u32): void {
  if (listCount == MAX_LIST) flush();
  store<u32>(list + ((<usize>listCount) << 2), row);
  listCount++;
}

function addInOrder(at: usize, length: u32): void {
  target = sum;
  collect(at, length, hashOfWord(at, length));
}

/** Adds the sum of a word's rows. */
function addWord(at: usize, length: u32): void {
  if (length > MAX_KEY) {
    target = wordSum;
    memory.fill(wordSum, 0, rowBytes);
    collect(at, length, hashOfWord(at, length));
    addVector(wordSum, rowBytes, sum);
    return;
  }
  const low = keyPart(at, min(length, 16));
  const high = length > 16 ? keyPart(at + 16, length - 16) : i64x2.splat(0);
  const entry = cache + <usize>(hashOfKey(low, high) & cacheMask) * entryBytes;
  const different = v128.or(v128.xor(v128.load(entry), low), v128.xor(v128.load(entry, 16), high));
  if (v128.any_true(different)) {
    v128.store(entry, low);
    v128.store(entry, high, 16);
    keep(entry, at, length);
  } else {
    rowCount += load<u32>(entry, COUNT);
    if (load<u32>(entry, PUSHED) != 0) pushHash(load<u32>(entry, HASH));
  }
  addVector(entry + VECTOR, rowBytes, sum);
}

/** Fills an entry of the cache; counts its rows. */
function keep(entry: usize, at: usize, length: u32): void {
  const hash = hashOfWord(at, length);
  const before = rowCount;
  target = entry + VECTOR;
  memory.fill(target, 0, rowBytes);
  store<u32>(entry, hash, HASH);
  store<u32>(entry, <u32>collect(at, length, hash), PUSHED);
  store<u32>(entry, rowCount - before, COUNT);
}

/** Adds the rows of a word to the target. Whether it takes part in n-grams of words: a label does not, and has no rows. */
function collect(at: usize, length: u32, hash: u32): bool {
  const entry = find(at, length, hash);
  if (entry < 0 ? isLabel(at, length) : <u32>entry >= words) return false;
  if (entry >= 0) pushRow(<u32>entry);
  if (maxn > 0 && pruned != 2) collectSubwords(at, length);
  flush();
  pushHash(hash);
  return true;
}

function isLabel(at: usize, length: u32): bool {
  return length >= 9 && load<u64>(at) == LABEL && load<u8>(at, 8) == UNDERSCORE;
}

function mix(hash: u32): u32 {
  const mixed = (hash ^ (hash >> 16)) * 0x85ebca6b;
  return mixed ^ (mixed >> 13);
}

/** The entry of a word, -1 where there is none. */
function find(at: usize, length: u32, hash: u32): i32 {
  let slot = mix(hash) & slotMask;
  let entry = load<u32>(slots + ((<usize>slot) << 2));
  while (entry != 0) {
    if (load<u32>(slotHashes + ((<usize>slot) << 2)) == hash) {
      const word = dictionary + <usize>load<u32>(starts + ((<usize>(entry - 1)) << 2));
      let same: usize = 0;
      while (same < <usize>length && load<u8>(word + same) == load<u8>(at + same)) same++;
      if (same == <usize>length && load<u8>(word + same) == 0) return entry - 1;
    }
    slot = (slot + 1) & slotMask;
    entry = load<u32>(slots + ((<usize>slot) << 2));
  }
  return -1;
}

/** Lists the rows of the n-grams of `<word>`. Borrows the bytes around the word. */
function collectSubwords(at: usize, length: u32): void {
  const start = at - 1;
  const end = at + length + 1;
  const before = load<u8>(start);
  const after = load<u8>(end - 1);
  const beyond = load<u8>(end);
  store<u8>(start, OPEN);
  store<u8>(end - 1, CLOSE);
  store<u8>(end, 0);
  const chars = maxn > MAX_N ? 0 : hashNgrams(ngrams, start, end, minn, maxn, buckets, magic, <i32>shift);
  if (chars > 0) listNgrams(chars);
  else listSlowly(start, end);
  store<u8>(start, before);
  store<u8>(end - 1, after);
  store<u8>(end, beyond);
}

/** Lists the buckets that were made of so many characters. */
function listNgrams(chars: u32): void {
  let first = listCount;
  for (let from: u32 = 0; from < chars; from++) {
    if (listCount > MAX_LIST - MAX_N) {
      toRows(first);
      flush();
      first = 0;
    }
    const longest = min(maxn, chars - from);
    // `<` or `>` alone is none.
    const shortest = from == 0 || from + 1 == chars ? max(minn, 2) : max(minn, 1);
    let at = bucketsOf(ngrams, shortest) + ((<usize>from) << 2);
    for (let n = shortest; n <= longest; n++) {
      const bucket = load<u32>(at);
      store<u32>(list + ((<usize>listCount) << 2), bucket);
      // Without a branch: which of them are left is hard to guess.
      listCount += pruned == 0 ? 1 : (load<u32>(kept + ((<usize>(bucket >> 5)) << 2)) >> (bucket & 31)) & 1;
      at += STRIDE;
    }
  }
  toRows(first);
}

/** Makes rows of listed buckets, from the `first` one on. */
function toRows(first: u32): void {
  for (let i = first; i < listCount; i++) {
    const at = list + ((<usize>i) << 2);
    const bucket = load<u32>(at);
    store<u32>(at, words + (pruned == 0 ? bucket : keptRow(bucket, kept, ranks, keptRows)));
  }
}

/** As {@link hashNgrams} and {@link listNgrams}, for any word. */
function listSlowly(start: usize, end: usize): void {
  for (let from = start; from < end; from++) {
    if (load<i8>(from) < -64) continue;
    let hash = FNV_OFFSET;
    let to = from;
    for (let n: u32 = 1; to < end && n <= maxn; n++) {
      hash = (hash ^ <u32>(<i32>load<i8>(to++))) * FNV_PRIME;
      while (load<i8>(to) < -64) hash = (hash ^ <u32>(<i32>load<i8>(to++))) * FNV_PRIME;
      if (n < minn || (n == 1 && (from == start || to == end))) continue;
      listBucket(modulo(hash));
    }
  }
}

function modulo(hash: u32): u32 {
  const rest = hash - buckets * <u32>((<u64>hash * magic) >> shift);
  return rest >= buckets ? rest - buckets : rest;
}

/** Lists the row of a bucket, if it has one. */
function listBucket(bucket: u32): void {
  if (pruned == 0) {
    pushRow(words + bucket);
  } else if (((load<u32>(kept + ((<usize>(bucket >> 5)) << 2)) >> (bucket & 31)) & 1) != 0) {
    pushRow(words + keptRow(bucket, kept, ranks, keptRows));
  }
}

function flush(): void {
  rowCount += listCount;
  if (listCount > 0) addRows(list, listCount, rows, rowBytes, target);
  listCount = 0;
}

/** Adds the rows of two words and more in a row. */
function addWordNgrams(): void {
  target = sum;
  for (let i: u32 = 0; i < hashCount; i++) {
    let hash = <u64>(<i64>load<i32>(hashes + ((<usize>i) << 2)));
    const last = min(hashCount, i + wordNgrams);
    for (let j = i + 1; j < last; j++) {
      hash = hash * NGRAM_FACTOR + <u64>(<i64>load<i32>(hashes + ((<usize>j) << 2)));
      listBucket(<u32>(hash % <u64>buckets));
    }
  }
  flush();
}
