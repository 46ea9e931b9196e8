/** English contractions: `'s|'t|'re|'ve|'m|'ll|'d`. */

/** Length of the contraction whose apostrophe is at `p`, 0 where there is none; lower case only. */
@inline
export function contraction(p: usize, end: usize): u32 {
  return lengthOf(p, end, 0);
}

/** The same in any letter case, and then with U+017F, which folds to `s`. */
@inline
export function contractionInAnyCase(p: usize, end: usize): u32 {
  if (p + 2 < end && load<u16>(p, 1) == 0xbfc5) return 3;
  return lengthOf(p, end, 0x20);
}

@inline
function lengthOf(p: usize, end: usize, fold: u32): u32 {
  if (p + 1 >= end) return 0;
  const first = <u32>load<u8>(p, 1) | fold;
  if (first == 0x73 || first == 0x74 || first == 0x6d || first == 0x64) return 2; // s t m d
  if (p + 2 >= end) return 0;
  const second = <u32>load<u8>(p, 2) | fold;
  if (second == 0x65) return first == 0x72 || first == 0x76 ? 3 : 0; // re ve
  return first == 0x6c && second == 0x6c ? 3 : 0; // ll
}
