/**
 * Where the registrable domain of a plain host begins, and hashes of what stands in a URL.
 *
 * A plain host follows `http://` or `https://`, has small ASCII letters, digits, hyphens and dots, ends within the first 64 bytes, and ends in a name that the table of suffixes has.
 * Invariant: what the tables cannot settle is an odd host. Price: some 20 steps on masks, and the hashes.
 */

const SUFFIX_SLOTS: usize = 1 << 13;
/** Names behind the last dot, and suffixes of two labels, of at most 8 bytes: 8 of the name, 4 of its kind, 4 free. */
const SUFFIXES: usize = memory.data(16 << 13, 16);
/** Bits for the last two labels of suffixes of two labels or more. */
const PAIR_FILTER: usize = memory.data(1 << 13, 16);

/** Kinds of names: a suffix that no other ends in; none itself, but others end in it; two labels, that no other ends in. 2 is a suffix that others end in. */
const ALONE: u32 = 1;
const ONLY_OTHERS: u32 = 3;
const TWO_LABELS: u32 = 4;

const ODD_HOST: u32 = 4;
const DOMAIN_SHIFT: u32 = 8;
const END_SHIFT: u32 = 16;
const HOST_SHIFT: u32 = 24;

export function suffixesAddress(): usize {
  return SUFFIXES;
}
export function suffixSlots(): u32 {
  return <u32>SUFFIX_SLOTS;
}
export function pairFilterAddress(): usize {
  return PAIR_FILTER;
}

/**
 * Where the URL at `start` has a plain host, where from `start` on its registrable domain begins, where it ends and where it begins, and the hashes of domain and host at `hashes`;
 * {@link ODD_HOST} where it has not. `plain` has the first 64 bytes that are of a plain host, `dots` those that are dots.
 */
export function flagsOfHost(start: usize, end: usize, plain: u64, dots: u64, hashes: usize): u32 {
  store<u64>(hashes, 0);
  if (end - start < 12 || load<u32>(start) != 0x70747468) return ODD_HOST;
  // `://`, behind an `s` or not.
  const scheme: usize = load<u8>(start, 4) == 0x73 ? 8 : 7;
  const from = start + scheme;
  if ((load<u32>(from - 4) & 0xffffff00) != 0x2f2f3a00) return ODD_HOST;
  const length = <usize>ctz(~(plain >> <u64>scheme));
  const to = from + length;
  if (length == 0 || scheme + length >= 64) return ODD_HOST;
  if (to < end) {
    const border = load<u8>(to);
    if (border != 0x2f && border != 0x3f && border != 0x23) return ODD_HOST;
  }
  const inHost = (dots >> <u64>scheme) & (((<u64>1) << (<u64>length)) - 1);
  // No label is empty.
  if (inHost == 0 || (inHost & (inHost >> 1)) != 0 || (inHost & 1) != 0) return ODD_HOST;
  const last = lastOf(inHost);
  if (last + 1 == <i32>length) return ODD_HOST;
  const others = inHost ^ ((<u64>1) << (<u64>last));
  const second = lastOf(others);
  let domain = second + 1;
  const kind = kindOf(from + last + 1, to);
  if (kind == 0) return ODD_HOST;
  if (kind != ALONE) {
    const pair = from + second + 1;
    if (hasPair(hashOf(pair, to))) {
      if (second < 0 || kindOf(pair, to) != TWO_LABELS) return ODD_HOST;
      domain = lastOf(others ^ ((<u64>1) << (<u64>second))) + 1;
    } else if (kind == ONLY_OTHERS) return ODD_HOST;
  }
  const hash = hashOf(from + domain, to);
  store<u32>(hashes, hash);
  store<u32>(hashes, domain == 0 ? hash : hashOf(from, to), 4);
  const at = <u32>scheme;
  return ((at + <u32>domain) << DOMAIN_SHIFT) | ((at + <u32>length) << END_SHIFT) | (at << HOST_SHIFT);
}

/** The highest bit that is set; -1 where none is. */
function lastOf(bits: u64): i32 {
  return 63 - <i32>clz(bits);
}

/** The kind of the name from `start` to `end`; 0 where it is not in the table. */
function kindOf(start: usize, end: usize): u32 {
  const length = <u64>(end - start);
  if (length > 8) return 0;
  const name = load<u64>(start) & (length == 8 ? ~0 : ((<u64>1) << (length << 3)) - 1);
  let at = SUFFIXES + (slotOf(name) << 4);
  // An empty slot is of no kind.
  while (load<u64>(at) != 0 && load<u64>(at) != name)
    at = SUFFIXES + ((at + 16 - SUFFIXES) & ((SUFFIX_SLOTS << 4) - 1));
  return load<u32>(at, 8);
}

function slotOf(name: u64): usize {
  return <usize>(((<u32>name ^ (<u32>(name >> 32) * 0xc2b2ae35)) * 0x9e3779b1) >>> 19);
}

function hasPair(hash: u32): bool {
  const at = hash >>> 16;
  return ((<u32>load<u8>(PAIR_FILTER + (at >>> 3)) >>> (at & 7)) & 1) != 0;
}

/** As lineHash of kernels/url/line-set.ts. */
export function hashOf(start: usize, end: usize): u32 {
  let hash = <u32>(end - start);
  let at = start;
  let other: u32 = 0x01000193;
  for (; at + 8 <= end; at += 8) {
    hash = (hash ^ load<u32>(at)) * 0x85ebca6b;
    hash ^= hash >>> 15;
    other = (other ^ load<u32>(at, 4)) * 0x9e3779b1;
    other ^= other >>> 15;
  }
  if (at + 4 <= end) {
    hash = (hash ^ load<u32>(at)) * 0x85ebca6b;
    hash ^= hash >>> 15;
    at += 4;
  }
  hash = (hash * 0x01000193) ^ other;
  for (; at < end; at++) hash = hash * 0x01000193 + <u32>load<u8>(at) + 1;
  hash = (hash ^ (hash >>> 16)) * 0xc2b2ae35;
  hash = (hash ^ (hash >>> 13)) * 0x9e3779b1;
  return hash ^ (hash >>> 16);
}
