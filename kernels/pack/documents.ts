/**
 * Whether token ids are documents that lie back to back: none empty, each beginning with BOS and ending with EOS where there are these.
 *
 * Price: a few nanoseconds a document. What lies between is not looked at: `ShardContents` counts it where shards are written.
 */
import type { TokenArray } from "./fill.ts";

/** What documents begin and end with. */
export interface DocumentBorders {
  readonly eos: number;
  /** Whether documents end with it. */
  readonly appends_eos: boolean;
  /** Absent where documents begin with their text. */
  readonly bos?: number | undefined;
}

/**
 * What keeps `ids` from being documents that lie back to back (`ends`: their exclusive ends there), the first of it; or undefined.
 */
export function documentProblem(
  ids: TokenArray,
  ends: ArrayLike<number>,
  { eos, appends_eos, bos }: DocumentBorders,
): { readonly document: number; readonly what: string } | undefined {
  const shortest = bos === undefined ? 1 : 2;
  let start = 0;
  for (let document = 0; document < ends.length; document++) {
    const end = ends[document];
    if (!(end > start && end <= ids.length))
      return { document, what: `ends at token ${end} after starting at ${start}` };
    if (bos !== undefined && ids[start] !== bos)
      return { document, what: `begins with id ${ids[start]} instead of BOS ${bos}` };
    if (appends_eos && (ids[end - 1] !== eos || end - start < shortest))
      return { document, what: `ends with id ${ids[end - 1]} instead of EOS ${eos}` };
    if (end - start < shortest) return { document, what: "has no token but BOS" };
    start = end;
  }
  return start === ids.length
    ? undefined
    : { document: ends.length, what: `is not ended: ${ids.length - start} ids are left` };
}
