/** Numbers written in decimal, as JSON and CSV have them, in columns that hold them exactly or as the nearest double. */
import type { CellKind } from "../../io/formats/cells.ts";

const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const INTEGER = /^-?\d{1,19}$/;

/** The number written as `digits` in a column of `kind`, undefined where it is none or does not fit. */
export function parseNumber(digits: string, kind: CellKind): number | bigint | undefined {
  if (kind === "int64") {
    if (!INTEGER.test(digits)) return undefined;
    const value = BigInt(digits);
    return BigInt.asIntN(64, value) === value ? value : undefined;
  }
  if (!NUMBER.test(digits)) return undefined;
  const value = Number(digits);
  return kind === "int32" && (value | 0) !== value ? undefined : value;
}
