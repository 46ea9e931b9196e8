/** Numbers and tables for people. Meaning never hangs on colour alone. */

const UNITS = ["", "K", "M", "B", "T"];

/** Significant digits, three if not said, with K, M, B or T: 12.3M. */
export function formatCount(value: number, digits = 3): string {
  let scaled = value;
  let unit = 0;
  // What rounds to 1000 takes the next unit.
  const turn = 1000 - 0.5 * 10 ** (3 - digits);
  while (Math.abs(scaled) >= turn && unit < UNITS.length - 1) {
    scaled /= 1000;
    unit++;
  }
  if (unit === 0) return String(Math.round(scaled * 100) / 100);
  return `${scaled.toPrecision(digits)}${UNITS[unit]}`;
}

/** Decimal megabytes and their kin: 12.3 MB. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let scaled = bytes;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return `${unit === 0 ? scaled : scaled.toPrecision(3)} ${units[unit]}`;
}

export function formatPercent(ratio: number, digits = 1): string {
  return Number.isFinite(ratio) ? `${(ratio * 100).toFixed(digits)} %` : "-";
}

export function formatInteger(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** `1 task`, `2,000 tasks`. The library has its own, which would have to be loaded first. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatInteger(count)} ${count === 1 ? one : many}`;
}

export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "--:--";
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const two = (value: number): string => String(value).padStart(2, "0");
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** Left-aligns the first column, right-aligns the others where `right` says so. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[], indent = "  "): string {
  const columns = header.map((title, column) => {
    const cells = rows.map((row) => row[column] ?? "");
    return {
      width: Math.max(title.length, ...cells.map((cell) => cell.length)),
      isNumeric: rows.length > 0 && cells.every((cell) => /^[-+]?[\d.,]+( ?[%a-zA-Z]+)?$|^-$|^$/.test(cell)),
    };
  });
  const line = (cells: readonly string[]): string =>
    indent +
    columns
      .map(({ width, isNumeric }, column) => {
        const cell = cells[column] ?? "";
        return isNumeric ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  return [line(header), ...rows.map(line)].join("\n");
}
