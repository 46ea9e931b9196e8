/** The normalizers a model names, made from its steps. */
import { NfcNormalizer } from "./nfc.ts";
import type { Normalizer } from "./normalizer.ts";

/** One step; steps apply in order, each to what the one before made. */
export type NormalizerStep = { readonly kind: "nfc" };

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

/** The normalizer of a model, undefined where its text stays as it is. */
export function createNormalizer(steps: readonly NormalizerStep[]): Normalizer | undefined {
  const normalizers = steps.map(() => new NfcNormalizer());
  return normalizers.length < 2 ? normalizers[0] : new NormalizerSequence(normalizers);
}
