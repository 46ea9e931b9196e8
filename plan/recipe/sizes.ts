/** Token counts as people write them: `8B`, `1.5M`, `250K`, `4096`. Decimal multiples; exact, never through a float. */

const SIZE = /^(\d+)(?:\.(\d+))?([KMBT]?)$/;
const ZEROS: Readonly<Record<string, number>> = { "": 0, K: 3, M: 6, B: 9, T: 12 };

/** The number of tokens `text` stands for, or undefined where it is not a whole number up to 2^53 - 1. */
export function parseSize(text: string): number | undefined {
  const [, whole, fraction = "", unit = ""] = SIZE.exec(text) ?? [];
  const places = ZEROS[unit];
  if (whole === undefined || places === undefined) return undefined;
  const kept = fraction.replace(/0+$/, "");
  const zeros = places - kept.length;
  if (zeros < 0) return undefined;
  const value = Number(whole + kept + "0".repeat(zeros));
  return Number.isSafeInteger(value) ? value : undefined;
}
