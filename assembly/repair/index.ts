// module
/**
 * Finds where a text may need repair. Host: kernels/wasm/repair.ts. Twin: kernels/repair/scan.ts.
 *
 * Order of use: the tables once, at their addresses; then for each text `reserve`, its bytes at the address that gives,
 * and `next` as long as it finds something. Invariant: the position that the twin finds. Memory: 100 KB of tables, then
 * the text and 16 bytes that are read past its end and not looked at. Price: 0.1 ns a byte of ASCII, 2 to 3 a character
 * of others.
 */

/** Code points in blocks of 256: where the block of each stands in the values (u16), and the classes. */
const BLOCKS: usize = memory.data(2 * 0x1100, 16);
const VALUES_BYTES: usize = 0x10000;
const VALUES: usize = memory.data(0x10000, 16);
/** By class: whether it is sought. */
const SOUGHT: usize = memory.data(256, 16);
const CELLS: usize = memory.data(0x8000, 16);
const ASCII_STATES: usize = memory.data(256, 16);
/**
 * Whether what looks like mojibake is to be found, classes, the state that says so, whether carriage returns are
 * sought: u32 each.
 */
const SETTINGS: usize = memory.data(16, 16);
const TEXT: usize = (__heap_base + 63) & ~63;

const BEGIN: u32 = 0;
const INSIDE: u32 = 1;
const LINE_FEED: u32 = 0x0a;
const AMPERSAND: u32 = 0x26;
const NUMBER_SIGN: u32 = 0x23;
const SEMICOLON: u32 = 0x3b;
const MAX_ENTITY: usize = 24;
const LENGTH_SHIFT: u32 = 21;
const CODE_POINT: u32 = (1 << 21) - 1;
/** A malformed byte. */
const MALFORMED: u32 = 1 << 21;

export function blocksAddress(): usize {
  return BLOCKS;
}

export function valuesAddress(): usize {
  return VALUES;
}

export function valuesBytes(): usize {
  return VALUES_BYTES;
}

export function soughtAddress(): usize {
  return SOUGHT;
}

export function cellsAddress(): usize {
  return CELLS;
}

export function asciiStatesAddress(): usize {
  return ASCII_STATES;
}

export function settingsAddress(): usize {
  return SETTINGS;
}

/** Where the caller writes `bytes` of text. May move every view of the memory. */
export function reserve(bytes: usize): usize {
  const pages = <i32>((TEXT + bytes + 16 + 0xffff) >> 16);
  const missing = pages - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) unreachable();
  return TEXT;
}

/** Offset of the first byte from `from` on at which repair may be needed, or `length`. */
export function next(from: usize, length: usize, entities: bool): usize {
  const end = TEXT + length;
  const allowed = allowedControls();
  const ampersand = i8x16.splat(entities ? <i8>AMPERSAND : 0x7f);
  let at = TEXT + from;
  while (at < end) {
    const bytes = v128.load(at);
    // Signed: what is not ASCII is below 0. Of what is below 0x20, the swizzle leaves out what is allowed.
    const low = v128.andnot(i8x16.lt_s(bytes, i8x16.splat(0x20)), i8x16.swizzle(allowed, bytes));
    const others = v128.or(i8x16.eq(bytes, i8x16.splat(0x7f)), i8x16.eq(bytes, ampersand));
    const mask = i8x16.bitmask(v128.or(low, others));
    if (mask == 0) {
      at += 16;
      continue;
    }
    at += ctz(mask);
    if (at >= end) break;
    const byte = <u32>load<u8>(at);
    if (byte >= 0x80) {
      const walked = walk(at, end, entities);
      if (walked < 0) return <usize>~walked - TEXT;
      at = <usize>walked;
    } else {
      if (isFinding(byte, at, end, entities)) return at - TEXT;
      at++;
    }
  }
  return length;
}

/**
 * 0xff for the control characters that are passed over at once: tab, line feed, form feed, and carriage return where it
 * is not sought.
 */
function allowedControls(): v128 {
  const allowed = i8x16(0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0, -1, 0, 0, 0);
  return load<u32>(SETTINGS + 12) == 0 ? i8x16.replace_lane(allowed, 13, -1) : allowed;
}

function isFinding(byte: u32, at: usize, end: usize, entities: bool): bool {
  if (byte == AMPERSAND) return entities && isEntity(at, end);
  return isSought(classOf(byte));
}

/** Goes on from a byte that is not ASCII until nothing is pending: the position then, or `~position` of a finding. */
function walk(at: usize, end: usize, entities: bool): isize {
  const encoding = load<u32>(SETTINGS) != 0;
  const classes = load<u32>(SETTINGS + 4);
  const bad = load<u32>(SETTINGS + 8);
  let p = context(at);
  let state = beginsLine(p) ? BEGIN : INSIDE;
  while (p < end) {
    const byte = <u32>load<u8>(p);
    let found: u32 = 0;
    let size: usize = 1;
    if (byte < 0x80) {
      if (p > at && load<u8>(ASCII_STATES + state) != 0) return p;
      found = classOf(byte);
      if (byte == AMPERSAND ? entities && isEntity(p, end) : isSought(found)) return ~(<isize>p);
    } else {
      const decoded = decode(p, end);
      if (decoded == MALFORMED) return ~(<isize>p);
      size = <usize>(decoded >> LENGTH_SHIFT);
      found = classOf(decoded & CODE_POINT);
      if (isSought(found)) return ~(<isize>p);
    }
    state = <u32>load<u8>(CELLS + state * classes + found);
    if (state == bad) {
      if (encoding) return ~(<isize>p);
      state = INSIDE;
    }
    p += size;
    if (byte == LINE_FEED) return p;
  }
  return p;
}

/** Where to begin so that what may matter before `at`, at most two characters of ASCII, is seen. */
function context(at: usize): usize {
  let p = at;
  while (p > at - 2 && !beginsLine(p) && load<u8>(p - 1) < 0x80) p--;
  return p;
}

function beginsLine(at: usize): bool {
  return at == TEXT || load<u8>(at - 1) == LINE_FEED;
}

function classOf(codePoint: u32): u32 {
  const block = <u32>load<u16>(BLOCKS + ((codePoint >> 8) << 1));
  return <u32>load<u8>(VALUES + block + (codePoint & 0xff));
}

function isSought(found: u32): bool {
  return load<u8>(SOUGHT + found) != 0;
}

/** The character at `at`: code point and, above it, length; {@link MALFORMED} where there is none. */
function decode(at: usize, end: usize): u32 {
  const lead = <u32>load<u8>(at);
  const left = end - at;
  if (lead < 0xc2 || lead > 0xf4) return MALFORMED;
  const second = <u32>load<u8>(at + 1) ^ 0x80;
  if (lead < 0xe0) {
    if (left < 2 || second > 0x3f) return MALFORMED;
    return ((lead & 0x1f) << 6) | second | (2 << LENGTH_SHIFT);
  }
  const third = <u32>load<u8>(at + 2) ^ 0x80;
  if (lead < 0xf0) {
    if (left < 3 || (second | third) > 0x3f) return MALFORMED;
    const codePoint = ((lead & 0x0f) << 12) | (second << 6) | third;
    if (codePoint < 0x800 || (codePoint & 0xf800) == 0xd800) return MALFORMED;
    return codePoint | (3 << LENGTH_SHIFT);
  }
  const fourth = <u32>load<u8>(at + 3) ^ 0x80;
  if (left < 4 || (second | third | fourth) > 0x3f) return MALFORMED;
  const codePoint = ((lead & 0x07) << 18) | (second << 12) | (third << 6) | fourth;
  if (codePoint < 0x10000 || codePoint > 0x10ffff) return MALFORMED;
  return codePoint | (4 << LENGTH_SHIFT);
}

/** Whether something shaped like an entity begins at `at`. */
function isEntity(at: usize, end: usize): bool {
  let p = at + 1;
  if (p < end && load<u8>(p) == NUMBER_SIGN) p++;
  const first = p;
  while (p < end && p - first < MAX_ENTITY && isAlphanumeric(load<u8>(p))) p++;
  return p > first && p < end && load<u8>(p) == SEMICOLON;
}

function isAlphanumeric(byte: u32): bool {
  return byte - 0x30 < 10 || (byte | 0x20) - 0x61 < 26;
}
