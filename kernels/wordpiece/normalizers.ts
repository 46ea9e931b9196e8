/**
 * BERT's normalizer: what goes from a text before it is cut into words.
 *
 * Invariant: texts become what `tokenizers` makes of them, whatever the running Node knows of Unicode. Price: a string of the text for each step that concerns it.
 */

import { FormNormalizer } from "../bpe/normal-forms.ts";
import type { Normalizer } from "../bpe/normalizer.ts";
import { isAscii, StringStep } from "../bpe/string-step.ts";
import { Lowercase } from "../bpe/text-steps.ts";
import { BLANKS, IDEOGRAPHS, NONSPACING, REMOVED } from "./characters.gen.ts";

/** What BertNormalizer's options are. */
export interface BertOptions {
  readonly cleanText: boolean;
  readonly handleChineseChars: boolean;
  readonly stripAccents: boolean;
  readonly lowercase: boolean;
}

function characters(ranges: readonly number[]): RegExp {
  let set = "";
  for (let i = 0; i < ranges.length; i += 2) {
    set += `\\u{${ranges[i].toString(16)}}-\\u{${ranges[i + 1].toString(16)}}`;
  }
  return new RegExp(`[${set}]`, "gu");
}

/** Takes control characters out, and makes blanks of white space. */
class CleanText extends StringStep {
  readonly growth = 1;
  readonly #removed = characters(REMOVED);
  readonly #blanks = characters(BLANKS);

  protected concerns(): boolean {
    return true;
  }

  protected change(text: string): string {
    return text.replace(this.#removed, "").replace(this.#blanks, " ");
  }
}

/** Puts blanks around ideographs. */
class SpreadIdeographs extends StringStep {
  readonly growth = 2;
  readonly #ideographs = characters(IDEOGRAPHS);

  protected concerns(bytes: Uint8Array, start: number, end: number): boolean {
    return !isAscii(bytes, start, end);
  }

  protected change(text: string): string {
    return text.replace(this.#ideographs, " $& ");
  }
}

/** Takes accents out of text in form D. */
class StripNonspacing extends StringStep {
  readonly growth = 1;
  readonly #marks = characters(NONSPACING);

  protected concerns(bytes: Uint8Array, start: number, end: number): boolean {
    return !isAscii(bytes, start, end);
  }

  protected change(text: string): string {
    return text.replace(this.#marks, "");
  }
}

/** The steps, in their order. */
export function bertNormalizers(options: BertOptions): readonly Normalizer[] {
  return [
    ...(options.cleanText ? [new CleanText()] : []),
    ...(options.handleChineseChars ? [new SpreadIdeographs()] : []),
    ...(options.stripAccents ? [new FormNormalizer("NFD"), new StripNonspacing()] : []),
    ...(options.lowercase ? [new Lowercase()] : []),
  ];
}
