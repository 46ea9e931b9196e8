/**
 * Unicode normalisation form C on bytes, for tokenizer files that ask for it (Qwen).
 *
 * `tokenizers` 0.23.2 normalises with Unicode 9 data. Normalisation of a character never changes once it is assigned, so the
 * running Node gives the same answer for all text but characters that are newer: those are left alone and cut the text, which
 * is what they do where they are unknown. Malformed UTF-8 is left as it is. Price: none for text below U+0300, a decode for other.
 */
import { forEachCategoryRun } from "./char-class.ts";
import { NFC_OPAQUE } from "./unicode.gen.ts";

/** Lead byte of U+0300, the first character that composes or moves. */
const FIRST_LEAD = 0xcc;

function opaquePattern(): RegExp {
  const ranges: string[] = [];
  const add = (first: number, last: number) => ranges.push(`\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`);
  for (let i = 0; i < NFC_OPAQUE.length; i += 2) add(NFC_OPAQUE[i], NFC_OPAQUE[i + 1]);
  forEachCategoryRun((category, start, end) => {
    if (category === "Cn") add(start, end - 1);
  });
  return new RegExp(`([${ranges.join("")}]+)`, "u");
}

/** Normalises documents; keeps the compiled pattern and codecs. */
export class NfcNormalizer {
  readonly #opaque = opaquePattern();
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #encoder = new TextEncoder();

  /** The normalised form of `bytes[start, end)`, undefined where it is those bytes. */
  normalize(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    let p = start;
    while (p < end && bytes[p] < FIRST_LEAD) p++;
    if (p === end) return undefined;
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

  #decode(bytes: Uint8Array): string | undefined {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      return undefined;
    }
  }
}
