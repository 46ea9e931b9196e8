/**
 * The words of a group, cut and ready to be looked up.
 *
 * Layout of a record, 32 bytes: key of a short word (16), start (4), table line to look at first (4), length (4), hash of a medium word (4).
 * The key's last byte is the length of a short word, and NOT_SHORT for all others; only those have a length of their own. A record of length
 * END_OF_PIECE stands behind the last word of a piece. Where there is no line the address is any.
 */
import { hashMedium, hashShort, highKey, lowKey, MEDIUM_BYTES, SHORT_BYTES } from "./keys";
import { readBlock, tellCase } from "./blocks";
import { characterStarts, characterWord } from "./character-words";
import { cl100kStarts, cl100kWord, setMostDigits } from "./cl100k";
import { deepSeekWord } from "./deepseek";
import { gpt2Starts, gpt2Word } from "./gpt2";
import { mediumLine } from "./medium-words";
import { o200kStarts, o200kWord, setTekken } from "./o200k";
import { shortLine } from "./short-words";

export const RECORD: usize = 32;
export const END_OF_PIECE: u32 = 0xffffffff;
/** Second half of the key of what is no short word: above those of short words. */
export const NOT_SHORT: u64 = 0xffffffff_ffffffff;

/** Numbers of the pre-tokenizers, as the host gives them. */
const GPT2: u32 = 0;
const CL100K: u32 = 1;
const QWEN: u32 = 2;
const O200K: u32 = 3;
const TEKKEN: u32 = 4;
const DEEPSEEK: u32 = 5;
const CHARACTERS: u32 = 6;

/** Words of a group: many enough that cache misses overlap, few enough to stay in the first cache level. */
const GROUP: usize = 192;
/** Text that is too short to be read as a block. */
const LEAST_BLOCK: usize = 8;

/** Room for the words of one more block than a group has room for. */
export const RECORDS: usize = memory.data(32 * (192 + 64), 64);
/** Where cutting goes on. */
let position: usize = 0;
let family: u32 = CL100K;

export function setPreTokenizer(preTokenizer: u32): void {
  family = preTokenizer == TEKKEN ? O200K : preTokenizer;
  setMostDigits(preTokenizer == QWEN ? 1 : 3);
  if (preTokenizer == TEKKEN) setTekken();
  if (family == O200K) tellCase();
}

export function startPiece(p: usize): void {
  position = p;
}

/** Cuts words up to `end` into records from `record` on until the group is full; returns where they end. */
export function cutWords(record: usize, end: usize): usize {
  const full = RECORDS + GROUP * RECORD;
  while (record < full && position < end) {
    const p = position;
    let starts: u64 = 0;
    if (end - p >= LEAST_BLOCK && family != DEEPSEEK) {
      starts = blockStarts(p, end) & ~(<u64>1);
    }
    if (starts == 0) {
      position = wordEnd(p, end);
      addWord(record, p, position);
      record += RECORD;
    } else {
      record = addBlock(record, p, starts);
    }
  }
  return record;
}

export function isFull(record: usize): bool {
  return record >= RECORDS + GROUP * RECORD;
}

/** Whether the piece that ends at `end` is cut to its end. */
export function isCut(end: usize): bool {
  return position >= end;
}

@inline
function blockStarts(p: usize, end: usize): u64 {
  if (family == CHARACTERS) return characterStarts(p, end);
  readBlock(p, end);
  if (family == GPT2) return gpt2Starts(p);
  return family == O200K ? o200kStarts(p) : cl100kStarts(p);
}

@inline
function wordEnd(p: usize, end: usize): usize {
  if (family == CHARACTERS) return characterWord(p, end);
  if (family == GPT2) return gpt2Word(p, end);
  if (family == DEEPSEEK) return deepSeekWord(p, end);
  return family == O200K ? o200kWord(p, end) : cl100kWord(p, end);
}

@inline
function addBlock(record: usize, p: usize, starts: u64): usize {
  let from = p;
  do {
    const to = p + <usize>ctz(starts);
    addWord(record, from, to);
    record += RECORD;
    from = to;
    starts &= starts - 1;
  } while (starts != 0);
  position = from;
  return record;
}

@inline
function addWord(record: usize, start: usize, end: usize): void {
  const length = <u32>(end - start);
  store<u32>(record, <u32>start, 16);
  if (length <= SHORT_BYTES) {
    const low = lowKey(start, length);
    const high = highKey(start, length);
    store<u64>(record, low);
    store<u64>(record, high, 8);
    store<u32>(record, <u32>shortLine(hashShort(low, high)), 20);
    return;
  }
  store<u64>(record, NOT_SHORT, 8);
  store<u32>(record, length, 24);
  if (length > MEDIUM_BYTES) return;
  const hash = hashMedium(start, length);
  store<u32>(record, <u32>mediumLine(hash), 20);
  store<u32>(record, hash, 28);
}

export function addEndOfPiece(record: usize): usize {
  store<u64>(record, NOT_SHORT, 8);
  store<u32>(record, END_OF_PIECE, 24);
  return record + RECORD;
}
