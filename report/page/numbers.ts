/** Numbers as the page writes them: as the command line does, with no-break spaces and a true minus. */

const NO_BREAK = "\u00a0";

export function integer(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** Three digits, with K, M, B or T: 2.73M. */
export function short(value: number): string {
  const [scaled, unit] = scaledBy(value, ["", "K", "M", "B", "T"]);
  return unit === "" ? integer(scaled) : `${threeDigits(scaled)}${unit}`;
}

export function bytes(value: number): string {
  const [scaled, unit] = scaledBy(value, ["B", "kB", "MB", "GB", "TB", "PB"]);
  return `${unit === "B" ? integer(scaled) : threeDigits(scaled)}${NO_BREAK}${unit}`;
}

export function percent(ratio: number, digits = 2): string {
  return Number.isFinite(ratio) ? `${(ratio * 100).toFixed(digits)}${NO_BREAK}%` : "–";
}

/** A difference of shares, in percentage points. */
export function points(difference: number): string {
  if (Math.abs(difference) < 5e-5) return "0.00";
  return `${difference > 0 ? "+" : "−"}${(Math.abs(difference) * 100).toFixed(2)}`;
}

/** A measured value: whole numbers whole, others with three decimals. */
export function measured(value: number): string {
  const sign = value < 0 ? "−" : "";
  const size = Math.abs(value);
  if (Number.isInteger(size)) return sign + integer(size);
  return sign + (size >= 1000 ? integer(size) : size >= 0.001 ? size.toFixed(3) : size.toPrecision(2));
}

/** A bound as a recipe has it. */
export function bound(value: number): string {
  return value >= 10_000 && Number.isInteger(value) ? integer(value) : String(value).replace("-", "−");
}

export function seconds(value: number): string {
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)}${NO_BREAK}s`;
  const minutes = Math.floor(value / 60);
  if (minutes < 60) return `${minutes}${NO_BREAK}min ${Math.round(value % 60)}${NO_BREAK}s`;
  return `${Math.floor(minutes / 60)}${NO_BREAK}h ${minutes % 60}${NO_BREAK}min`;
}

export function speed(bytesPerSecond: number): string {
  return Number.isFinite(bytesPerSecond) ? `${bytes(bytesPerSecond)}/s` : "–";
}

/** `1 document`, `2,000 documents`. */
export function some(count: number, one: string, many = `${one}s`): string {
  return `${integer(count)} ${count === 1 ? one : many}`;
}

export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** As much of a name as a figure has room for. */
export function shortName(name: string, most = 18): string {
  const characters = [...name];
  return characters.length <= most ? name : `${characters.slice(0, most - 1).join("")}…`;
}

function threeDigits(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

function scaledBy(value: number, units: readonly string[]): readonly [number, string] {
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return [scaled, units[unit] ?? ""];
}
