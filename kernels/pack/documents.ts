/**
 * Whether token ids are documents: none empty, each ending with the one EOS in it, every id below the vocabulary size.
 *
 * Price: one pass over the ids.
 */
import type { TokenArray } from "./fill.ts";

/** What ids are judged by. */
export interface TokenLimits {
  readonly vocab_size: number;
  readonly eos: number;
}

/**
 * What keeps `ids` from being documents that lie back to back (`ends`: their exclusive ends there), the first of it; or undefined.
 */
export function documentProblem(
  ids: TokenArray,
  ends: ArrayLike<number>,
  { vocab_size, eos }: TokenLimits,
): { readonly document: number; readonly what: string } | undefined {
  let at = 0;
  for (let document = 0; document < ends.length; document++) {
    const end = ends[document];
    if (!(end > at && end <= ids.length)) return { document, what: `ends at token ${end} after starting at ${at}` };
    for (; at < end; at++) {
      const id = ids[at];
      if (id >= vocab_size) return { document, what: `holds id ${id}, and the vocabulary has ${vocab_size}` };
      if ((id === eos) !== (at === end - 1)) {
        return { document, what: id === eos ? "has an EOS inside" : `ends with id ${id} instead of EOS ${eos}` };
      }
    }
  }
  return at === ids.length
    ? undefined
    : { document: ends.length, what: `is not ended: ${ids.length - at} ids are left` };
}
