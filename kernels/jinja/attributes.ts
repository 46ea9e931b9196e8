/**
 * `value.name` and `value[key]` as Jinja's immutable sandbox gives them.
 *
 * Invariant: with a dot a method comes before a key of the same name, with brackets behind it. What would change a value is undefined. What Python
 * has and we do not is told as not supported.
 */
import { type Builtin, bound, builtin, byName, callBuiltin } from "./arguments.ts";
import { isEqual } from "./compare.ts";
import { typeError, unsupported, valueError } from "./errors.ts";
import { escapeHtml } from "./html.ts";
import { numericOf } from "./numbers.ts";
import type { Run } from "./run.ts";
import { elementOf } from "./sequences.ts";
import { isMissingStringMethod, stringMethod } from "./string-methods.ts";
import {
  Callable,
  type Dict,
  DictView,
  dictKey,
  isDict,
  isList,
  Loop,
  Markup,
  Namespace,
  Range,
  Tuple,
  textOf,
  undefinedError,
  type Value,
} from "./values.ts";

const dictMethods = byName<Dict>(
  builtin("copy()", (dict) => dict),
  builtin("get(key, default?)", (dict, args) => {
    const key = dictKey(args.at(0));
    return dict.has(key) ? dict.get(key) : args.or(1, null);
  }),
  builtin("items()", (dict) => new DictView("items", dict)),
  builtin("keys()", (dict) => new DictView("keys", dict)),
  builtin("values()", (dict) => new DictView("values", dict)),
);

const listMethods = byName<readonly Value[]>(
  builtin("copy()", (items) => items),
  builtin("count(value)", (items, args, run) => items.filter((item) => isEqual(item, args.at(0), run)).length),
  builtin("index(value)", (items, args, run) => {
    const found = items.findIndex((item) => isEqual(item, args.at(0), run));
    if (found < 0) throw valueError("the value is not in the list");
    return found;
  }),
);

/** Attributes of numbers that Python has. */
const NUMBER_ATTRIBUTES: ReadonlySet<string> = new Set(
  "as_integer_ratio bit_count bit_length conjugate denominator hex imag is_integer numerator real to_bytes".split(" "),
);

/** `value.name`. */
export function attributeOf(value: Value, name: string): Value {
  if (value === undefined && !/^__.*__$/.test(name)) throw undefinedError(`'${name}'`);
  return methodOf(value, name) ?? (isDict(value) ? value.get(name) : fieldOf(value, name));
}

/** `value[key]`. */
export function itemOf(value: Value, key: Value, run: Run): Value {
  if (value === undefined) throw undefinedError("an item");
  if (isDict(value)) {
    if (typeof key === "string") return value.has(key) ? value.get(key) : methodOf(value, key);
    return isList(key) || isDict(key) ? undefined : value.get(dictKey(key));
  }
  return typeof key === "string" ? attributeOf(value, key) : elementOf(value, key, run);
}

function methodOf(value: Value, name: string): Callable | undefined {
  if (isDict(value)) return boundFrom(dictMethods, value, name);
  const text = textOf(value);
  if (text !== undefined) {
    if (isMissingStringMethod(name)) throw unsupported(`the method str.${name}`);
    const method = stringMethod(name);
    if (method === undefined) return undefined;
    return value instanceof Markup ? markupMethod(method, text) : bound(method, text);
  }
  if (isList(value)) return boundFrom(listMethods, value, name);
  if (value instanceof Tuple && name !== "copy") return boundFrom(listMethods, value.items, name);
  return value instanceof Loop ? loopMethod(value, name) : undefined;
}

/** A method of markup escapes the text it is given, and gives markup. */
function markupMethod(method: Builtin<string>, text: string): Callable {
  return new Callable(method.signature.name, (run, { positional, named }) => {
    const safe = (value: Value): Value => {
      if (typeof value === "string") return escapeHtml(value, run);
      return isList(value) ? value.map(safe) : value;
    };
    const args = {
      positional: positional.map(safe),
      named: new Map([...named].map(([key, value]) => [key, safe(value)])),
    };
    return marked(callBuiltin(method, text, args, run));
  });
}

function marked(value: Value): Value {
  if (typeof value === "string") return new Markup(value);
  if (value instanceof Tuple) return new Tuple(value.items.map(marked));
  return isList(value) ? value.map(marked) : value;
}

function boundFrom<Receiver>(
  methods: ReadonlyMap<string, Builtin<Receiver>>,
  receiver: Receiver,
  name: string,
): Callable | undefined {
  const method = methods.get(name);
  return method === undefined ? undefined : bound(method, receiver);
}

/** What is neither method nor key. */
function fieldOf(value: Value, name: string): Value {
  if (value instanceof Namespace) return value.attributes.get(name);
  if (value instanceof Loop) return loopField(value, name);
  if (value instanceof Range && (name === "start" || name === "stop" || name === "step")) return value[name];
  if (value instanceof Callable && name === "name") return value.name;
  if (NUMBER_ATTRIBUTES.has(name) && numericOf(value) !== undefined) {
    throw unsupported(`the attribute '${name}' of a number`);
  }
  return undefined;
}

function loopField({ items, index0 }: Loop, name: string): Value {
  switch (name) {
    case "index":
      return index0 + 1;
    case "index0":
      return index0;
    case "first":
      return index0 === 0;
    case "last":
      return index0 === items.length - 1;
    case "length":
      return items.length;
    case "revindex":
      return items.length - index0;
    case "revindex0":
      return items.length - index0 - 1;
    case "previtem":
      return index0 === 0 ? undefined : items[index0 - 1];
    case "nextitem":
      return items[index0 + 1];
    case "depth":
      return 1;
    case "depth0":
      return 0;
    default:
      return undefined;
  }
}

/** Methods that take any number of arguments. */
function loopMethod(loop: Loop, name: string): Callable | undefined {
  if (name === "cycle") {
    return new Callable(name, (_, { positional }) => {
      if (positional.length === 0) throw typeError("no items for cycling given");
      return positional[loop.index0 % positional.length];
    });
  }
  if (name !== "changed") return undefined;
  return new Callable(name, (run, { positional }) => {
    const isSame = loop.seen !== undefined && isEqual(loop.seen, positional, run);
    loop.seen = positional;
    return !isSame;
  });
}
