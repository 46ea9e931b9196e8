/**
 * Macros, and the bodies of call blocks, which are macros without a name.
 *
 * Invariant: arguments are bound as Jinja binds them; `varargs`, `kwargs` and `caller` are there where the body names them, and what a macro does
 * not take is an error. A macro sees the variables around it as they are when it is called. Price: a frame a call.
 */
import type { Parameter, Statement } from "./ast.ts";
import { typeError } from "./errors.ts";
import { compileExpression } from "./expressions.ts";
import { type Code, entering, Frame } from "./frame.ts";
import type { CompileBody, Place } from "./place.ts";
import { declareParameters, FrameLayout, lookAt, mentions, parameterName, Scope } from "./scopes.ts";
import { type CallArguments, Callable, Tuple, type Value } from "./values.ts";

interface Bindings {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly slots: readonly number[];
  readonly defaults: readonly (Code | undefined)[];
  /** Positions of what is there only where the body names it. */
  readonly varargs: number | undefined;
  readonly kwargs: number | undefined;
  readonly caller: number | undefined;
}

/** Compiles a macro; the code gives what can be called. */
export function compileMacro(
  name: string,
  parameters: readonly Parameter[],
  body: readonly Statement[],
  place: Place,
  compileBody: CompileBody,
): Code {
  const layout = new FrameLayout(place.scope.layout.level + 1);
  const scope = new Scope(place.scope, layout);
  declareParameters(scope, parameters);
  const extra = (word: string): number | undefined =>
    mentions(body, word) && !parameters.some((each) => parameterName(each) === word)
      ? scope.declare(word).index
      : undefined;
  const [varargs, kwargs, caller] = ["varargs", "kwargs", "caller"].map(extra);
  lookAt(scope, body);
  const bindings: Bindings = {
    name,
    parameters: parameters.map(parameterName),
    slots: parameters.map((each) => scope.find(parameterName(each))?.index ?? 0),
    defaults: parameters.map((each) =>
      each.type === "KeywordArgumentExpression" ? compileExpression(each.value, scope) : undefined,
    ),
    varargs,
    kwargs,
    caller,
  };
  const action = compileBody(body, { scope, inLoop: false, captured: true, template: place.template });
  const enter = entering(scope);
  return (frame) =>
    new Callable(name, (run, args) => {
      const inner = new Frame(layout.size, frame, run, frame.variables);
      enter(inner);
      bind(bindings, args, inner);
      return run.nest(() => run.capture(() => action(inner)));
    });
}

function bind(
  { name, parameters, slots, defaults, varargs, kwargs, caller }: Bindings,
  args: CallArguments,
  frame: Frame,
): void {
  const { positional } = args;
  const named = new Map(args.named);
  for (const [index, parameter] of parameters.entries()) {
    if (index < positional.length) {
      frame.slots[slots[index]] = positional[index];
      if (named.has(parameter)) throw typeError(`macro '${name}' got argument '${parameter}' twice`);
    } else if (named.has(parameter)) {
      frame.slots[slots[index]] = named.get(parameter);
      named.delete(parameter);
    } else frame.slots[slots[index]] = defaults[index]?.(frame);
  }
  const rest = positional.slice(parameters.length);
  if (varargs !== undefined) frame.slots[varargs] = new Tuple(rest);
  else if (rest.length > 0) {
    throw typeError(
      `macro '${name}' takes not more than ${parameters.length} arguments, ${positional.length} were given`,
    );
  }
  if (caller !== undefined) {
    frame.slots[caller] = named.get("caller");
    named.delete("caller");
  }
  if (kwargs !== undefined) frame.slots[kwargs] = new Map<Value, Value>(named);
  else if (named.size > 0) throw typeError(`macro '${name}' takes no argument '${[...named.keys()][0]}'`);
}
