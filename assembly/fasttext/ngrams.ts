/**
 * Buckets of the n-grams of a word, four of its characters at once.
 *
 * A character is a byte and all bytes behind it that continue one. Invariant: the hash is FNV-1a over signed bytes, the bucket its remainder. The buckets lie by n, then
 * by character: of n-grams that go beyond the word they mean nothing. Price: some two nanoseconds an n-gram.
 */

export const MAX_CHARS: u32 = 1024;
export const MAX_N: u32 = 8;
/** From one n to the next, in bytes; what is written beyond the characters stays within. */
export const STRIDE: usize = 4 * 1032;
const FNV_OFFSET: i32 = 0x811c9dc5;
const FNV_PRIME: i32 = 0x01000193;

/** Bytes of the scratch: four planes of bytes, then the buckets. */
export const SCRATCH_BYTES: usize = (4 + 8 + 1) * STRIDE;

/** First, second, third and fourth bytes of characters, 0 where a character has no such one. */
function plane(scratch: usize, i: usize): usize {
  return scratch + i * STRIDE;
}

/** Where the buckets of n-grams of `n` characters lie. */
export function bucketsOf(scratch: usize, n: u32): usize {
  return scratch + <usize>(3 + n) * STRIDE;
}

/**
 * Makes the buckets of the n-grams of the characters in `[start, end)`, which begin with a first byte. Returns how many characters there are; 0 where they are
 * too many or have more than four bytes, and nothing was made.
 */
export function hashNgrams(
  scratch: usize,
  start: usize,
  end: usize,
  minn: u32,
  maxn: u32,
  buckets: u32,
  magic: u64,
  shift: i32,
): u32 {
  let count: u32 = 0;
  let depth: usize = 0;
  let deepest: usize = 0;
  const first = plane(scratch, 0);
  const cleared = ((<usize>min(end - start, MAX_CHARS)) << 2) + 32;
  for (let at = start; at < end; at++) {
    const byte = <i32>load<i8>(at);
    if (byte >= -64) {
      if (count == MAX_CHARS) return 0;
      store<i32>(first + ((<usize>count) << 2), byte);
      count++;
      depth = 0;
      continue;
    }
    if (++depth > 3) return 0;
    for (; deepest < depth; deepest++) memory.fill(plane(scratch, deepest + 1), 0, cleared);
    store<i32>(plane(scratch, depth) + ((<usize>(count - 1)) << 2), byte);
  }
  const prime = i32x4.splat(FNV_PRIME);
  const divisor = i32x4.splat(<i32>buckets);
  const factor = i32x4.splat(<i32>magic);
  const none = i32x4.splat(0);
  for (let c: u32 = 0; c < count; c += 4) {
    let hash = i32x4.splat(FNV_OFFSET);
    for (let n: u32 = 1; n <= maxn; n++) {
      const at = (<usize>(c + n - 1)) << 2;
      hash = i32x4.mul(v128.xor(hash, v128.load(first + at)), prime);
      for (let i: usize = 1; i <= deepest; i++) {
        const byte = v128.load(plane(scratch, i) + at);
        const next = i32x4.mul(v128.xor(hash, byte), prime);
        hash = v128.bitselect(hash, next, i32x4.eq(byte, none));
      }
      if (n < minn) continue;
      const low = i64x2.shr_u(i64x2.extmul_low_i32x4_u(hash, factor), shift);
      const high = i64x2.shr_u(i64x2.extmul_high_i32x4_u(hash, factor), shift);
      const quotient = v128.shuffle<i32>(low, high, 0, 2, 4, 6);
      const rest = i32x4.sub(hash, i32x4.mul(quotient, divisor));
      v128.store(bucketsOf(scratch, n) + ((<usize>c) << 2), i32x4.min_u(rest, i32x4.sub(rest, divisor)));
    }
  }
  return count;
}
