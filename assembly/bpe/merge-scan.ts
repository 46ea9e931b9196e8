/** Merging of rows of middle length: a linked list, and a scan of all keys for the smallest. Price: quadratic, four keys at a time. */
import { mergedToken } from "./merged-tokens";
import { rankOf } from "./pairs";
import { gather, get, keyOf, KEYS, NEXT, NO_KEY, PREVIOUS, set, SYMBOLS } from "./symbols";

/** Merges the first `count` symbols, 256 at most; writes the tokens from `out` on and returns where they end. */
export function scanAndMerge(count: u32, out: usize): usize {
  for (let i: u32 = 0; i < count; i++) {
    set(KEYS, i, i + 1 < count ? keyOf(rankOf(get(SYMBOLS, i), get(SYMBOLS, i + 1)), i) : NO_KEY);
    set(NEXT, i, i + 1);
    set(PREVIOUS, i, i - 1);
  }
  for (let i = count; (i & 3) != 0; i++) set(KEYS, i, NO_KEY);
  for (let key = smallestKey(count); key < NO_KEY; key = smallestKey(count)) {
    const i = key & 0xff;
    const gone = get(NEXT, i);
    const behind = get(NEXT, gone);
    const token = mergedToken(key >> 8);
    set(SYMBOLS, i, token);
    set(KEYS, gone, NO_KEY);
    set(NEXT, i, behind);
    if (behind < count) {
      set(PREVIOUS, behind, i);
      set(KEYS, i, keyOf(rankOf(token, get(SYMBOLS, behind)), i));
    } else {
      set(KEYS, i, NO_KEY);
    }
    if (i > 0) {
      const before = get(PREVIOUS, i);
      set(KEYS, before, keyOf(rankOf(get(SYMBOLS, before), token), before));
    }
  }
  return gather(count, out);
}

@inline
function smallestKey(count: u32): u32 {
  const end = KEYS + (count << 2);
  let least = v128.load(KEYS);
  for (let at = KEYS + 16; at < end; at += 16) least = i32x4.min_u(least, v128.load(at));
  least = i32x4.min_u(least, i32x4.shuffle(least, least, 2, 3, 0, 1));
  least = i32x4.min_u(least, i32x4.shuffle(least, least, 1, 0, 3, 2));
  return i32x4.extract_lane(least, 0);
}
