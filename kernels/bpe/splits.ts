/**
 * How matches of a pattern become words: the behaviours of `tokenizers`' splits.
 *
 * A text is gone through as cuts that follow each other without gap, each a match or what lies between two.
 */
export type SplitBehavior = "isolated" | "removed" | "contiguous" | "merged_with_previous" | "merged_with_next";

/** How an expression cuts a text, in order: where each part ends, and whether it is a match. */
export class Cuts {
  readonly ends: number[] = [];
  readonly matches: boolean[] = [];

  clear(): void {
    this.ends.length = this.matches.length = 0;
  }

  add(end: number, isMatch: boolean): void {
    this.ends.push(end);
    this.matches.push(isMatch);
  }
}

/** Calls `keep` for every word that `cuts` of a text from `start` on become. Empty words are not told. */
export function splitCuts(
  { ends, matches }: Cuts,
  start: number,
  behavior: SplitBehavior,
  invert: boolean,
  keep: (start: number, end: number) => void,
): void {
  const isMatch = (i: number) => matches[i] !== invert;
  let from = start;
  for (let i = 0; i < ends.length; i++) {
    const joined = i + 1 < ends.length && joinsNext(behavior, isMatch, i);
    if (joined) continue;
    const dropped = behavior === "removed" && isMatch(i);
    if (!dropped && ends[i] > from) keep(from, ends[i]);
    from = ends[i];
  }
}

/** Whether span `i` and the one behind it are of one word. Two matches in a row may only come of one character each. */
function joinsNext(behavior: SplitBehavior, isMatch: (i: number) => boolean, i: number): boolean {
  switch (behavior) {
    case "contiguous":
      return isMatch(i) === isMatch(i + 1);
    case "merged_with_previous":
      return isMatch(i + 1) && !isMatch(i);
    case "merged_with_next":
      return isMatch(i) && !isMatch(i + 1);
    default:
      return false;
  }
}
