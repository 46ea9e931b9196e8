/**
 * All filters by name, and those that take others by name: `map`, `select`, `reject` and their kin.
 *
 * Invariant: a filter that Jinja has and we do not is told as not supported when it is used. Price: one look-up a call.
 */
import { type Builtin, byName, callBuiltin } from "./arguments.ts";
import { attributePath } from "./attribute-path.ts";
import { TemplateError, typeError, valueError } from "./errors.ts";
import { listFilters } from "./list-filters.ts";
import type { Run } from "./run.ts";
import { isOfTest } from "./tests.ts";
import { formatFilter, numberFilters, textFilters } from "./text-filters.ts";
import { type CallArguments, isTrue, iterate, NO_NAMED, Stream, textOf, type Value } from "./values.ts";

type Filter = (value: Value, args: CallArguments, run: Run) => Value;

const plain: ReadonlyMap<string, Builtin<Value>> = byName(...textFilters, ...numberFilters, ...listFilters);

const ofOthers: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ["format", (value, { positional, named }, run) => formatFilter(value, positional, named, run)],
  ["map", (value, args, run) => new Stream(mapped(value, args, run))],
  ["select", (value, args, run) => new Stream(selected(value, args, run, true, false))],
  ["reject", (value, args, run) => new Stream(selected(value, args, run, false, false))],
  ["selectattr", (value, args, run) => new Stream(selected(value, args, run, true, true))],
  ["rejectattr", (value, args, run) => new Stream(selected(value, args, run, false, true))],
]);

/** `value|name(args)`. Throws where there is no such filter. */
export function applyFilter(name: string, value: Value, args: CallArguments, run: Run): Value {
  run.step();
  const filter = plain.get(name);
  if (filter !== undefined) return callBuiltin(filter, value, args, run);
  const other = ofOthers.get(name);
  if (other === undefined) throw new TemplateError("unsupported", `there is no filter '${name}'`);
  return other(value, args, run);
}

function* mapped(value: Value, args: CallArguments, run: Run): Generator<Value> {
  if (!isTrue(value)) return;
  const map = mapping(args, run);
  for (const item of iterate(value)) {
    run.step();
    yield map(item);
  }
}

function mapping({ positional, named }: CallArguments, run: Run): (item: Value) => Value {
  const [first, ...rest] = positional;
  if (positional.length === 0 && named.has("attribute")) {
    const unknown = [...named.keys()].find((key) => key !== "attribute" && key !== "default");
    if (unknown !== undefined) throw valueError(`Unexpected keyword argument '${unknown}'`);
    return attributePath(named.get("attribute"), run, named.get("default") ?? undefined);
  }
  const name = textOf(first);
  if (name === undefined) throw valueError("map requires a filter argument");
  return (item) => applyFilter(name, item, { positional: rest, named }, run);
}

function* selected(
  value: Value,
  args: CallArguments,
  run: Run,
  wanted: boolean,
  byAttribute: boolean,
): Generator<Value> {
  if (!isTrue(value)) return;
  const positional = [...args.positional];
  if (byAttribute && positional.length === 0) throw valueError("Missing parameter for attribute name");
  const pick = byAttribute ? attributePath(positional.shift(), run) : (item: Value) => item;
  const test = positional.length === 0 ? undefined : textOf(positional[0]);
  if (positional.length > 0 && test === undefined) throw typeError("the name of a test must be a string");
  const testArguments = { positional: positional.slice(1), named: test === undefined ? NO_NAMED : args.named };
  for (const item of iterate(value)) {
    run.step();
    const picked = pick(item);
    const passes = test === undefined ? isTrue(picked) : isOfTest(test, picked, testArguments, run);
    if (passes === wanted) yield item;
  }
}
