/** What `set` and `for` assign to: names, tuples of names, attributes of namespaces. */
import { CONSTANTS, type Expression } from "./ast.ts";
import { TemplateError, typeError, valueError } from "./errors.ts";
import { compileExpression } from "./expressions.ts";
import type { Frame } from "./frame.ts";
import { setAttribute } from "./globals.ts";
import type { Scope } from "./scopes.ts";
import { listOf, Namespace, typeName, type Value } from "./values.ts";

export type Put = (frame: Frame, value: Value) => void;

/** The names in it must have been looked at. */
export function compileTarget(target: Expression, scope: Scope): Put {
  if (target.type === "Identifier") {
    if (CONSTANTS.has(target.value)) throw new TemplateError("syntax", `cannot assign to '${target.value}'`);
    const slot = scope.find(target.value);
    if (slot === undefined || slot.level !== scope.layout.level) {
      throw new TemplateError("syntax", `cannot assign to '${target.value}'`);
    }
    const { index } = slot;
    return ({ slots }, value) => {
      slots[index] = value;
    };
  }
  if (target.type === "TupleLiteral") return compileUnpacking(target.value, scope);
  if (target.type === "MemberExpression" && !target.computed && target.property.type === "Identifier") {
    const object = compileExpression(target.object, scope);
    const name = target.property.value;
    return (frame, value) => {
      const namespace = object(frame);
      if (!(namespace instanceof Namespace)) throw typeError("cannot assign attribute on non-namespace object");
      setAttribute(namespace.attributes, name, value);
    };
  }
  throw new TemplateError("syntax", "the template assigns to what is no name");
}

function compileUnpacking(targets: readonly Expression[], scope: Scope): Put {
  const puts = targets.map((target) => compileTarget(target, scope));
  return (frame, value) => {
    if (value === null || typeof value === "number" || typeof value === "boolean") {
      throw typeError(`cannot unpack non-iterable ${typeName(value)} object`);
    }
    const items = listOf(value);
    if (items.length !== puts.length) {
      throw valueError(`${puts.length} values are expected to unpack, there are ${items.length}`);
    }
    for (const [index, put] of puts.entries()) put(frame, items[index]);
  };
}
