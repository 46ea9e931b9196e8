/**
 * Entries that must be there: a position or a name that the program itself wrote down, such as a task's source or a barrier's group.
 *
 * Invariant: what is missing is a bug and says which entry of what, here; it never goes on as an `undefined` that fails somewhere else. Who is
 * not sure that there is one asks with `?.` or `??` instead. Price: one comparison, so not for loops over tokens or bytes.
 */

/** Entry `index` of `list`; `what` is one entry in words. Throws an Error where there is none. */
export function entryAt<Entry>(list: ArrayLike<Entry>, index: number, what: string): Entry {
  const entry = list[index];
  if (entry === undefined) throw new Error(`there is no ${what} ${index}: there are ${list.length}`);
  return entry;
}

/** Entry `name` of `record`; `what` is one entry in words. Throws an Error where it has none of its own. */
export function entryOf<Entry>(record: Readonly<Record<string, Entry>>, name: string, what: string): Entry {
  const entry = Object.hasOwn(record, name) ? record[name] : undefined;
  if (entry === undefined) throw new Error(`there is no ${what} ${name}`);
  return entry;
}

/** Entry `name` of `record`, or undefined where it has none of its own: names are users', and `constructor` is one. */
export function ownOf<Entry>(record: Readonly<Record<string, Entry>> | undefined, name: string): Entry | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Adds `count` to entry `name` of `sums`. */
export function addCount(sums: Record<string, number>, name: string, count = 1): void {
  sums[name] = (ownOf(sums, name) ?? 0) + count;
}
