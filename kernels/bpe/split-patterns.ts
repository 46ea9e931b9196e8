/** What splits look for: a regular expression, a text, or characters of a kind; each finds the cuts of one word. */
import { ALPHABET } from "./byte-alphabet.ts";
import { charAt, WHITESPACE } from "./char-class.ts";
import { isDigit, isPunctuation } from "./rust-characters.ts";
import type { Cuts } from "./splits.ts";
import { TextOfBytes } from "./text-of-bytes.ts";

/** Kinds of characters that pre-tokenizers have of their own. */
export type CharacterKind = "digits" | "punctuation" | "whitespace";

export interface CutFinder {
  /**
   * Puts the cuts of the word `bytes[start, end)`, not empty, into `cuts`.
   *
   * @param spelled whether the word is read as the byte alphabet spells it, a character a byte
   */
  find(bytes: Uint8Array, start: number, end: number, spelled: boolean, cuts: Cuts): void;
}

/** The matches of a regular expression, as Oniguruma is asked for them: no empty match right behind another. */
export class RegexCuts implements CutFinder {
  readonly #regex: RegExp;
  readonly #decoded = new TextOfBytes();

  /** @param regex global and with the `u` flag */
  constructor(regex: RegExp) {
    this.#regex = regex;
  }

  find(bytes: Uint8Array, start: number, end: number, spelled: boolean, cuts: Cuts): void {
    const decoded = this.#decoded;
    if (spelled) decoded.spell(bytes, start, end, ALPHABET);
    else decoded.decode(bytes, start, end);
    const { text, positions } = decoded;
    const regex = this.#regex;
    let last = 0;
    let lastMatch = -1;
    regex.lastIndex = 0;
    for (let match = regex.exec(text); match !== null; match = regex.exec(text)) {
      const to = match.index + match[0].length;
      if (match[0] === "") {
        regex.lastIndex = to + ((text.codePointAt(to) ?? 0) > 0xffff ? 2 : 1);
        if (to === lastMatch) continue;
      }
      if (match.index !== last) cuts.add(positions[match.index], false);
      cuts.add(positions[to], true);
      last = lastMatch = to;
    }
    if (last !== text.length) cuts.add(end, false);
  }
}

/** Every character of a kind is a match of its own. */
export class CharacterCuts implements CutFinder {
  readonly #isMember: (bytes: Uint8Array, p: number, char: number) => boolean;
  /** 1 for bytes whose character of the byte alphabet is of the kind. */
  readonly #spelled: Uint8Array;

  constructor(kind: CharacterKind) {
    const isMember = MEMBERS[kind];
    this.#isMember = isMember;
    this.#spelled = Uint8Array.from(ALPHABET, (unit) => {
      const bytes = new TextEncoder().encode(String.fromCharCode(unit));
      return isMember(bytes, 0, charAt(bytes, 0, bytes.length)) ? 1 : 0;
    });
  }

  find(bytes: Uint8Array, start: number, end: number, spelled: boolean, cuts: Cuts): void {
    let last = start;
    for (let p = start; p < end; ) {
      const char = spelled ? 0x100 : charAt(bytes, p, end);
      const after = p + (char >> 8);
      if (spelled ? this.#spelled[bytes[p]] === 1 : this.#isMember(bytes, p, char)) {
        if (last < p) cuts.add(p, false);
        cuts.add(after, true);
        last = after;
      }
      p = after;
    }
    if (last < end) cuts.add(end, false);
  }
}

const MEMBERS: Readonly<Record<CharacterKind, (bytes: Uint8Array, p: number, char: number) => boolean>> = {
  digits: isDigit,
  punctuation: isPunctuation,
  whitespace: (_bytes, _p, char) => (char & WHITESPACE) !== 0,
};
