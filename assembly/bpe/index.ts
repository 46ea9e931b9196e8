// module
/**
 * The byte-pair encoder: texts in, token ids out.
 *
 * The host sets a model once (`set…`, then `start`), then fills the text area with pieces of text, writes where each starts and ends, and
 * calls `encode`. A piece is encoded as a text of its own; what stands between two is passed over. Words go through in groups: first their borders, keys and hashes, then a touch of
 * the cache lines they need, so that misses overlap, then the look-ups.
 *
 * Memory, all taken at load: 7 MiB of fixed areas (text, ids, merge scratch, character classes), the model as the host lays it out, an
 * index of whole words (8 to 16 bytes a token), and the cache budget.
 */
import { longWord, mediumWord, setUpCache, shortWord } from "./cache";
import { MEDIUM_BYTES } from "./keys";
import { PADDING, PIECES, TEXT_BYTES } from "./limits";
import { addEndOfPiece, cutWords, END_OF_PIECE, isCut, isFull, NOT_SHORT, RECORD, RECORDS, setPreTokenizer, startPiece } from "./records";
import { COUNT_SHIFT, ID_MASK, IN_ARENA } from "./short-words";

export { setCuts } from "./character-words";
export { classesArea } from "./characters";
export { setSymbols } from "./deepseek";
export { allocate } from "./memory";
export { setPairs } from "./pairs";
export { findPlaces, halvesArea, placesArea, scanArea, setFirstBytes } from "./prefixes";
export { setVocabulary } from "./vocabulary";
export { setBytes, setCharacters } from "./word-tokens";

const TEXT: usize = memory.data(TEXT_BYTES + PADDING, 64);
const IDS: usize = memory.data(4 * (TEXT_BYTES + PIECES) + PADDING, 64);
const STARTS: usize = memory.data(4 * PIECES + 4, 64);
const ENDS: usize = memory.data(4 * PIECES, 64);
const COUNTS: usize = memory.data(4 * PIECES, 64);
const BEHIND: usize = memory.data(4 * PIECES, 64);

/** Keeps the touches of cache lines from being optimised away. */
let touched: u32 = 0;

/** Takes the number of the pre-tokenizer (`bpe-records` lists them) and the memory that words may be kept in. */
export function start(preTokenizer: u32, cacheBytes: u32): void {
  setPreTokenizer(preTokenizer);
  setUpCache(cacheBytes);
}

/** Where the host writes the pieces, in order. */
export function textArea(): usize {
  return TEXT;
}

/** Where the host writes the start of each piece, counted from the text area's start. */
export function startsArea(): usize {
  return STARTS;
}

/** Where the host writes the end of each piece, counted in the same way. */
export function endsArea(): usize {
  return ENDS;
}

/** Where the host writes the id that stands behind each piece, -1 where none does. */
export function behindArea(): usize {
  return BEHIND;
}

/** Where {@link encode} writes the ids of all pieces, one behind the other. */
export function idsArea(): usize {
  return IDS;
}

/** Where {@link encode} writes the end of each piece's ids, that behind it among them, counted in ids. */
export function countsArea(): usize {
  return COUNTS;
}

/** Encodes the first `pieces` pieces of the text area. */
export function encode(pieces: u32): void {
  let piece: u32 = 0;
  let done: u32 = 0;
  let out = IDS;
  startPiece(TEXT + <usize>load<u32>(STARTS));
  while (piece < pieces) {
    let record = RECORDS;
    while (piece < pieces && !isFull(record)) {
      const end = TEXT + <usize>load<u32>(ENDS + (piece << 2));
      record = cutWords(record, end);
      if (isCut(end)) {
        record = addEndOfPiece(record);
        // The start behind the last piece is any.
        startPiece(TEXT + <usize>load<u32>(STARTS + (++piece << 2)));
      }
    }
    touch(record);
    out = lookUp(record, out, done);
    done = piece;
  }
}

/** Loads from the line each record will need. */
function touch(end: usize): void {
  let sum: u32 = 0;
  for (let record = RECORDS; record < end; record += RECORD) {
    sum += load<u32>(load<u32>(record, 20));
  }
  touched = sum;
}

/** Writes the tokens of the records up to `end` from `out` on; returns where they end. `piece` is the first one's piece. */
function lookUp(end: usize, out: usize, piece: u32): usize {
  for (let record = RECORDS; record < end; record += RECORD) {
    const high = load<u64>(record, 8);
    if (high != NOT_SHORT) {
      const low = load<u64>(record);
      // The table may have grown since: then the word is not found here, but by the slow way.
      const line: usize = load<u32>(record, 20);
      const first = (load<u64>(line) ^ low) | (load<u64>(line, 8) ^ high);
      const second = (load<u64>(line, 32) ^ low) | (load<u64>(line, 40) ^ high);
      const entry = line + (<usize>(first != 0) << 5);
      const head = load<u32>(entry, 16);
      if ((<u32>(first == 0) | <u32>(second == 0)) & <u32>(head < IN_ARENA)) {
        // Always four ids: the ones that are too many are overwritten by the next word.
        v128.store(out, v128.load(entry, 16));
        store<u32>(out, head & ID_MASK);
        out += (head >> COUNT_SHIFT) << 2;
      } else {
        out = shortWord(load<u32>(record, 16), low, high, out);
      }
      continue;
    }
    const length = load<u32>(record, 24);
    if (length <= MEDIUM_BYTES) {
      out = mediumWord(load<u32>(record, 16), length, load<u32>(record, 28), out);
    } else if (length == END_OF_PIECE) {
      const behind = load<i32>(BEHIND + (piece << 2));
      if (behind >= 0) {
        store<i32>(out, behind);
        out += 4;
      }
      store<u32>(COUNTS + (piece++ << 2), <u32>((out - IDS) >> 2));
    } else {
      out = longWord(load<u32>(record, 16), length, out);
    }
  }
  return out;
}
