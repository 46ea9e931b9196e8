/**
 * Words and parts of words that a URL must not have.
 *
 * Words are runs of ASCII letters and digits; parts are looked for in what is left when everything else is taken out, small letters for capitals, so that they
 * may reach over what stands between words. Invariant: one pass over the bytes, whatever the number of words. Price: about 3 ns a byte.
 */
import { ByteStrings } from "../byte-strings.ts";

const LETTERS = 36;

/** By byte: the number of its letter or digit from 1 on, 0 for any other. Capitals have the number of their small letter. */
const letterOf = new Uint8Array(256);
for (let i = 0; i < LETTERS; i++) {
  const character = i.toString(LETTERS);
  letterOf[character.charCodeAt(0)] = i + 1;
  letterOf[character.toUpperCase().charCodeAt(0)] = i + 1;
}

/** By byte: 1 for letters and digits, 0 for any other. */
const isLetter = letterOf.map((letter) => Math.min(letter, 1));

/** A line of a word list as it is compared: letters and digits only, small. Empty where it has none. */
export function wordOf(line: string): string {
  return line.replace(/[^a-zA-Z0-9]+/g, "").toLowerCase();
}

/** Letters by which words and parts are told apart at a glance. */
const GRAM = 3;
const LETTER_BITS = 6;
const LETTER_MASK = (1 << LETTER_BITS) - 1;
const GRAMS = 1 << (GRAM * LETTER_BITS);
/** By length of a word that is shorter than a gram: what of the gram at its start belongs to it. */
const GRAM_MASKS = [0, LETTER_MASK << (2 * LETTER_BITS), (GRAMS - 1) ^ LETTER_MASK, GRAMS - 1];
/** Bits of the filter of words. */
const FILTER_BITS = 16;

export interface UrlWordLists {
  /** One of these is too many. */
  readonly banned: readonly string[];
  /** Different ones of these are counted. */
  readonly softBanned: readonly string[];
  /** As part of what the letters and digits of a URL spell, one is too many. */
  readonly parts: readonly string[];
}

export class UrlWords {
  /** Of the URL that was looked at last: the first banned word in it, undefined where there is none. */
  banned: string | undefined;
  softBanned = 0;
  part: string | undefined;
  readonly #lists: UrlWordLists;
  readonly #words: ByteStrings;
  /** Bits for the length and the first letters of words. */
  readonly #filter = new Uint8Array(1 << (FILTER_BITS - 3));
  readonly #parts: PartFinder;
  /** By word: the number of the URL that had it last. */
  readonly #seen: Float64Array;
  #url = 0;
  /** Of the URL at hand, without what stands between words. */
  #letters = new Uint8Array(1024);
  /** Where its bytes that are no letters are. */
  #borders = new Int32Array(1024);
  #word = new Uint8Array(64);

  /** Words as {@link wordOf} gives them; none is empty. */
  constructor(lists: UrlWordLists) {
    const { banned, softBanned, parts } = lists;
    this.#lists = lists;
    // The first of equal strings is found: a word that is in both lists is banned.
    this.#words = ByteStrings.of([...banned, ...softBanned]);
    this.#seen = new Float64Array(banned.length + softBanned.length);
    this.#parts = new PartFinder(parts);
    for (const word of [...banned, ...softBanned]) {
      const gram = gramAt([...lettersOf(word), 0, 0], 0);
      setBit(this.#filter, bitOf(gram, word.length));
    }
  }

  /** Looks at the URL `bytes[start, end)`. With `fold`, capitals of words count as small letters. */
  look(bytes: Uint8Array, start: number, end: number, fold: boolean): void {
    this.banned = undefined;
    this.softBanned = 0;
    this.#url++;
    if (this.#letters.length < end - start + GRAM) this.#grow(end - start + GRAM);
    const letters = this.#letters;
    const borders = this.#borders;
    const letterOfByte = letterOf;
    const isLetterByte = isLetter;
    let letterCount = 0;
    let borderCount = 0;
    // No branches: where words end is what no processor guesses.
    for (let at = start; at < end; at++) {
      const byte = bytes[at];
      const is = isLetterByte[byte];
      letters[letterCount] = letterOfByte[byte];
      borders[borderCount] = at;
      letterCount += is;
      borderCount += is ^ 1;
    }
    // The end of the URL ends a word.
    borders[borderCount] = end;
    this.#lookAtWords(bytes, start, borderCount, fold);
    const part = this.#parts.find(letters, letterCount);
    this.part = part < 0 ? undefined : this.#lists.parts[part];
  }

  #lookAtWords(bytes: Uint8Array, start: number, borderCount: number, fold: boolean): void {
    const letters = this.#letters;
    const borders = this.#borders;
    const filter = this.#filter;
    let wordStart = start;
    for (let border = 0; border <= borderCount; border++) {
      const end = borders[border];
      const length = end - wordStart;
      const gram = gramAt(letters, wordStart - start - border) & GRAM_MASKS[Math.min(length, GRAM)];
      const bit = bitOf(gram, length);
      if ((filter[bit >> 3] & (1 << (bit & 7))) !== 0) this.#takeWord(bytes, wordStart, end, fold);
      wordStart = end + 1;
    }
  }

  #grow(size: number): void {
    this.#letters = new Uint8Array(2 * size);
    this.#borders = new Int32Array(2 * size);
  }

  #takeWord(bytes: Uint8Array, start: number, end: number, fold: boolean): void {
    const position = fold ? this.#findFolded(bytes, start, end) : this.#words.find(bytes, start, end);
    if (position < 0) return;
    const { banned } = this.#lists;
    if (position < banned.length) this.banned ??= banned[position];
    else if (this.#seen[position] !== this.#url) {
      this.#seen[position] = this.#url;
      this.softBanned++;
    }
  }

  #findFolded(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (this.#word.length < length) this.#word = new Uint8Array(2 * length);
    for (let i = 0; i < length; i++) {
      const byte = bytes[start + i];
      this.#word[i] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    }
    return this.#words.find(this.#word, 0, length);
  }
}

interface Place {
  readonly part: number;
  /** Letters of the part before the gram. */
  readonly before: number;
}

/**
 * Finds parts in letters. The shortest part of n letters has n - 2 grams, so of that many grams in a row only one needs to be looked at, and compared with the first n
 * - 2 grams of every part.
 */
class PartFinder {
  readonly #parts: readonly (readonly number[])[];
  /** Parts that have no gram, which are looked for letter by letter. */
  readonly #short: readonly number[];
  readonly #stride: number = 1;
  readonly #filter = new Uint8Array(GRAMS >> 3);
  readonly #places = new Map<number, Place[]>();

  constructor(parts: readonly string[]) {
    this.#parts = parts.map(lettersOf);
    const positions = [...parts.keys()];
    this.#short = positions.filter((part) => parts[part].length < GRAM);
    const long = positions.filter((part) => parts[part].length >= GRAM);
    if (long.length > 0) this.#stride = Math.min(...long.map((part) => parts[part].length)) - GRAM + 1;
    for (const part of long) {
      for (let before = 0; before < this.#stride; before++) {
        const gram = gramAt(this.#parts[part], before);
        setBit(this.#filter, gram);
        const places = this.#places.get(gram);
        if (places === undefined) this.#places.set(gram, [{ part, before }]);
        else places.push({ part, before });
      }
    }
  }

  /** Position of a part in `letters[0, count)`, -1 where there is none. */
  find(letters: Uint8Array, count: number): number {
    const filter = this.#filter;
    const stride = this.#stride;
    for (let at = stride - 1; at + GRAM <= count; at += stride) {
      const gram = gramAt(letters, at);
      if ((filter[gram >> 3] & (1 << (gram & 7))) === 0) continue;
      for (const { part, before } of this.#places.get(gram) ?? []) {
        if (this.#isAt(part, letters, at - before, count)) return part;
      }
    }
    for (const part of this.#short) {
      for (let at = 0; at < count; at++) if (this.#isAt(part, letters, at, count)) return part;
    }
    return -1;
  }

  #isAt(part: number, letters: Uint8Array, at: number, count: number): boolean {
    const own = this.#parts[part];
    if (at < 0 || at + own.length > count) return false;
    for (let i = 0; i < own.length; i++) if (letters[at + i] !== own[i]) return false;
    return true;
  }
}

/** Numbers of the letters and digits of a word, 1 to 36. */
export function lettersOf(word: string): readonly number[] {
  return Array.from(word, (character) => letterOf[character.charCodeAt(0)]);
}

function gramAt(letters: ArrayLike<number>, at: number): number {
  return (letters[at] << (2 * LETTER_BITS)) | (letters[at + 1] << LETTER_BITS) | letters[at + 2];
}

function setBit(bits: Uint8Array, bit: number): void {
  bits[bit >> 3] |= 1 << (bit & 7);
}

function bitOf(gram: number, length: number): number {
  return Math.imul(gram | (length << (GRAM * LETTER_BITS)), 0x9e3779b1) >>> (32 - FILTER_BITS);
}
