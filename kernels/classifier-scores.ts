/**
 * Scores of classifiers: from a row of logits to one number, and that as an integer.
 *
 * Invariant: integers are rounded as Python's `round` does it, a half to the even one, which FineWeb-Edu's makers used. Price: nothing.
 */
import { exp } from "./fasttext/floats.ts";

/** What becomes of logits: nothing; or a probability, among all labels or for itself. */
export const ACTIVATIONS = ["none", "softmax", "sigmoid"] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** The score of label `label` of `labels` logits that begin at `start`. */
export function classifierScore(
  logits: Float32Array,
  start: number,
  labels: number,
  label: number,
  activation: Activation,
): number {
  const logit = logits[start + label];
  if (activation === "none") return logit;
  if (activation === "sigmoid") return Math.fround(1 / (1 + exp(Math.min(700, -logit))));
  let max = -Infinity;
  for (let i = 0; i < labels; i++) max = Math.max(max, logits[start + i]);
  let sum = 0;
  for (let i = 0; i < labels; i++) sum += exp(logits[start + i] - max);
  return Math.fround(exp(logit - max) / sum);
}

/** `score` between the bounds, rounded, a half to the even integer. */
export function integerScore(score: number, min: number, max: number): number {
  const bounded = Math.max(min, Math.min(score, max));
  const down = Math.floor(bounded);
  const rest = bounded - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
}
