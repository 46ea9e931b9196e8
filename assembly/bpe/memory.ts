/** Memory of the encoder: allocated once, at load, and never freed. Blocks are 64-byte aligned, so table lines are cache lines. */

let top: usize = 0;

/** `bytes` zeroed bytes; traps where the engine refuses to grow the memory. */
export function allocate(bytes: usize): usize {
  if (top == 0) top = aligned(__heap_base);
  const start = top;
  top = aligned(top + bytes);
  const missing = <i32>((top + 0xffff) >>> 16) - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) unreachable();
  return start;
}

function aligned(address: usize): usize {
  return (address + 63) & ~63;
}
