/** Instants and dates of table formats as ISO 8601 text, all digits kept. */

/**
 * `value` in units of `10^-digits` seconds since 1970, with `digits` decimals; `zone` is `Z` or empty for a local time.
 */
export function isoInstant(value: bigint, digits: 0 | 3 | 6 | 9, zone: "Z" | ""): string {
  const unit = 10n ** BigInt(digits);
  const part = ((value % unit) + unit) % unit;
  const date = new Date(Number((value - part) / unit) * 1000);
  if (Number.isNaN(date.getTime())) return String(value);
  const fraction = digits === 0 ? "" : `.${String(part).padStart(digits, "0")}`;
  return `${date.toISOString().slice(0, -5)}${fraction}${zone}`;
}

/** Days since 1970 as `YYYY-MM-DD`. */
export function isoDate(days: number): string {
  const date = new Date(days * 86_400_000);
  return Number.isNaN(date.getTime()) ? String(days) : date.toISOString().slice(0, -14);
}
