/**
 * The syntax tree of a template, as the parser of `@huggingface/jinja` makes it.
 *
 * Owns the types only: the package's own do not tell one node from another. Tests are filters here whose name starts with `is `
 * (see syntax.ts), so that they can have arguments.
 */

export type Expression =
  | { readonly type: "StringLiteral"; readonly value: string }
  | { readonly type: "IntegerLiteral" | "FloatLiteral"; readonly value: number }
  | { readonly type: "ArrayLiteral" | "TupleLiteral"; readonly value: readonly Expression[] }
  | { readonly type: "ObjectLiteral"; readonly value: ReadonlyMap<Expression, Expression> }
  | Identifier
  | MemberExpression
  | CallExpression
  | FilterExpression
  | { readonly type: "UnaryExpression"; readonly operator: { readonly value: string }; readonly argument: Expression }
  | {
      readonly type: "BinaryExpression";
      readonly operator: { readonly value: string };
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly type: "Ternary";
      readonly condition: Expression;
      readonly trueExpr: Expression;
      readonly falseExpr: Expression;
    }
  | SelectExpression;

export interface Identifier {
  readonly type: "Identifier";
  readonly value: string;
}

export interface MemberExpression {
  readonly type: "MemberExpression";
  readonly object: Expression;
  readonly property: Expression | SliceExpression;
  /** With brackets. */
  readonly computed: boolean;
}

export interface SliceExpression {
  readonly type: "SliceExpression";
  readonly start?: Expression;
  readonly stop?: Expression;
  readonly step?: Expression;
}

export type Argument =
  | Expression
  | { readonly type: "KeywordArgumentExpression"; readonly key: Identifier; readonly value: Expression }
  | { readonly type: "SpreadExpression" | "KeywordSpreadExpression"; readonly argument: Expression };

export interface CallExpression {
  readonly type: "CallExpression";
  readonly callee: Expression;
  readonly args: readonly Argument[];
}

export interface FilterExpression {
  readonly type: "FilterExpression";
  readonly operand: Expression;
  readonly filter: Expression;
}

/** `a if test`: an expression, or what a `for` runs over with its filter. */
export interface SelectExpression {
  readonly type: "SelectExpression";
  readonly lhs: Expression;
  readonly test: Expression;
}

export type Parameter =
  | Identifier
  | { readonly type: "KeywordArgumentExpression"; readonly key: Identifier; readonly value: Expression };

export interface For {
  readonly type: "For";
  readonly loopvar: Expression;
  readonly iterable: Expression;
  readonly body: readonly Statement[];
  /** Where nothing was run over. */
  readonly defaultBlock: readonly Statement[];
}

export interface If {
  readonly type: "If";
  readonly test: Expression;
  readonly body: readonly Statement[];
  readonly alternate: readonly Statement[];
}

export interface SetStatement {
  readonly type: "Set";
  readonly assignee: Expression;
  /** Null where the block is the value. */
  readonly value: Expression | null;
  readonly body: readonly Statement[];
}

export interface Macro {
  readonly type: "Macro";
  readonly name: Identifier;
  readonly args: readonly Parameter[];
  readonly body: readonly Statement[];
}

export interface CallStatement {
  readonly type: "CallStatement";
  readonly call: CallExpression;
  readonly callerArgs: readonly Parameter[] | null;
  readonly body: readonly Statement[];
}

export interface FilterStatement {
  readonly type: "FilterStatement";
  readonly filter: Expression;
  readonly body: readonly Statement[];
}

/** An expression as a statement is printed; text outside of tags is a string. */
export type Statement =
  | Expression
  | For
  | If
  | SetStatement
  | Macro
  | CallStatement
  | FilterStatement
  | { readonly type: "Break" | "Continue" | "Comment" };

/** Names that are values, whatever variables there are. */
export const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
]);
