/** Records that do not fit a table entry: one after another, all forgotten at once. Position 0 is no record. */
import { allocate } from "./memory";

let start: usize = 0;
let top: usize = 0;
let end: usize = 0;

export function setUpArena(bytes: usize): void {
  start = allocate(bytes);
  end = start + bytes;
  top = start;
}

export function emptyArena(): void {
  top = start;
}

/** Room for `bytes`, or 0 where there is none. */
export function reserve(bytes: usize): usize {
  const at = top;
  const behind = (at + bytes + 7) & ~7;
  if (behind > end) return 0;
  top = behind;
  return at;
}
