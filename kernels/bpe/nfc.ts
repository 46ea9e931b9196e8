/**
 * Unicode normalisation form C on bytes, for tokenizer files that ask for it (Qwen).
 *
 * `tokenizers` 0.23.2 normalises with Unicode 9 data. Normalisation of a character never changes once it is assigned, so the
 * running Node gives the same answer for all text but characters that are newer: those are left alone and cut the text, which
 * is what they do where they are unknown. Malformed UTF-8 is left as it is. Price: a look at each character; a string where one of them
 * may change, move or join the one before it.
 */
import { charAt, codePointOf, forEachCategoryRun } from "./char-class.ts";
import type { Normalizer } from "./normalizer.ts";
import { NFC_OPAQUE } from "./unicode.gen.ts";

/** Lead byte of U+0300, the first character that composes or moves. */
const FIRST_LEAD = 0xcc;

/** What normalisation leaves alone, as runs; `more` are further ranges of the kind of NFC_OPAQUE. */
export function opaquePattern(more: readonly number[] = []): RegExp {
  const ranges: string[] = [];
  const add = (first: number, last: number) => ranges.push(`\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`);
  for (let i = 0; i < NFC_OPAQUE.length; i += 2) add(NFC_OPAQUE[i], NFC_OPAQUE[i + 1]);
  for (let i = 0; i < more.length; i += 2) add(more[i], more[i + 1]);
  forEachCategoryRun((category, start, end) => {
    if (category === "Cn") add(start, end - 1);
  });
  return new RegExp(`([${ranges.join("")}]+)`, "u");
}

/** Characters above are looked at as strings: they are rare. */
const TABLE_SIZE = 0x20000;
/** Characters that are asked about at once. */
const CHUNK = 64;

/**
 * 1 for every character that is its own normal form and that no neighbour changes or joins: no mark, no second character of
 * a composition, none that is new. A text of these alone is normal.
 */
function inertCharacters(): Uint8Array {
  const inert = new Uint8Array(TABLE_SIZE);
  forEachCategoryRun((category, start, end) => {
    if (category !== "Cn" && category !== "Cs" && !category.startsWith("M")) inert.fill(1, start, end);
  });
  for (let i = 0; i < NFC_OPAQUE.length; i += 2) inert.fill(0, NFC_OPAQUE[i], NFC_OPAQUE[i + 1] + 1);
  for (let start = 0; start < TABLE_SIZE; start += CHUNK) {
    if (inert.subarray(start, start + CHUNK).includes(1)) excludeComposing(start, inert);
  }
  return inert;
}

/** Clears what changes by itself among the characters from `start` on, and what the others are composed with. */
function excludeComposing(start: number, inert: Uint8Array): void {
  const chunk = String.fromCodePoint(...Array.from({ length: CHUNK }, (_, i) => start + i));
  if (chunk.normalize("NFD") === chunk) return;
  for (const char of chunk) {
    if (char.normalize("NFC") !== char) inert[char.codePointAt(0)!] = 0;
    const [, ...seconds] = char.normalize("NFD");
    for (const second of seconds) if (second.codePointAt(0)! < TABLE_SIZE) inert[second.codePointAt(0)!] = 0;
  }
}

/** Normalises documents; keeps the compiled pattern and codecs. */
export class NfcNormalizer implements Normalizer {
  readonly growth = 3;
  readonly #opaque = opaquePattern();
  readonly #inert = inertCharacters();
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #encoder = new TextEncoder();

  /** The normalised form of `bytes[start, end)`, undefined where it is those bytes. */
  normalize(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    if (this.#isInert(bytes, start, end)) return undefined;
    const text = this.#decode(bytes.subarray(start, end));
    if (text === undefined) return undefined;
    const normal = this.#opaque.test(text)
      ? text
          .split(this.#opaque)
          .map((part, index) => (index % 2 === 1 ? part : part.normalize("NFC")))
          .join("")
      : text.normalize("NFC");
    return normal === text ? undefined : this.#encoder.encode(normal);
  }

  /** Whether a character begins at `p` that nothing before it changes or joins: the text may be cut there. */
  beginsAnew(bytes: Uint8Array, p: number, end: number): boolean {
    const lead = bytes[p];
    if (lead < FIRST_LEAD) return (lead & 0xc0) !== 0x80;
    const size = charAt(bytes, p, end) >> 8;
    return size > 1 && this.#inert[codePointOf(bytes, p, size)] === 1;
  }

  #isInert(bytes: Uint8Array, start: number, end: number): boolean {
    for (let p = start; p < end; ) {
      const lead = bytes[p];
      if (lead < FIRST_LEAD) {
        p++;
        continue;
      }
      const size = charAt(bytes, p, end) >> 8;
      if (size === 1 || this.#inert[codePointOf(bytes, p, size)] !== 1) return false;
      p += size;
    }
    return true;
  }

  #decode(bytes: Uint8Array): string | undefined {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      return undefined;
    }
  }
}
