/** The normalizers a model names, made from its steps. */
import type { Charsmap } from "./charsmap.ts";
import { NfcNormalizer } from "./nfc.ts";
import { FormNormalizer } from "./normal-forms.ts";
import type { Normalizer } from "./normalizer.ts";
import { Precompiled } from "./precompiled.ts";
import { translateRegex } from "./regex-translate.ts";
import { Lowercase, Prepend, plainBlanks, ReplaceMatches, ReplaceText, Strip, StripAccents } from "./text-steps.ts";

/** One step; steps apply in order, each to what the one before made. */
export type NormalizerStep =
  | { readonly kind: "nfc" | "nfd" | "nfkc" | "nfkd" | "lowercase" | "strip_accents" }
  /** The plain blank for U+2581: no step of a file, but what models are given that know no other blank. */
  | { readonly kind: "plain_blanks" }
  | { readonly kind: "precompiled"; readonly charsmap: Charsmap }
  | { readonly kind: "prepend"; readonly text: string }
  | { readonly kind: "replace"; readonly text: string; readonly content: string }
  | { readonly kind: "replace_matches"; readonly regex: string; readonly content: string }
  | { readonly kind: "strip"; readonly left: boolean; readonly right: boolean };

class NormalizerSequence implements Normalizer {
  readonly growth: number;
  readonly #steps: readonly Normalizer[];

  constructor(steps: readonly Normalizer[]) {
    this.#steps = steps;
    this.growth = steps.reduce((product, step) => product * step.growth, 1);
  }

  normalize(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    let made: Uint8Array | undefined;
    for (const step of this.#steps) {
      made = (made === undefined ? step.normalize(bytes, start, end) : step.normalize(made, 0, made.length)) ?? made;
    }
    return made;
  }
}

function createStep(step: NormalizerStep): Normalizer {
  switch (step.kind) {
    case "nfc":
      return new NfcNormalizer();
    case "nfd":
      return new FormNormalizer("NFD");
    case "nfkc":
      return new FormNormalizer("NFKC");
    case "nfkd":
      return new FormNormalizer("NFKD");
    case "lowercase":
      return new Lowercase();
    case "strip_accents":
      return new StripAccents();
    case "plain_blanks":
      return plainBlanks();
    case "precompiled":
      return new Precompiled(step.charsmap);
    case "prepend":
      return new Prepend(step.text);
    case "replace":
      return new ReplaceText(step.text, step.content);
    case "replace_matches":
      return new ReplaceMatches(translateRegex(step.regex), step.content);
    case "strip":
      return new Strip(step.left, step.right);
  }
}

/** The normalizer of a model, undefined where its text stays as it is. */
export function createNormalizer(steps: readonly NormalizerStep[]): Normalizer | undefined {
  const normalizers = steps.map(createStep);
  return normalizers.length < 2 ? normalizers[0] : new NormalizerSequence(normalizers);
}
