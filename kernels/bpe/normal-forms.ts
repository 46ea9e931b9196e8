/**
 * Unicode normalisation forms D, KC and KD on bytes, with the data of the reference (form C, which files ask for most, is in `nfc.ts`).
 *
 * `tokenizers` normalises with Unicode 9 data. Normalisation of a character never changes once it is assigned, so the running Node gives the
 * same answer for all text but characters that are newer: those are left alone and cut the text. Malformed UTF-8 is left as it is. Price:
 * nothing for text of ASCII, else a string of the text.
 */
import { opaquePattern } from "./nfc.ts";
import { NFK_OPAQUE } from "./normal-forms.gen.ts";
import { isAscii, StringStep } from "./string-step.ts";

export type NormalForm = "NFD" | "NFKC" | "NFKD";

/** The most bytes that one byte becomes: U+0390 for NFD, U+FDFA for the others. */
const GROWTH: Readonly<Record<NormalForm, number>> = { NFD: 3, NFKC: 11, NFKD: 11 };

export class FormNormalizer extends StringStep {
  readonly growth: number;
  readonly #form: NormalForm;
  readonly #opaque: RegExp;

  constructor(form: NormalForm) {
    super();
    this.#form = form;
    this.growth = GROWTH[form];
    this.#opaque = opaquePattern(form === "NFD" ? [] : NFK_OPAQUE);
  }

  /** Of ASCII alone this is always true; of the rest nothing is said, which only costs time. */
  beginsAnew(bytes: Uint8Array, p: number): boolean {
    return (bytes[p] ?? 0) < 0x80;
  }

  protected concerns(bytes: Uint8Array, start: number, end: number): boolean {
    return !isAscii(bytes, start, end);
  }

  protected change(text: string): string {
    return text
      .split(this.#opaque)
      .map((part, index) => (index % 2 === 1 ? part : part.normalize(this.#form)))
      .join("");
  }
}
