/** Bounds of rules that may be turned off: null compares with nothing. */
import { z } from "zod";

export const ratioBound = z.number().min(0).nullable();
export const countBound = z.int().min(0).nullable();

export function below(value: number, bound: number | null): boolean {
  return bound !== null && value < bound;
}

export function above(value: number, bound: number | null): boolean {
  return bound !== null && value > bound;
}
