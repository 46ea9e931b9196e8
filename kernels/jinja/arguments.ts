/**
 * Arguments of functions that templates can call, put in the order of their parameters.
 *
 * Invariant: what Python refuses is refused: one too many, one missing, an unknown name, one given twice.
 */
import { typeError } from "./errors.ts";
import type { Run } from "./run.ts";
import { type CallArguments, Callable, type Value } from "./values.ts";

/** Parameters by name; those from `required` on may be left out. `rest` takes all further positional ones. */
export interface Signature {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly required: number;
}

/** Arguments by the place of their parameter. An argument that is left out is told from one that is undefined. */
export class Arguments {
  readonly #values: readonly Value[];
  readonly #given: readonly boolean[];

  constructor(values: readonly Value[], given: readonly boolean[]) {
    this.#values = values;
    this.#given = given;
  }

  at(index: number): Value {
    return this.#values[index];
  }

  or(index: number, fallback: Value): Value {
    return this.#given[index] === true ? this.#values[index] : fallback;
  }

  has(index: number): boolean {
    return this.#given[index] === true;
  }
}

export function bindArguments({ name, parameters, required }: Signature, args: CallArguments): Arguments {
  if (args.positional.length > parameters.length) {
    throw typeError(`${name}() takes at most ${parameters.length} arguments, ${args.positional.length} were given`);
  }
  const values: Value[] = [...args.positional];
  const given: boolean[] = values.map(() => true);
  for (const [key, value] of args.named) {
    const index = parameters.indexOf(key);
    if (index < 0) throw typeError(`${name}() has no argument '${key}'`);
    if (given[index] === true) throw typeError(`${name}() got argument '${key}' twice`);
    values[index] = value;
    given[index] = true;
  }
  for (let index = 0; index < required; index++) {
    if (given[index] !== true) throw typeError(`${name}() misses argument '${parameters[index]}'`);
  }
  return new Arguments(values, given);
}

/** A function of values by its parameters, as `split(sep?, maxsplit?)` writes them. */
export interface Builtin<Receiver> {
  readonly signature: Signature;
  readonly body: (receiver: Receiver, args: Arguments, run: Run) => Value;
}

/** Reads `name(a, b?, c?)`. */
export function builtin<Receiver>(spelled: string, body: Builtin<Receiver>["body"]): Builtin<Receiver> {
  const [, name = "", list = ""] = /^(\S+?)\((.*)\)$/.exec(spelled) ?? [];
  const parameters = list === "" ? [] : list.split(", ");
  const required = parameters.filter((parameter) => !parameter.endsWith("?")).length;
  return { signature: { name, parameters: parameters.map((each) => each.replace("?", "")), required }, body };
}

export function callBuiltin<Receiver>(
  { signature, body }: Builtin<Receiver>,
  receiver: Receiver,
  args: CallArguments,
  run: Run,
): Value {
  return body(receiver, bindArguments(signature, args), run);
}

/** A builtin by its name, for a table. */
export function byName<Receiver>(...builtins: readonly Builtin<Receiver>[]): ReadonlyMap<string, Builtin<Receiver>> {
  return new Map(builtins.map((each) => [each.signature.name, each]));
}

/** A builtin with its receiver, as a value that can be called later. */
export function bound<Receiver>(method: Builtin<Receiver>, receiver: Receiver): Callable {
  return new Callable(method.signature.name, (run, args) => callBuiltin(method, receiver, args, run));
}
