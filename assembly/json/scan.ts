// module
/**
 * The content of JSON strings: plain bytes and well-formed escapes, unescaped to UTF-8, 16 bytes a step. Host:
 * kernels/wasm/json-scan.ts; twin: kernels/json/json-scan-strings.ts.
 *
 * `advance` only goes over what is beyond doubt and stops before anything else (a quote, a control character, a bad
 * escape, the last bytes it was given), which is the twin's to judge. Memory: 200 KB of static buffers, whatever comes.
 * Price: 0.2 ns a plain byte, 3 ns an escape.
 */

/** Most bytes taken at a time: both counts of a result fit 16 bits. */
const MAX_BYTES: usize = 0x8000;
/** Steps load and store whole vectors, and a surrogate pair is two escapes of 6 bytes. */
const VECTOR: usize = 16;
const LONGEST_ESCAPE: usize = 12;

const SOURCE: usize = memory.data(<i32>(MAX_BYTES + 64), 16);
const TARGET: usize = memory.data(<i32>(MAX_BYTES + 64), 16);
/** What a single-letter escape stands for, 0 where there is no such escape. */
const ESCAPED: usize = memory.data(256, 16);
/** Value of a hexadecimal digit plus one, 0 for any other byte. */
const HEX: usize = memory.data(256, 16);

const BACKSLASH: u8 = 0x5c;
const LETTER_U: u8 = 0x75;
const REPLACEMENT: i32 = 0xfffd;

fillTables();

function fillTables(): void {
  escape(0x22, 0x22);
  escape(0x5c, 0x5c);
  escape(0x2f, 0x2f);
  escape(0x62, 0x08);
  escape(0x66, 0x0c);
  escape(0x6e, 0x0a);
  escape(0x72, 0x0d);
  escape(0x74, 0x09);
  for (let digit: u8 = 0; digit < 10; digit++) store<u8>(HEX + 0x30 + digit, digit + 1);
  for (let digit: u8 = 10; digit < 16; digit++) {
    store<u8>(HEX + 0x41 - 10 + digit, digit + 1);
    store<u8>(HEX + 0x61 - 10 + digit, digit + 1);
  }
}

function escape(letter: u8, byte: u8): void {
  store<u8>(ESCAPED + letter, byte);
}

export function maxBytes(): u32 {
  return <u32>MAX_BYTES;
}

export function sourceAddress(): usize {
  return SOURCE;
}

export function targetAddress(): usize {
  return TARGET;
}

/** Unescapes from the first `length` bytes of the source; returns bytes read << 16 | bytes written. */
export function advance(length: u32): u32 {
  const end = SOURCE + <usize>length;
  let at = SOURCE;
  let to = TARGET;
  while (at + VECTOR <= end) {
    const bytes = v128.load(at);
    // Also the bytes behind the first special one: what comes next overwrites them.
    v128.store(to, bytes);
    const specials = i8x16.bitmask(specialBytes(bytes));
    if (specials == 0) {
      at += VECTOR;
      to += VECTOR;
      continue;
    }
    const plain = <usize>ctz(specials);
    at += plain;
    to += plain;
    if (load<u8>(at) != BACKSLASH) break;
    const single = load<u8>(ESCAPED + load<u8>(at, 1));
    if (single != 0) {
      if (at + 2 > end) break;
      store<u8>(to++, single);
      at += 2;
      continue;
    }
    if (at + LONGEST_ESCAPE > end) break;
    const code = codePoint(at);
    if (code < 0) break;
    at += code >= 0x10000 ? 12 : 6;
    to = putCodePoint(to, code);
  }
  return (<u32>(at - SOURCE) << 16) | <u32>(to - TARGET);
}

@inline
function specialBytes(bytes: v128): v128 {
  const quotes = i8x16.eq(bytes, i8x16.splat(0x22));
  const slashes = i8x16.eq(bytes, i8x16.splat(0x5c));
  const controls = i8x16.lt_u(bytes, i8x16.splat(0x20));
  return v128.or(v128.or(quotes, slashes), controls);
}

/** The code point of the escape, or pair of them, at `at`; U+FFFD for half a pair, negative if this is no \u escape. */
function codePoint(at: usize): i32 {
  if (load<u8>(at, 1) != LETTER_U) return -1;
  const high = codeUnit(at + 2);
  if ((high & 0xf800) != 0xd800 || high < 0) return high;
  if (high >= 0xdc00 || load<u8>(at, 6) != BACKSLASH || load<u8>(at, 7) != LETTER_U) return REPLACEMENT;
  const low = codeUnit(at + 8);
  return (low & 0xfc00) == 0xdc00 && low >= 0 ? 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00) : REPLACEMENT;
}

/** The code unit written by four hexadecimal digits, negative if one of them is not a digit. */
function codeUnit(at: usize): i32 {
  const a = <i32>load<u8>(HEX + load<u8>(at)) - 1;
  const b = <i32>load<u8>(HEX + load<u8>(at, 1)) - 1;
  const c = <i32>load<u8>(HEX + load<u8>(at, 2)) - 1;
  const d = <i32>load<u8>(HEX + load<u8>(at, 3)) - 1;
  return (a << 12) | (b << 8) | (c << 4) | d;
}

function putCodePoint(to: usize, code: i32): usize {
  if (code < 0x80) {
    store<u8>(to, <u8>code);
    return to + 1;
  }
  if (code < 0x800) {
    store<u8>(to, <u8>(0xc0 | (code >> 6)));
    store<u8>(to, <u8>(0x80 | (code & 0x3f)), 1);
    return to + 2;
  }
  if (code < 0x10000) {
    store<u8>(to, <u8>(0xe0 | (code >> 12)));
    store<u8>(to, <u8>(0x80 | ((code >> 6) & 0x3f)), 1);
    store<u8>(to, <u8>(0x80 | (code & 0x3f)), 2);
    return to + 3;
  }
  store<u8>(to, <u8>(0xf0 | (code >> 18)));
  store<u8>(to, <u8>(0x80 | ((code >> 12) & 0x3f)), 1);
  store<u8>(to, <u8>(0x80 | ((code >> 6) & 0x3f)), 2);
  store<u8>(to, <u8>(0x80 | (code & 0x3f)), 3);
  return to + 4;
}
