/**
 * Expressions compiled to closures.
 *
 * Invariant: an expression means what Jinja's code for it means in the sandbox; what Jinja refuses while it compiles is refused then. No code is
 * made of text. Price: one call of a closure a node.
 */

import { callBuiltin } from "./arguments.ts";
import {
  type Argument,
  type CallExpression,
  CONSTANTS,
  type Expression,
  type MemberExpression,
  type SliceExpression,
} from "./ast.ts";
import { attributeOf, itemOf } from "./attributes.ts";
import { TemplateError, typeError } from "./errors.ts";
import { applyFilter } from "./filters.ts";
import { type Code, type Frame, reader } from "./frame.ts";
import { add, BINARY_OPERATORS, signed } from "./operators.ts";
import type { Run } from "./run.ts";
import type { Scope } from "./scopes.ts";
import { sliceOf } from "./sequences.ts";
import { stringMethod } from "./string-methods.ts";
import { isOfTest } from "./tests.ts";
import { TUPLE_END } from "./tokens.ts";
import {
  type CallArguments,
  Callable,
  isDict,
  isTrue,
  iterate,
  NO_ARGUMENTS,
  NO_NAMED,
  ownKey,
  PyFloat,
  Tuple,
  typeName,
  type Value,
} from "./values.ts";

export function compileExpression(node: Expression, scope: Scope): Code {
  const compile = (part: Expression): Code => compileExpression(part, scope);
  switch (node.type) {
    case "StringLiteral":
    case "IntegerLiteral": {
      const { value } = node;
      return () => value;
    }
    case "FloatLiteral": {
      const value = new PyFloat(node.value);
      return () => value;
    }
    case "ArrayLiteral": {
      const items = node.value.map(compile);
      return (frame) => items.map((item) => item(frame));
    }
    case "TupleLiteral": {
      const items = node.value.filter((item) => !isTupleEnd(item)).map(compile);
      return (frame) => new Tuple(items.map((item) => item(frame)));
    }
    case "ObjectLiteral":
      return compileDict(node.value, scope);
    case "Identifier":
      return compileName(node.value, scope);
    case "MemberExpression":
      return compileMember(node, scope);
    case "CallExpression":
      return compileCall(node, scope);
    case "FilterExpression": {
      const operand = compile(node.operand);
      const filter = compileFilter(node.filter, scope);
      return (frame) => filter(operand(frame), frame);
    }
    case "UnaryExpression": {
      const argument = compile(node.argument);
      const operator = node.operator.value;
      if (operator === "not") return (frame) => !isTrue(argument(frame));
      return (frame) => signed(operator, argument(frame));
    }
    case "BinaryExpression":
      return compileBinary(node.operator.value, compile(node.left), compile(node.right));
    case "Ternary": {
      const [condition, then, otherwise] = [compile(node.condition), compile(node.trueExpr), compile(node.falseExpr)];
      return (frame) => (isTrue(condition(frame)) ? then(frame) : otherwise(frame));
    }
    case "SelectExpression": {
      const [test, then] = [compile(node.test), compile(node.lhs)];
      return (frame) => (isTrue(test(frame)) ? then(frame) : undefined);
    }
    default:
      throw new TemplateError("syntax", `the template has an expression in a wrong place`);
  }
}

function isTupleEnd(node: Expression): boolean {
  return node.type === "Identifier" && node.value === TUPLE_END;
}

function compileName(name: string, scope: Scope): Code {
  const constant = CONSTANTS.get(name);
  if (constant !== undefined) return () => constant;
  const slot = scope.find(name);
  if (slot === undefined) throw new Error(`the name ${name} has not been looked at`);
  return reader(slot, scope.layout.level);
}

function compileDict(members: ReadonlyMap<Expression, Expression>, scope: Scope): Code {
  const compiled = Array.from(members, ([key, value]) => [
    compileExpression(key, scope),
    compileExpression(value, scope),
  ]);
  return (frame) => {
    const dict = new Map<Value, Value>();
    for (const [key, value] of compiled) dict.set(ownKey(key(frame)), value(frame));
    return dict;
  };
}

function compileBinary(operator: string, left: Code, right: Code): Code {
  if (operator === "and") {
    return (frame) => {
      const value = left(frame);
      return isTrue(value) ? right(frame) : value;
    };
  }
  if (operator === "or") {
    return (frame) => {
      const value = left(frame);
      return isTrue(value) ? value : right(frame);
    };
  }
  if (operator === "+") return (frame) => add(left(frame), right(frame), frame.run);
  const apply = BINARY_OPERATORS.get(operator);
  if (apply === undefined) throw new TemplateError("syntax", `there is no operator '${operator}'`);
  return (frame) => apply(left(frame), right(frame), frame.run);
}

function compileMember({ object, property, computed }: MemberExpression, scope: Scope): Code {
  const value = compileExpression(object, scope);
  if (!computed) {
    if (property.type === "Identifier") {
      const name = property.value;
      return (frame) => attributeOf(value(frame), name);
    }
    if (property.type !== "IntegerLiteral") throw new TemplateError("syntax", "a name must follow a dot");
  }
  if (property.type === "SliceExpression") return compileSlice(value, property, scope);
  const key = compileExpression(property, scope);
  return (frame) => itemOf(value(frame), key(frame), frame.run);
}

function compileSlice(value: Code, { start, stop, step }: SliceExpression, scope: Scope): Code {
  const [from, to, by] = [start, stop, step].map((part) =>
    part === undefined ? () => null : compileExpression(part, scope),
  );
  return (frame) => sliceOf(value(frame), from(frame), to(frame), by(frame), frame.run);
}

function compileCall(node: CallExpression, scope: Scope): Code {
  const args = compileArguments(node.args, scope);
  const { callee } = node;
  if (callee.type === "MemberExpression" && !callee.computed && callee.property.type === "Identifier") {
    const object = compileExpression(callee.object, scope);
    const name = callee.property.value;
    const method = stringMethod(name);
    return (frame) => {
      const value = object(frame);
      if (typeof value === "string" && method !== undefined) {
        return callBuiltin(method, value, args(frame), frame.run);
      }
      return callValue(attributeOf(value, name), args(frame), frame.run, name);
    };
  }
  const called = compileExpression(callee, scope);
  const name = callee.type === "Identifier" ? callee.value : "the value";
  return (frame) => callValue(called(frame), args(frame), frame.run, name);
}

/** Calls a value; `name` is what the template calls it. */
export function callValue(value: Value, args: CallArguments, run: Run, name: string): Value {
  if (value instanceof Callable) {
    run.step();
    return value.call(run, args);
  }
  if (value === undefined)
    throw new TemplateError("undefined", `'${name}' is undefined, or would change a value, and is called`);
  throw typeError(`'${typeName(value)}' object is not callable: ${name}`);
}

/** The arguments of a call. */
export function compileArguments(args: readonly Argument[], scope: Scope): (frame: Frame) => CallArguments {
  if (args.length === 0) return () => NO_ARGUMENTS;
  const plain = args.map((arg) => (isPlainArgument(arg) ? compileExpression(arg, scope) : undefined));
  const codes = plain.filter((code) => code !== undefined);
  if (codes.length === args.length) {
    return (frame) => ({ positional: codes.map((code) => code(frame)), named: NO_NAMED });
  }
  const parts = args.map((arg) => compileArgument(arg, scope));
  return (frame) => {
    const positional: Value[] = [];
    const named = new Map<string, Value>();
    for (const part of parts) part(frame, positional, named);
    return { positional, named };
  };
}

function isPlainArgument(arg: Argument): arg is Expression {
  return !(
    arg.type === "KeywordArgumentExpression" ||
    arg.type === "SpreadExpression" ||
    arg.type === "KeywordSpreadExpression"
  );
}

type PutArgument = (frame: Frame, positional: Value[], named: Map<string, Value>) => void;

function compileArgument(arg: Argument, scope: Scope): PutArgument {
  if (arg.type === "KeywordArgumentExpression") {
    const value = compileExpression(arg.value, scope);
    const name = arg.key.value;
    return (frame, _, named) => {
      named.set(name, value(frame));
    };
  }
  if (arg.type === "SpreadExpression") {
    const values = compileExpression(arg.argument, scope);
    return (frame, positional) => {
      for (const value of iterate(values(frame))) {
        frame.run.step();
        positional.push(value);
      }
    };
  }
  if (arg.type === "KeywordSpreadExpression") {
    const values = compileExpression(arg.argument, scope);
    return (frame, _, named) => {
      const dict = values(frame);
      if (!isDict(dict)) throw typeError(`argument after ** must be a mapping, not ${typeName(dict)}`);
      for (const [key, value] of dict) {
        if (typeof key !== "string") throw typeError("keywords must be strings");
        if (named.has(key)) throw typeError(`the argument '${key}' is given twice`);
        named.set(key, value);
      }
    };
  }
  if (!isPlainArgument(arg)) throw new TemplateError("syntax", "the template has an argument in a wrong place");
  const value = compileExpression(arg, scope);
  return (frame, positional) => {
    positional.push(value(frame));
  };
}

/** A filter, or a test, which syntax.ts has made one. */
export function compileFilter(node: Expression, scope: Scope): (value: Value, frame: Frame) => Value {
  const [called, args] = node.type === "CallExpression" ? [node.callee, node.args] : [node, []];
  if (called.type !== "Identifier") throw new TemplateError("syntax", "the name of a filter must follow '|'");
  const compiled = compileArguments(args, scope);
  const test = /^is (not )?(\w+)$/.exec(called.value);
  if (test !== null) {
    const wanted = test[1] === undefined;
    const name = test[2];
    return (value, frame) => isOfTest(name, value, compiled(frame), frame.run) === wanted;
  }
  const name = called.value;
  return (value, frame) => applyFilter(name, value, compiled(frame), frame.run);
}
