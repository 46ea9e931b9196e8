/** Buckets of a pruned model: a bit each, and the row of those that are left by rank. */

/** The row, behind those of words, of a bucket whose bit is set. */
export function keptRow(bucket: u32, kept: usize, ranks: usize, keptRows: usize): u32 {
  const word = (<usize>(bucket >> 5)) << 2;
  const below = load<u32>(kept + word) & ((1 << (bucket & 31)) - 1);
  return load<u32>(keptRows + ((<usize>(load<u32>(ranks + word) + popcnt<u32>(below))) << 2));
}
