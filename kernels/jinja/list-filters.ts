/**
 * Filters of lists and dicts.
 *
 * Invariant: those that Jinja makes generators of give a {@link Stream}: read once, always true, without a length. Order is stable where Python's is.
 */
import { type Arguments, type Builtin, builtin } from "./arguments.ts";
import { attributePath } from "./attribute-path.ts";
import { compare } from "./compare.ts";
import { typeError, valueError } from "./errors.ts";
import { lower } from "./letter-case.ts";
import { indexOf } from "./numbers.ts";
import { add } from "./operators.ts";
import type { Run } from "./run.ts";
import { charactersOf, codePointLength } from "./strings.ts";
import { strOf } from "./text.ts";
import {
  DictView,
  dictKey,
  isDict,
  isList,
  isTrue,
  iterate,
  Loop,
  listOf,
  Range,
  Stream,
  Tuple,
  textOf,
  typeName,
  undefinedError,
  type Value,
} from "./values.ts";

const length: Builtin<Value>["body"] = (value, _, run) => lengthOf(value, run);

export const listFilters: readonly Builtin<Value>[] = [
  builtin("batch(linecount, fill_with?)", (value, args, run) => new Stream(batches(value, args, run))),
  builtin("count()", length),
  builtin("d(default_value?, boolean?)", fallback),
  builtin("default(default_value?, boolean?)", fallback),
  builtin("dictsort(case_sensitive?, by?, reverse?)", dictSort),
  builtin("first()", (value) => iterate(value)[Symbol.iterator]().next().value),
  builtin("items()", (value) => {
    if (value === undefined) return new Stream([].values());
    if (!isDict(value)) throw typeError("Can only get item pairs from a mapping.");
    return new Stream(listOf(new DictView("items", value)).values());
  }),
  builtin("join(d?, attribute?)", join),
  builtin("last()", (value) => reversed(value)[0]),
  builtin("length()", length),
  builtin("list()", (value, _, run) => copied(value, run)),
  builtin("max(case_sensitive?, attribute?)", (value, args, run) => extreme(value, args, run, 1)),
  builtin("min(case_sensitive?, attribute?)", (value, args, run) => extreme(value, args, run, -1)),
  builtin("reverse()", (value, _, run) => {
    const text = textOf(value);
    run.reserveItems(lengthLeft(value));
    if (text !== undefined) return Array.from(charactersOf(text)).reverse().join("");
    return new Stream((value instanceof Stream ? listOf(value).toReversed() : reversed(value)).values());
  }),
  builtin("slice(slices, fill_with?)", (value, args) => new Stream(slices(value, args))),
  builtin("sort(reverse?, case_sensitive?, attribute?)", sort),
  builtin("sum(attribute?, start?)", (value, args, run) => {
    const pick = picker(args.or(0, null), run);
    let sum = args.or(1, 0);
    for (const item of iterate(value)) sum = add(sum, pick(item), run);
    return sum;
  }),
  builtin("unique(case_sensitive?, attribute?)", (value, args, run) => new Stream(unique(value, args, run))),
];

function lengthOf(value: Value, run: Run): number {
  if (isList(value)) return value.length;
  const text = textOf(value);
  if (text !== undefined) {
    run.spend(text.length);
    return codePointLength(text);
  }
  if (value === undefined) return 0;
  if (isDict(value)) return value.size;
  if (value instanceof Tuple || value instanceof Loop) return value.items.length;
  if (value instanceof Range) return value.length;
  if (value instanceof DictView) return value.dict.size;
  throw typeError(`object of type '${typeName(value)}' has no len()`);
}

function copied(value: Value, run: Run): readonly Value[] {
  run.reserveItems(lengthLeft(value));
  return listOf(value);
}

/** How many items a value has, 0 where that is told while they come. */
function lengthLeft(value: Value): number {
  return textOf(value)?.length ?? (isList(value) ? value.length : 0);
}

function fallback(value: Value, args: Arguments): Value {
  return value === undefined || (isTrue(args.or(1, false)) && !isTrue(value)) ? args.or(0, "") : value;
}

/** From the last item to the first, as Python's `reversed` gives them. */
function reversed(value: Value): readonly Value[] {
  if (value instanceof Stream || value instanceof Loop)
    throw typeError(`'${typeName(value)}' object is not reversible`);
  return listOf(value).toReversed();
}

function join(value: Value, args: Arguments, run: Run): string {
  const separator = strOf(args.or(0, ""), run);
  const pick = picker(args.or(1, null), run);
  const parts: string[] = [];
  let units = 0;
  for (const item of iterate(value)) {
    const text = strOf(pick(item), run);
    units += text.length + separator.length;
    run.grow(units, text.length + separator.length);
    parts.push(text);
  }
  return parts.join(separator);
}

/** Reads an attribute's path of an item; null is the item. */
function picker(attribute: Value, run: Run): (item: Value) => Value {
  return attribute === null ? (item) => item : attributePath(attribute, run);
}

/** What items are ordered by: text without regard to case, unless asked. */
function folded(value: Value): Value {
  const text = textOf(value);
  return text === undefined ? value : lower(text);
}

function sort(value: Value, args: Arguments, run: Run): readonly Value[] {
  const attribute = args.or(2, null);
  const paths = typeof attribute === "string" ? attribute.split(",") : [attribute];
  const picks = paths.map((path) => picker(path, run));
  const fold = isTrue(args.or(1, false)) ? (key: Value) => key : folded;
  const keyed = copied(value, run).map((item) => ({ item, key: picks.map((pick) => fold(pick(item))) }));
  const sign = isTrue(args.or(0, false)) ? -1 : 1;
  return keyed.sort((a, b) => sign * (compare(a.key, b.key, "<", run) || 0)).map(({ item }) => item);
}

function dictSort(value: Value, args: Arguments, run: Run): readonly Value[] {
  if (value === undefined) throw undefinedError("dictsort");
  if (!isDict(value)) throw typeError(`dictsort needs a mapping, not ${typeName(value)}`);
  const by = args.or(1, "key");
  if (by !== "key" && by !== "value") throw valueError('dictsort is by "key" or "value"');
  const fold = isTrue(args.or(0, false)) ? (key: Value) => key : folded;
  const sign = isTrue(args.or(2, false)) ? -1 : 1;
  run.spend(value.size);
  return [...value]
    .map(([key, item]) => ({ pair: new Tuple([key, item]), rank: fold(by === "key" ? key : item) }))
    .sort((a, b) => sign * (compare(a.rank, b.rank, "<", run) || 0))
    .map(({ pair }) => pair);
}

function extreme(value: Value, args: Arguments, run: Run, sign: 1 | -1): Value {
  const fold = isTrue(args.or(0, false)) ? (key: Value) => key : folded;
  const pick = picker(args.or(1, null), run);
  let best: { readonly item: Value; readonly key: Value } | undefined;
  for (const item of iterate(value)) {
    const key = fold(pick(item));
    if (best === undefined || sign * compare(key, best.key, sign > 0 ? ">" : "<", run) > 0) best = { item, key };
  }
  return best?.item;
}

function* unique(value: Value, args: Arguments, run: Run): Generator<Value> {
  const fold = isTrue(args.or(0, false)) ? (key: Value) => key : folded;
  const pick = picker(args.or(1, null), run);
  const seen = new Set<Value>();
  for (const item of iterate(value)) {
    run.step();
    const key = dictKey(fold(pick(item)));
    if (seen.has(key)) continue;
    seen.add(key);
    yield item;
  }
}

function* batches(value: Value, args: Arguments, run: Run): Generator<Value> {
  const size = indexOf(args.at(0)) ?? 0;
  const filler = args.or(1, null);
  let batch: Value[] = [];
  for (const item of iterate(value)) {
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
    batch.push(item);
  }
  if (batch.length === 0) return;
  if (filler !== null) {
    run.reserveItems(Math.max(0, size - batch.length));
    while (batch.length < size) batch.push(filler);
  }
  yield batch;
}

function* slices(value: Value, args: Arguments): Generator<Value> {
  const items = listOf(value);
  const count = indexOf(args.at(0)) ?? 0;
  if (count <= 0) throw valueError("slice needs one part or more");
  const filler = args.or(1, null);
  const size = Math.floor(items.length / count);
  const longer = items.length % count;
  let start = 0;
  for (let part = 0; part < count && part <= items.length + 1000; part++) {
    const end = start + size + (part < longer ? 1 : 0);
    const slice = items.slice(start, end);
    yield filler !== null && part >= longer ? [...slice, filler] : slice;
    start = end;
  }
}
