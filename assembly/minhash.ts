// module
export { usePermutations, resetSignature, foldBlock } from "./minhash-permutations";
import { SHINGLES, MULTIPLIERS, INCREMENTS, SIGNATURE } from "./minhash-permutations";
export function shingleBlock(): usize { return SHINGLES; }
export function multipliers(): usize { return MULTIPLIERS; }
export function increments(): usize { return INCREMENTS; }
export function signature(): usize { return SIGNATURE; }
