/** Sixteen bytes compared at once, and four such comparisons as the bits of sixty-four. */

/** Bit `i` is lane `i` of the four in order. */
@inline
export function mask(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    <u64>(<u32>i8x16.bitmask(a)) |
    (<u64>(<u32>i8x16.bitmask(b)) << 16) |
    (<u64>(<u32>i8x16.bitmask(c)) << 32) |
    (<u64>(<u32>i8x16.bitmask(d)) << 48)
  );
}

/** Lanes of `x` that are in `[first, first + count)`. */
@inline
export function within(x: v128, first: u8, count: u8): v128 {
  const offset = i8x16.sub(x, i8x16.splat(first));
  return i8x16.eq(i8x16.min_u(offset, i8x16.splat(count - 1)), offset);
}

@inline
export function is(x: v128, byte: u8): v128 {
  return i8x16.eq(x, i8x16.splat(byte));
}
