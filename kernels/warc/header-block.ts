/**
 * Lines of `Name: value` that end at an empty one, as WARC records and HTTP messages begin with.
 *
 * Invariants: names are told apart without their case; of equal ones the last counts; a line that begins with a blank goes on with the one before; line
 * ends may be CRLF or LF. Price: a string and a map a block.
 */

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** By name in lower case. */
export type Headers = ReadonlyMap<string, string>;

/** Where the block that begins at `from` ends, its empty line included; -1 where `bytes` have no empty line. */
export function headerBlockEnd(bytes: Uint8Array, from: number): number {
  for (let line = from; ; ) {
    const newline = bytes.indexOf(NEWLINE, line);
    if (newline < 0) return -1;
    if (newline === line || (newline === line + 1 && bytes[line] === RETURN)) return newline + 1;
    line = newline + 1;
  }
}

/** The fields of a block, behind its first line; undefined where a line is none. */
export function headersOf(lines: readonly string[]): Headers | undefined {
  const headers = new Map<string, string>();
  let name: string | undefined;
  for (const line of lines) {
    if (line === "") continue;
    if (/^[ \t]/.test(line)) {
      if (name === undefined) return undefined;
      headers.set(name, `${headers.get(name)} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(":");
    if (colon <= 0) return undefined;
    name = line.slice(0, colon).trim().toLowerCase();
    headers.set(name, line.slice(colon + 1).trim());
  }
  return headers;
}
