/**
 * Names of shares of a training stage: a source, or a part of one that is read as a source of its own, `web@q13`.
 *
 * Invariant: no source is called by a name with `@`, so a share always says which source it is of. Sub-sources of a source share its
 * store, and each has documents, windows and epochs of its own.
 */
const MARK = "@";

/** The share of bin `bin`, counted from 0, of `bins`. Names sort as the bins do. */
export function binShare(source: string, bin: number, bins: number): string {
  return `${source}${MARK}q${String(bin).padStart(String(bins - 1).length, "0")}`;
}

/** The source that a share is of. */
export function sourceOfShare(share: string): string {
  const at = share.indexOf(MARK);
  return at < 0 ? share : share.slice(0, at);
}

export function isSubSource(share: string): boolean {
  return share.includes(MARK);
}
