/** Instants, dates, times and durations of table formats as ISO 8601 text, all digits kept. */

/** Decimals of a second that a unit has. */
export type TimeDigits = 0 | 3 | 6 | 9;

/**
 * `value` in units of `10^-digits` seconds since 1970, with `digits` decimals; `zone` is `Z` or empty for a local time.
 */
export function isoInstant(value: bigint, digits: TimeDigits, zone: "Z" | ""): string {
  const unit = 10n ** BigInt(digits);
  const part = ((value % unit) + unit) % unit;
  const date = new Date(Number((value - part) / unit) * 1000);
  if (Number.isNaN(date.getTime())) return String(value);
  return `${date.toISOString().slice(0, -5)}${fraction(part, digits)}${zone}`;
}

/** Days since 1970 as `YYYY-MM-DD`. */
export function isoDate(days: number): string {
  const date = new Date(days * 86_400_000);
  return Number.isNaN(date.getTime()) ? String(days) : date.toISOString().slice(0, -14);
}

/** `value` in units of `10^-digits` seconds since midnight as `hh:mm:ss`, with `digits` decimals. */
export function isoTime(value: bigint, digits: TimeDigits): string {
  const unit = 10n ** BigInt(digits);
  const seconds = value / unit;
  if (value < 0n || seconds >= 86_400n) return String(value);
  const pad = (part: bigint): string => String(part).padStart(2, "0");
  const clock = `${pad(seconds / 3600n)}:${pad((seconds / 60n) % 60n)}:${pad(seconds % 60n)}`;
  return `${clock}${fraction(value % unit, digits)}`;
}

/** A span of time as `PnMnDTn.nS`; months and days are kept apart, as their lengths differ. `seconds` is in units of `10^-digits`. */
export function isoDuration(months: number, days: number, seconds: bigint, digits: TimeDigits): string {
  const unit = 10n ** BigInt(digits);
  const sign = seconds < 0n ? "-" : "";
  const size = seconds < 0n ? -seconds : seconds;
  const part = size % unit === 0n ? "" : fraction(size % unit, digits).replace(/0+$/, "");
  const date = `${months === 0 ? "" : `${months}M`}${days === 0 ? "" : `${days}D`}`;
  if (size === 0n && date !== "") return `P${date}`;
  return `P${date}T${sign}${size / unit}${part}S`;
}

function fraction(part: bigint, digits: TimeDigits): string {
  return digits === 0 ? "" : `.${String(part).padStart(digits, "0")}`;
}
