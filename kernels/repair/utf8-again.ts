/**
 * Reads the bytes that a text came from as the UTF-8 that they were, with what happened to them on the way undone.
 *
 * Owns three repairs of bytes: spaces that were no-break spaces (byte A0), sequences of which bytes are lost, and the
 * UTF-8 of Java and of UTF-16 units. They work on strings of one character a byte. Invariant: nothing is guessed where
 * a sequence would be well-formed as it is.
 */
import { LOST } from "./single-byte.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** UTF-8 of U+FFFD. */
const REPLACEMENT = "\xef\xbf\xbd";

/** Continuation bytes but A0, and but 85, which is seldom followed by it. */
const REST = "[\\x80-\\x84\\x86-\\x9f\\xa1-\\xbf]";
const ANY = "[\\x80-\\xbf]";
/**
 * Sequences that would be characters if their space were byte A0: letters and signs that are likely before or with it.
 */
const ALTERED = new RegExp(
  [
    "[\\xc2\\xc3\\xc5\\xce\\xd0\\xd9] ",
    `[\\xe2\\xe3] ${REST}`,
    `[\\xe0-\\xe3]${REST} `,
    `\\xf0 ${ANY}${ANY}`,
    `\\xf0${ANY} ${ANY}`,
    `\\xf0${ANY}${ANY} `,
  ].join("|"),
  "g",
);
/** "à" as a word, or at the beginning of "àquele" and "às": the space behind it is one, and A0 is missing. */
const A_GRAVE = /\xc3 (?! |quele|quela|quilo|s )/g;

const gone = String.raw`\x1a`;
const kept = String.raw`\x1a\x80-\xbf`;
/** Sequences of which bytes are lost: byte 1A, or once in a sequence `?`. */
const LOSSY = new RegExp(
  [
    `[\\xc2-\\xdf]${gone}`,
    "[\\xc2\\xc3]\\?",
    `\\xed[\\xa0-\\xaf][${gone}?]\\xed[\\xb0-\\xbf][?${kept}]`,
    `\\xed[\\xa0-\\xaf][?${kept}]\\xed[\\xb0-\\xbf][${gone}?]`,
    `[\\xe0-\\xef][${gone}?][${kept}]`,
    `[\\xe0-\\xef][${kept}][${gone}?]`,
    `[\\xf0-\\xf4][${gone}?][${kept}][${kept}]`,
    `[\\xf0-\\xf4][${kept}][${gone}?][${kept}]`,
    `[\\xf0-\\xf4][${kept}][${kept}][${gone}?]`,
    gone,
  ].join("|"),
  "g",
);
/** UTF-16 units written as if they were characters. */
const UNIT_PAIR = /\xed([\xa0-\xaf])([\x80-\xbf])\xed([\xb0-\xbf])([\x80-\xbf])/g;

export interface ByteRepairs {
  readonly restoreA0: boolean;
  readonly replaceLossy: boolean;
}

/** The text that `bytes` are in UTF-8, or undefined where they are none. */
export function decodeAgain(bytes: Buffer, { restoreA0, replaceLossy }: ByteRepairs): string | undefined {
  let units = bytes.toString("latin1");
  let changed = false;
  if (restoreA0 && units.search(ALTERED) >= 0) {
    units = units.replace(A_GRAVE, "\xc3\xa0 ").replace(ALTERED, (sequence) => sequence.replaceAll(" ", "\xa0"));
    changed = true;
  }
  if (replaceLossy) {
    if (units.includes(String.fromCharCode(LOST)) || units.includes("?")) {
      units = units.replace(LOSSY, REPLACEMENT);
      changed = true;
    }
  }
  if (units.includes("\xed") || units.includes("\xc0")) {
    units = units.replaceAll("\xc0\x80", "\0").replace(UNIT_PAIR, (_, a: string, b: string, c: string, d: string) => {
      const six = (text: string, mask: number) => text.charCodeAt(0) & mask;
      const codePoint = 0x10000 + ((six(a, 0x0f) << 16) | (six(b, 0x3f) << 10) | (six(c, 0x0f) << 6) | six(d, 0x3f));
      return Buffer.from(String.fromCodePoint(codePoint)).toString("latin1");
    });
    changed = true;
  }
  try {
    return strict.decode(changed ? Buffer.from(units, "latin1") : bytes);
  } catch {
    return undefined;
  }
}
