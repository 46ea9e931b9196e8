/**
 * From logits to probabilities, as fastText works them out.
 *
 * Invariant: floats of 32 bits, rounded where its code rounds them; a score is the probability plus 1e-5. Price: an exponential a label for softmax, a look into a
 * table for the others.
 */
import { exp, log } from "./floats.ts";
import { BadModel } from "./model-file.ts";

const f = Math.fround;
const SIGMOID_STEPS = 512;
const SIGMOID_BOUND = 8;
/** Logits from step to step of the sigmoid. */
export const SIGMOID_STEP = (2 * SIGMOID_BOUND) / SIGMOID_STEPS;

/** exp in 32 bits at `SIGMOID_STEPS` + 1 places, as fastText tabulates it. */
const sigmoids = Float32Array.from({ length: SIGMOID_STEPS + 1 }, (_, i) => {
  const x = f(f((i * 2 * SIGMOID_BOUND) / SIGMOID_STEPS) - SIGMOID_BOUND);
  return 1 / (1 + f(exp(-x)));
});

/** Replaces logits by their share of the sum of exponentials. Throws {@link BadModel}. */
export function softmax(values: Float32Array): void {
  let max = values[0];
  for (let i = 1; i < values.length; i++) max = Math.max(max, values[i]);
  if (Number.isNaN(max)) throw notANumber();
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] = exp(f(values[i] - max));
    sum = f(sum + values[i]);
  }
  for (let i = 0; i < values.length; i++) values[i] /= sum;
}

/** fastText's sigmoid: a table. Throws {@link BadModel}. */
export function sigmoid(x: number): number {
  if (Number.isNaN(x)) throw notANumber();
  if (x < -SIGMOID_BOUND) return 0;
  if (x > SIGMOID_BOUND) return 1;
  return sigmoids[Math.trunc(f(f(f(f(x + SIGMOID_BOUND) * SIGMOID_STEPS) / SIGMOID_BOUND) / 2))];
}

/** Whether `x` may move by `distance` without another value of {@link sigmoid}. */
export function isInsideStep(x: number, distance: number): boolean {
  const step = (x + SIGMOID_BOUND) / SIGMOID_STEP;
  return Math.abs(step - Math.round(step)) > distance / SIGMOID_STEP;
}

/** The logarithm of a score, by which labels are compared. */
export function logScore(probability: number): number {
  return f(log(probability + 1e-5));
}

/** A score of its logarithm. */
export function scoreOfLog(value: number): number {
  return f(exp(value));
}

export function notANumber(): BadModel {
  return new BadModel("it holds a number that is none (NaN)");
}
