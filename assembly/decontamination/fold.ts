/**
 * Texts folded by a table of characters: words in lower case with spaces between them.
 *
 * ASCII goes 16 bytes at a time: what is no separator is itself, or its lower case. Reads up to 16 bytes behind the text, which it overwrites, and writes up to 16 behind the folded text.
 */
const TABLE_END: u32 = 0x20000;
const SEPARATOR: u32 = 1 << 30;
const IGNORED: u32 = 1 << 29;
const UNSPACED_SHIFT: u32 = 24;
const SEVERAL: u32 = 1 << 28;
const VALUE_MASK: u32 = (1 << 24) - 1;
const CUT_BEFORE: u32 = 0x01000193;
const CUT_FACTOR: u32 = 0x9e3779b1;
const INVALID: u32 = 0xfffd;
const SPACE: u8 = 0x20;
const TAB: u8 = 0x09;
const NEWLINE: u8 = 0x0a;
const RETURN: u8 = 0x0d;

let table: usize = 0;
let rare: u32 = 0;
let separators: usize = 0;
/** Where the characters that were folded last end in the text. */
let cursor: usize = 0;
/** Bytes of the character that was decoded last. */
let width: usize = 1;

export function useFold(tableAt: usize, rareEntry: u32, separatorsAt: usize): void {
  table = tableAt;
  rare = rareEntry;
  separators = separatorsAt;
}

/** Folds `length` bytes at `from` to `to`; returns the end of what was written. */
export function foldText(from: usize, length: usize, to: usize): usize {
  const end = from + length;
  memory.fill(end, SPACE, 16);
  const rows = v128.load(separators);
  const columns = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
  const space = i8x16.splat(SPACE);
  for (let at = from; at < end; ) {
    const bytes = v128.load(at);
    const capitals = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x41)), i8x16.splat(26));
    const lower = v128.or(bytes, v128.and(capitals, space));
    const row = i8x16.swizzle(rows, v128.and(bytes, i8x16.splat(15)));
    const column = i8x16.swizzle(columns, i8x16.shr_u(bytes, 4));
    const isWord = i8x16.eq(v128.and(row, column), i8x16.splat(0));
    v128.store(to, v128.bitselect(lower, space, isWord));
    const others = <u32>i8x16.bitmask(bytes);
    if (others == 0) {
      at += 16;
      to += 16;
    } else {
      const plain = <usize>ctz(others);
      to = foldOthers(at + plain, end, to + plain);
      at = cursor;
    }
  }
  return to;
}

/** Folds characters from `at` up to the next of ASCII. */
function foldOthers(at: usize, end: usize, to: usize): usize {
  /** The character before, where that is of a script without spaces. */
  let unspaced: u32 = 0;
  while (at < end) {
    if (load<u8>(at) < 0x80) {
      // A line that was broken within such a script goes on.
      const next = unspaced == 0 ? 0 : behindBreak(at, end);
      if (next == 0) break;
      at = next;
    }
    const entry = decode(at, end);
    at += width;
    if (entry == IGNORED) continue;
    if (entry == SEPARATOR) {
      store<u8>(to++, SPACE);
      unspaced = 0;
      continue;
    }
    if (entry >= SEVERAL) {
      if (unspaced != 0) store<u8>(to++, SPACE);
      unspaced = 0;
      let list = table + ((<usize>(TABLE_END + (entry & VALUE_MASK))) << 2);
      const last = list + ((<usize>load<u32>(list)) << 2);
      for (list += 4; list <= last; list += 4) to = encode(load<u32>(list), to);
      continue;
    }
    const value = entry & VALUE_MASK;
    const cut = entry >> UNSPACED_SHIFT;
    if (cut == 0) {
      if (unspaced != 0) store<u8>(to++, SPACE);
      unspaced = 0;
    } else {
      if (unspaced == 0 || isCut(unspaced, value, cut)) store<u8>(to++, SPACE);
      unspaced = value;
    }
    to = encode(value, to);
  }
  if (unspaced != 0) store<u8>(to++, SPACE);
  cursor = at;
  return to;
}

/** Where the text goes on in a script without spaces behind white space with one newline at most; 0 where it does not. */
function behindBreak(from: usize, end: usize): usize {
  let newlines = 0;
  let at = from;
  while (at < end) {
    const byte = load<u8>(at);
    if (byte != SPACE && (byte < TAB || byte > RETURN)) break;
    if (byte == NEWLINE && ++newlines > 1) return 0;
    at++;
  }
  if (at == from || at >= end || load<u8>(at) < 0x80) return 0;
  const entry = decode(at, end);
  return entry < SEVERAL && entry >> UNSPACED_SHIFT != 0 ? at : 0;
}

/** Whether a word ends between two characters of scripts without spaces. */
function isCut(before: u32, value: u32, cut: u32): bool {
  const x = ((before * CUT_BEFORE) ^ value) * CUT_FACTOR;
  return ((x >> 16) & cut) == 0;
}

/** The entry of the character at `at`, of more than one byte. */
function decode(at: usize, end: usize): u32 {
  const lead = <u32>load<u8>(at);
  let point = INVALID;
  width = 1;
  if (lead < 0xe0) {
    if (lead >= 0xc2 && at + 1 < end) {
      const c = <u32>load<u8>(at, 1) ^ 0x80;
      if (c <= 0x3f) {
        point = ((lead & 0x1f) << 6) | c;
        width = 2;
      }
    }
  } else if (lead < 0xf0) {
    if (at + 2 < end) {
      const c = <u32>load<u8>(at, 1) ^ 0x80;
      const d = <u32>load<u8>(at, 2) ^ 0x80;
      const whole = ((lead & 0x0f) << 12) | (c << 6) | d;
      if ((c | d) <= 0x3f && whole >= 0x800 && (whole & 0xf800) != 0xd800) {
        point = whole;
        width = 3;
      }
    }
  } else if (lead <= 0xf4 && at + 3 < end) {
    const c = <u32>load<u8>(at, 1) ^ 0x80;
    const d = <u32>load<u8>(at, 2) ^ 0x80;
    const e = <u32>load<u8>(at, 3) ^ 0x80;
    const whole = ((lead & 0x07) << 18) | (c << 12) | (d << 6) | e;
    if ((c | d | e) <= 0x3f && whole >= 0x10000 && whole <= 0x10ffff) {
      point = whole;
      width = 4;
    }
  }
  if (point < TABLE_END) return load<u32>(table + ((<usize>point) << 2));
  return rare == IGNORED ? IGNORED : point | rare;
}

/** Writes a code point as UTF-8; returns the position after it. */
function encode(point: u32, to: usize): usize {
  if (point < 0x80) {
    store<u8>(to, <u8>point);
    return to + 1;
  }
  if (point < 0x800) {
    store<u8>(to, <u8>(0xc0 | (point >> 6)));
    store<u8>(to, <u8>(0x80 | (point & 0x3f)), 1);
    return to + 2;
  }
  if (point < 0x10000) {
    store<u8>(to, <u8>(0xe0 | (point >> 12)));
    store<u8>(to, <u8>(0x80 | ((point >> 6) & 0x3f)), 1);
    store<u8>(to, <u8>(0x80 | (point & 0x3f)), 2);
    return to + 3;
  }
  store<u8>(to, <u8>(0xf0 | (point >> 18)));
  store<u8>(to, <u8>(0x80 | ((point >> 12) & 0x3f)), 1);
  store<u8>(to, <u8>(0x80 | ((point >> 6) & 0x3f)), 2);
  store<u8>(to, <u8>(0x80 | (point & 0x3f)), 3);
  return to + 4;
}
