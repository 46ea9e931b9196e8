/**
 * Which variable a name means, decided when a template is compiled.
 *
 * Invariant: as Jinja decides it. A block of its own (the body of a loop, a macro, a call block, a set block) reads the variables around it and
 * writes its own, which start anew each time the block is entered; a macro sees what the variables around it are when it is called.
 * A name that a scope sets only in a branch starts as what it is outside. Price: at run time a variable is a position in an array.
 */
import {
  type Argument,
  CONSTANTS,
  type Expression,
  type Parameter,
  type SliceExpression,
  type Statement,
} from "./ast.ts";

/** A variable: its place in the frame that is `level` macros deep. */
export interface Slot {
  readonly level: number;
  readonly index: number;
}

/** What a variable is when its scope is entered: nothing yet, a variable of the rendering, or that of an outer scope. */
export type Load = "given" | "undefined" | { readonly variable: string } | { readonly outer: Slot };

/** The variables of one macro, or of the template outside of macros. */
export class FrameLayout {
  readonly level: number;
  size = 0;

  constructor(level: number) {
    this.level = level;
  }

  add(): Slot {
    return { level: this.level, index: this.size++ };
  }
}

export class Scope {
  readonly parent: Scope | undefined;
  readonly layout: FrameLayout;
  /** All variables that the scope may have, whatever branch names them. */
  readonly #slots: Map<string, Slot>;
  #known = new Map<string, Slot>();
  #loads = new Map<Slot, Load>();
  #stored = new Set<string>();

  constructor(parent: Scope | undefined, layout: FrameLayout, slots = new Map<string, Slot>()) {
    this.parent = parent;
    this.layout = layout;
    this.#slots = slots;
  }

  find(name: string): Slot | undefined {
    return this.#known.get(name) ?? this.parent?.find(name);
  }

  get loads(): ReadonlyMap<Slot, Load> {
    return this.#loads;
  }

  /** The name is read here. */
  read(name: string): void {
    if (this.find(name) === undefined) this.#define(name, { variable: name });
  }

  /** The name is set here. */
  write(name: string): void {
    this.#stored.add(name);
    if (this.#known.has(name)) return;
    const outer = this.parent?.find(name);
    this.#define(name, outer === undefined ? "undefined" : { outer });
  }

  /** The name is a parameter: whoever enters the scope sets it. */
  declare(name: string): Slot {
    this.#stored.add(name);
    return this.#define(name, "given");
  }

  /** Looks at branches of which at most one is run, and takes over what they name. */
  branch(...branches: readonly ((scope: Scope) => void)[]): void {
    const forks = branches.map((look) => {
      const fork = new Scope(this.parent, this.layout, this.#slots);
      fork.#known = new Map(this.#known);
      fork.#loads = new Map(this.#loads);
      fork.#stored = new Set(this.#stored);
      look(fork);
      return fork;
    });
    const before = new Set(this.#stored);
    for (const fork of forks) {
      for (const [name, slot] of fork.#known) this.#known.set(name, slot);
      for (const [slot, load] of fork.#loads) this.#loads.set(slot, load);
      for (const name of fork.#stored) this.#stored.add(name);
    }
    for (const name of this.#stored) {
      const slot = before.has(name) ? undefined : this.#known.get(name);
      if (slot === undefined) continue;
      const outer = this.parent?.find(name);
      this.#loads.set(slot, outer === undefined ? { variable: name } : { outer });
    }
  }

  #define(name: string, load: Load): Slot {
    const slot = this.#slots.get(name) ?? this.layout.add();
    this.#slots.set(name, slot);
    this.#known.set(name, slot);
    this.#loads.set(slot, load);
    return slot;
  }
}

/** Names of parameters are declared, defaults read. */
export function declareParameters(scope: Scope, parameters: readonly Parameter[]): void {
  for (const parameter of parameters) scope.declare(parameterName(parameter));
  for (const parameter of parameters) if (parameter.type === "KeywordArgumentExpression") look(scope, parameter.value);
}

export function parameterName(parameter: Parameter): string {
  return parameter.type === "Identifier" ? parameter.value : parameter.key.value;
}

/** Looks at the statements of a scope; blocks with a scope of their own are looked at when they are compiled. */
export function lookAt(scope: Scope, body: readonly Statement[]): void {
  for (const statement of body) {
    switch (statement.type) {
      case "If":
        look(scope, statement.test);
        scope.branch(
          (fork) => lookAt(fork, statement.body),
          (fork) => lookAt(fork, statement.alternate),
        );
        break;
      case "Set":
        if (statement.value !== null) look(scope, statement.value);
        lookAtTarget(scope, statement.assignee, (name) => scope.write(name));
        break;
      case "For":
        look(scope, statement.iterable.type === "SelectExpression" ? statement.iterable.lhs : statement.iterable);
        break;
      case "Macro":
        scope.write(statement.name.value);
        break;
      case "CallStatement":
        look(scope, statement.call);
        break;
      case "FilterStatement":
        lookAtFilter(scope, statement.filter);
        break;
      case "Break":
      case "Continue":
      case "Comment":
        break;
      default:
        look(scope, statement);
    }
  }
}

/** Looks at what an assignment writes to: names, tuples of names, attributes of namespaces. */
export function lookAtTarget(scope: Scope, target: Expression, named: (name: string) => void): void {
  if (target.type === "Identifier") named(target.value);
  else if (target.type === "TupleLiteral") for (const each of target.value) lookAtTarget(scope, each, named);
  else if (target.type === "FilterExpression") {
    lookAtFilter(scope, target.filter);
    lookAtTarget(scope, target.operand, named);
  } else look(scope, target);
}

/** The name of a filter is no variable, its arguments may be. */
export function lookAtFilter(scope: Scope, filter: Expression): void {
  if (filter.type === "CallExpression") for (const argument of filter.args) look(scope, argument);
}

/** Looks at an expression: every name in it is read. */
export function look(scope: Scope, node: Expression | Argument | SliceExpression): void {
  if (node.type === "Identifier") {
    if (!CONSTANTS.has(node.value)) scope.read(node.value);
  } else for (const part of partsOf(node)) look(scope, part);
}

/** The expressions right below one; names of filters, attributes and arguments are none. */
export function partsOf(node: Expression | Argument | SliceExpression): (Expression | Argument | SliceExpression)[] {
  switch (node.type) {
    case "ArrayLiteral":
    case "TupleLiteral":
      return [...node.value];
    case "ObjectLiteral":
      return [...node.value].flat();
    case "MemberExpression":
      return node.computed ? [node.object, node.property] : [node.object];
    case "SliceExpression":
      return [node.start, node.stop, node.step].filter((part) => part !== undefined);
    case "CallExpression":
      return [node.callee, ...node.args];
    case "KeywordArgumentExpression":
      return [node.value];
    case "SpreadExpression":
    case "KeywordSpreadExpression":
    case "UnaryExpression":
      return [node.argument];
    case "FilterExpression":
      return [node.operand, ...(node.filter.type === "CallExpression" ? node.filter.args : [])];
    case "BinaryExpression":
      return [node.left, node.right];
    case "Ternary":
      return [node.condition, node.trueExpr, node.falseExpr];
    case "SelectExpression":
      return [node.test, node.lhs];
    default:
      return [];
  }
}

/** Whether a name is written anywhere in a body, in blocks inside it too. */
export function mentions(body: readonly Statement[], name: string): boolean {
  return body.some((statement) => {
    switch (statement.type) {
      case "If":
        return names(statement.test, name) || mentions(statement.body, name) || mentions(statement.alternate, name);
      case "Set":
        return (statement.value !== null && names(statement.value, name)) || mentions(statement.body, name);
      case "For":
        return (
          names(statement.iterable, name) || mentions(statement.body, name) || mentions(statement.defaultBlock, name)
        );
      case "Macro":
        return mentions(statement.body, name);
      case "CallStatement":
        return names(statement.call, name) || mentions(statement.body, name);
      case "FilterStatement":
        return names(statement.filter, name) || mentions(statement.body, name);
      case "Break":
      case "Continue":
      case "Comment":
        return false;
      default:
        return names(statement, name);
    }
  });
}

function names(node: Expression | Argument | SliceExpression, name: string): boolean {
  return node.type === "Identifier" ? node.value === name : partsOf(node).some((part) => names(part, name));
}
