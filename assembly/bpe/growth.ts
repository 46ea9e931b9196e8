/**
 * Doubling of an open-addressing table of 64-byte lines, in place.
 *
 * Lines are probed one after another and entries never leave, so a line that is not full ends a cluster: whatever lies in the full lines
 * before it and in it was named by a hash of one of these. Taken out and put back under the larger mask, the entries of a cluster
 * fall into its own lines and into those as far up in the new half: clusters do not meet. Scratch: one cluster.
 */
const LINE: u32 = 64;
/** Longest cluster, in bytes; a table of honest words has none near it. */
const CLUSTER: i32 = 1 << 15;

const SCRATCH: usize = memory.data(CLUSTER, 64);

/**
 * Spreads a table of `bytes` at `table` over twice as many, which are zero behind it; false where a cluster is too long to be moved, and then
 * entries are lost.
 *
 * @param isFull whether the line at an address is full
 * @param put puts a line's entries where they belong under the new mask, which the caller has set
 */
export function spread(table: usize, bytes: u32, isFull: (line: usize) => bool, put: (line: usize) => void): bool {
  const mask = bytes - LINE;
  let line: u32 = 0;
  while (isFull(table + line)) line += LINE;
  let held: u32 = 0;
  for (let left = bytes; left != 0; left -= LINE) {
    line = (line + LINE) & mask;
    if (held == CLUSTER) return false;
    const ends = !isFull(table + line);
    memory.copy(SCRATCH + held, table + line, LINE);
    memory.fill(table + line, 0, LINE);
    held += LINE;
    if (ends) {
      for (let i: u32 = 0; i < held; i += LINE) put(SCRATCH + i);
      held = 0;
    }
  }
  return true;
}
