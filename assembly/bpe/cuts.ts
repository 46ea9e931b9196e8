/**
 * Pairs of bytes between which a model of characters may be cut: the host's set (`character-cuts.ts` says why it is exact). A bit a pair, 8 KiB.
 */

const PAIRS: usize = memory.data(1 << 13, 64);

/** Whether anything is cut at all. */
export let cutsAny: bool = false;

/** Takes the host's set. */
export function copyCuts(pairs: usize): void {
  memory.copy(PAIRS, pairs, 1 << 13);
  cutsAny = false;
  for (let at: usize = 0; at < 1 << 13; at++) cutsAny = cutsAny || load<u8>(PAIRS + at) != 0;
}

@inline
export function mayCut(left: u32, right: u32): bool {
  return (((<u32>load<u8>(PAIRS + ((left << 5) | (right >> 3)))) >> (right & 7)) & 1) != 0;
}
