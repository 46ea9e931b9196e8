/**
 * Corrections on the tokens of a template, before they are parsed.
 *
 * Invariant: a template that Jinja reads gives the tree that Jinja reads, or an error. Price: three passes over the tokens.
 */
import { TemplateError } from "./errors.ts";

export interface Token {
  readonly type: string;
  readonly value: string;
}

const OPENING: ReadonlySet<string> = new Set(["OpenParen", "OpenSquareBracket", "OpenCurlyBracket"]);
const CLOSING: ReadonlySet<string> = new Set(["CloseParen", "CloseSquareBracket", "CloseCurlyBracket"]);
const TAG_BORDERS: ReadonlySet<string> = new Set([
  "OpenStatement",
  "CloseStatement",
  "OpenExpression",
  "CloseExpression",
  "Text",
  "Comment",
]);
/** What stands between expressions that know nothing of each other. */
const SEPARATORS: ReadonlySet<string> = new Set([...TAG_BORDERS, "Comma", "Colon", "Equals"]);
const SEPARATING_WORDS: ReadonlySet<string> = new Set(["and", "or", "not", "if", "else", "elif"]);
const KEYWORDS: readonly string[] = [...SEPARATING_WORDS, "in", "is"];
const PRIMARY: ReadonlySet<string> = new Set([
  "StringLiteral",
  "NumericLiteral",
  "Identifier",
  "OpenSquareBracket",
  "OpenCurlyBracket",
]);

const OPEN: Token = { type: "OpenParen", value: "(" };
const CLOSE: Token = { type: "CloseParen", value: ")" };
const PIPE: Token = { type: "Pipe", value: "|" };

/** A word, and not the name of an attribute. */
function isWord(tokens: readonly Token[], at: number, ...words: readonly string[]): boolean {
  const token = tokens[at];
  return token?.type === "Identifier" && words.includes(token.value) && tokens[at - 1]?.type !== "Dot";
}

/** An identifier that no template can have, for the end of a tuple of one: the parser takes no comma there. */
export const TUPLE_END = ",";

/** Puts right what the lexer and the parser do not take: `(a,)`, `()`, `1e3`, `1_000`, and a sign behind a dict. */
export function repair(tokens: readonly Token[]): Token[] {
  const isGroup: boolean[] = [];
  const end: Token = { type: "Identifier", value: TUPLE_END };
  const comma: Token = { type: "Comma", value: "," };
  return tokens.flatMap((token, at) => {
    const before = tokens[at - 1];
    if (token.type === "OpenParen") isGroup.push(!isOperandEnd(tokens, at - 1));
    if (token.type === "CloseParen" && isGroup.pop() === true) {
      if (before?.type === "Comma") return [end, token];
      if (before?.type === "OpenParen") return [end, comma, end, token];
    }
    if (before?.type === "CloseCurlyBracket" && token.type === "UnaryOperator") {
      return [{ type: "AdditiveBinaryOperator", value: token.value }];
    }
    const next = tokens[at + 1]?.value ?? "";
    if (token.type === "NumericLiteral" && NUMBER_TAIL.test(next)) return [wholeNumber(token.value, next)];
    return before?.type === "NumericLiteral" && NUMBER_TAIL.test(token.value) ? [] : [token];
  });
}

/** What the lexer takes for a name behind a number. */
const NUMBER_TAIL = /^(?=.)(?:_[0-9]+)*(?:[eE][0-9]+)?$/;

function wholeNumber(start: string, tail: string): Token {
  const text = (start + tail).replaceAll("_", "");
  const isFloat = /[.eE]/.test(text);
  return { type: "NumericLiteral", value: isFloat && !text.includes(".") ? text.replace(/e/i, ".0e") : text };
}

/** Refuses operands without an operator or comma between them, which the parser takes for two items of a list. */
export function refuseNeighbours(tokens: readonly Token[]): void {
  for (const [at, { type }] of tokens.entries()) {
    const isStart =
      (type === "Identifier" && !isWord(tokens, at, ...KEYWORDS)) ||
      type === "NumericLiteral" ||
      type === "OpenCurlyBracket";
    const isFilter = tokens[at - 2]?.type === "Pipe" && (type === "OpenSquareBracket" || type === "Dot");
    const isCallTag = tokens[at - 1]?.type === "CloseParen" && type === "Identifier";
    if (isFilter || (isStart && isOperandEnd(tokens, at - 1) && !isCallTag)) {
      throw new TemplateError("syntax", `'${tokens[at].value}' cannot follow '${tokens[at - 1].value}'`);
    }
  }
}

/** Whether a call or an operator can follow. */
function isOperandEnd(tokens: readonly Token[], at: number): boolean {
  const type = tokens[at]?.type ?? "";
  if (type === "Identifier") return !isWord(tokens, at, ...SEPARATING_WORDS, "in", "is") && !isTagName(tokens, at);
  return type === "StringLiteral" || type === "NumericLiteral" || CLOSING.has(type);
}

/** Makes `x is name`, `x is not name(a)` and `x is name a` filters called `is name` and `is not name`: they bind as filters do. */
export function rewriteTests(tokens: readonly Token[]): Token[] {
  const out: Token[] = [];
  const closings = new Map<number, number>();
  for (let at = 0; at < tokens.length; at++) {
    if (isWord(tokens, at, "is")) {
      const isNegated = isWord(tokens, at + 1, "not");
      if (isNegated) at++;
      const name = tokens[++at];
      if (name?.type !== "Identifier") throw new TemplateError("syntax", "the name of a test must follow 'is'");
      out.push(PIPE, { type: "Identifier", value: `${isNegated ? "is not" : "is"} ${name.value}` });
      const end = argumentEnd(tokens, at + 1);
      if (end > at) {
        out.push(OPEN);
        closings.set(end, (closings.get(end) ?? 0) + 1);
      }
    } else out.push(tokens[at]);
    for (let left = closings.get(at) ?? 0; left > 0; left--) out.push(CLOSE);
  }
  return out;
}

/** Where the argument without parentheses ends that starts at `start`; before `start` where there is none. */
function argumentEnd(tokens: readonly Token[], start: number): number {
  if (!PRIMARY.has(tokens[start]?.type ?? "") || isWord(tokens, start, "else", "or", "and")) return -1;
  if (isWord(tokens, start, "is", "if", "in", "not")) {
    throw new TemplateError("syntax", `'${tokens[start].value}' cannot follow a test`);
  }
  let end = groupEnd(tokens, start);
  for (;;) {
    const next = tokens[end + 1]?.type;
    if (next === "Dot") end += 2;
    else if (next === "OpenParen" || next === "OpenSquareBracket") end = groupEnd(tokens, end + 1);
    else return end;
  }
}

/** The bracket that closes the one at `start`; `start` where there is none. */
function groupEnd(tokens: readonly Token[], start: number): number {
  let depth = 0;
  for (let at = start; at < tokens.length; at++) {
    if (OPENING.has(tokens[at].type)) depth++;
    if (CLOSING.has(tokens[at].type)) depth--;
    if (depth === 0) return at;
  }
  return tokens.length;
}

/** Puts parentheses around `a ~ b`, which binds tighter than `+` and `-` in Jinja and as they do in the parser. */
export function groupTildes(tokens: readonly Token[]): Token[] {
  const opens = new Map<number, number>();
  const closes = new Map<number, number>();
  let operand = { start: 0, hasTilde: false };
  const outer: (typeof operand)[] = [];
  const close = (end: number): void => {
    if (!operand.hasTilde) return;
    opens.set(operand.start, (opens.get(operand.start) ?? 0) + 1);
    closes.set(end, (closes.get(end) ?? 0) + 1);
  };
  for (const [at, { type, value }] of tokens.entries()) {
    if (OPENING.has(type)) {
      outer.push(operand);
      operand = { start: at + 1, hasTilde: false };
    } else if (CLOSING.has(type)) {
      close(at);
      operand = outer.pop() ?? { start: at + 1, hasTilde: false };
    } else if (type === "AdditiveBinaryOperator" && value === "~") operand.hasTilde = true;
    else if (isOperandBorder(tokens, at, operand.start)) {
      close(at);
      operand = { start: at + 1, hasTilde: false };
    }
  }
  close(tokens.length);
  const out: Token[] = [];
  for (let at = 0; at <= tokens.length; at++) {
    for (let left = closes.get(at) ?? 0; left > 0; left--) out.push(CLOSE);
    for (let left = opens.get(at) ?? 0; left > 0; left--) out.push(OPEN);
    if (at < tokens.length) out.push(tokens[at]);
  }
  return out;
}

function isOperandBorder(tokens: readonly Token[], at: number, start: number): boolean {
  const { type } = tokens[at];
  if (SEPARATORS.has(type) || type === "ComparisonBinaryOperator") return true;
  if (type === "AdditiveBinaryOperator") return at > start;
  // A star before an operand spreads it.
  if (type === "MultiplicativeBinaryOperator" || type === "ExponentiationBinaryOperator") return at === start;
  return isWord(tokens, at, ...SEPARATING_WORDS, "in") || (type === "Identifier" && isTagName(tokens, at));
}

/** `set` of `{% set x = 1 %}`. */
function isTagName(tokens: readonly Token[], at: number): boolean {
  return tokens[at - 1]?.type === "OpenStatement";
}

/** Refuses `{% if a if b else c %}` and `{% for x in a if b else c %}`, which Jinja does not read without parentheses. */
export function refuseConditions(tokens: readonly Token[]): void {
  let refused = "";
  let depth = 0;
  for (const [at, { type, value }] of tokens.entries()) {
    if (OPENING.has(type)) depth++;
    else if (CLOSING.has(type)) depth--;
    else if (isTagName(tokens, at)) {
      refused = value === "if" || value === "elif" ? "if" : value === "for" ? "else" : "";
      depth = 0;
    } else if (refused !== "" && depth === 0 && isWord(tokens, at, refused)) {
      throw new TemplateError(
        "syntax",
        `a condition inside the tag '${refused === "if" ? "if" : "for"}' needs parentheses`,
      );
    } else if (type === "CloseStatement") refused = "";
  }
}

/** Refuses `a < b < c`, which is `a < b and b < c` in Jinja: the parser does not tell it from `(a < b) < c`. */
export function refuseChains(tokens: readonly Token[]): void {
  let hasCompared = false;
  let isTarget = false;
  const outer: boolean[] = [];
  for (const [at, { type }] of tokens.entries()) {
    if (OPENING.has(type)) {
      outer.push(hasCompared);
      hasCompared = false;
    } else if (CLOSING.has(type)) hasCompared = outer.pop() ?? false;
    else if (isTagName(tokens, at)) isTarget = isWord(tokens, at, "for");
    else if (isTarget && isWord(tokens, at, "in")) isTarget = false;
    else if (type === "ComparisonBinaryOperator" || isWord(tokens, at, "in")) {
      if (hasCompared) {
        throw new TemplateError(
          "unsupported",
          "a chain of comparisons such as a < b < c is not supported: write 'and'",
        );
      }
      hasCompared = true;
    } else if (SEPARATORS.has(type) || isWord(tokens, at, "and", "or", "if", "else", "elif")) hasCompared = false;
  }
}
