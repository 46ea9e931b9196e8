/** "Did you mean": the known name nearest to one that is not known. Price: one Levenshtein matrix row per candidate. */

/** Levenshtein distance in UTF-16 units; a swap of two neighbours counts as one edit, because typing makes it so often. */
export function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(substitution, previous[j] + 1, current[j - 1] + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, older[j - 2] + 1);
      current.push(best);
    }
    older = previous;
    previous = current;
  }
  return previous[b.length];
}

/**
 * The candidate nearest to `name`, or undefined where none is near: at most a third of the letters may differ. A name that is
 * the last part of a candidate (`minhash` for `dedup/minhash`) is near too. Case, `-` and `_` count for nothing.
 */
export function suggest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = normalise(name);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const known = normalise(candidate);
    const last = known.slice(known.lastIndexOf("/") + 1);
    const distance = Math.min(editDistance(wanted, known), editDistance(wanted, last) + (last === known ? 0 : 0.5));
    if (distance <= Math.max(1, Math.max(wanted.length, 3) / 3) && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** The sentence of a `fix:` line for an unknown name: a suggestion where there is one, else what is known. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const known = [...candidates];
  const near = suggest(name, known);
  if (near !== undefined) return `did you mean \`${near}\`?`;
  if (known.length === 0) return "remove it: there is nothing to choose from";
  return `one of ${known.map((candidate) => `\`${candidate}\``).join(", ")}`;
}

function normalise(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, "");
}
