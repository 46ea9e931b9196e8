/** Is every document on its side? Content hashes of stored documents against the rule that holds them out. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { entryAt } from "../batch/entry.ts";
import { decodeArrow } from "../io/formats/arrow-table.ts";
import { HeldOut } from "../kernels/random/held-out.ts";

/** What is wrong with a table of documents that must all be held out, or none, or undefined. */
export async function sideProblem(
  store: string,
  path: string,
  { seed, share }: { readonly seed: number; readonly share: number },
  heldOut: boolean,
): Promise<string | undefined> {
  const { rows, columns } = decodeArrow(await readFile(join(store, path)), path);
  // A table without rows has no columns either.
  if (rows === 0) return undefined;
  const hash = columns.get("hash");
  if (hash?.kind !== "int64") return "has no content hashes";
  const words = new Int32Array(hash.values.buffer, hash.values.byteOffset, hash.values.length * 2);
  const side = new HeldOut(seed, share);
  for (let row = 0; row < hash.values.length; row++) {
    const low = entryAt(words, 2 * row, "half of a hash");
    const high = entryAt(words, 2 * row + 1, "half of a hash");
    if (side.has(low, high) === heldOut) continue;
    return heldOut
      ? `document ${row} is not held out by its content`
      : `document ${row} is held out, and is trained on`;
  }
  return undefined;
}
