/** Looks special tokens up by name, and helps with names that are not there. */
import { RecipeError } from "../../batch/errors.ts";

const LISTED = 12;

/** Levenshtein distance of two short strings. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}

/**
 * The id of special token `name`.
 *
 * @throws RecipeError `recipe/unknown-special-token`, with the nearest name and a list, where there is no such token
 */
export function resolveSpecial(tokens: ReadonlyMap<string, number>, name: string): number {
  const id = tokens.get(name);
  if (id !== undefined) return id;
  const nearest = [...tokens.keys()]
    .map((token) => ({ token, edits: distance(token.toLowerCase(), name.toLowerCase()) }))
    .reduce((best, candidate) => (candidate.edits < best.edits ? candidate : best), { token: "", edits: Infinity });
  const suggestion =
    nearest.edits <= Math.max(3, name.length / 3) ? `did you mean ${JSON.stringify(nearest.token)}? ` : "";
  const listed = [...tokens.keys()].slice(0, LISTED).map((token) => JSON.stringify(token));
  const more = tokens.size > LISTED ? ` and ${tokens.size - LISTED} more` : "";
  throw new RecipeError({
    code: "recipe/unknown-special-token",
    what: `the tokenizer has no special token ${JSON.stringify(name)}`,
    why: "documents would end without a token the trainer knows",
    fix: `${suggestion}${tokens.size === 0 ? "it has no special tokens" : `it has ${listed.join(", ")}${more}`}`,
  });
}
