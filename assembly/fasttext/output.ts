/**
 * Products of a vector and all rows of the output, four rows side by side.
 *
 * Invariant: each product is a sum of floats in the order of the columns, as fastText has it. Price: four rows a block are in flight at once.
 */

/** A block has `dim` times four floats. `dim` is any number. */
export function multiplyBlocks(blocks: usize, count: u32, dim: u32, vector: usize, out: usize): void {
  const blockBytes = (<usize>dim) << 4;
  let block: u32 = 0;
  let at = blocks;
  for (; block + 4 <= count; block += 4) {
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let c = f32x4.splat(0);
    let d = f32x4.splat(0);
    const second = at + blockBytes;
    const third = second + blockBytes;
    const fourth = third + blockBytes;
    for (let j: usize = 0; j < blockBytes; j += 16) {
      const value = v128.load32_splat(vector + (j >> 2));
      a = f32x4.add(a, f32x4.mul(value, v128.load(at + j)));
      b = f32x4.add(b, f32x4.mul(value, v128.load(second + j)));
      c = f32x4.add(c, f32x4.mul(value, v128.load(third + j)));
      d = f32x4.add(d, f32x4.mul(value, v128.load(fourth + j)));
    }
    v128.store(out, a);
    v128.store(out, b, 16);
    v128.store(out, c, 32);
    v128.store(out, d, 48);
    out += 64;
    at = fourth + blockBytes;
  }
  for (; block < count; block++) {
    let a = f32x4.splat(0);
    for (let j: usize = 0; j < blockBytes; j += 16) {
      a = f32x4.add(a, f32x4.mul(v128.load32_splat(vector + (j >> 2)), v128.load(at + j)));
    }
    v128.store(out, a);
    out += 16;
    at += blockBytes;
  }
}
