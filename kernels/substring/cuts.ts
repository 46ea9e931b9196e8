/**
 * From fragments that are duplicates to the bytes that go.
 *
 * `cover` cuts every byte of a duplicate fragment; `whole` only those all of whose fragments are duplicates, so that every content keeps one whole copy.
 * Cuts are rounded inward to characters. Invariant: cuts ascend and do not touch.
 */

export type Keep = "cover" | "whole";

/** Pairs `[from, to)`: ranges of a document's fragments, by where they start. Sorts them and puts together those that touch, in place; returns the pairs left. */
export function unite(pairs: [number, number][]): [number, number][] {
  pairs.sort((a, b) => a[0] - b[0]);
  const united: [number, number][] = [];
  for (const [from, to] of pairs) {
    const last = united.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else united.push([from, to]);
  }
  return united;
}

/** The symbols that go of a document of `symbols`, of whose fragments of `length` those of `fragments` (united) are duplicates. */
export function symbolCuts(
  fragments: readonly (readonly [number, number])[],
  symbols: number,
  length: number,
  keep: Keep,
): [number, number][] {
  const all = symbols - length + 1;
  const cuts: [number, number][] = [];
  for (const [first, end] of fragments) {
    let [from, to] = [first, end + length - 1];
    if (keep === "whole") [from, to] = [first === 0 ? 0 : first + length - 1, end === all ? symbols : end];
    if (from >= to) continue;
    const last = cuts.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = to;
    else cuts.push([from, to]);
  }
  return cuts;
}

/** `cut`, in bytes of `bytes[start, end)`, without the characters that it only has a part of; undefined where nothing is left of it. */
export function wholeCharacters(
  bytes: Uint8Array,
  start: number,
  end: number,
  cut: readonly [number, number],
): [number, number] | undefined {
  let [from, to] = [start + cut[0], start + cut[1]];
  while (from < to && isContinuation(bytes[from])) from++;
  while (to > from && to < end && isContinuation(bytes[to])) to--;
  return from < to ? [from - start, to - start] : undefined;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
