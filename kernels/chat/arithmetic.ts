/**
 * Arithmetic on a text: what a tool may compute for a model without running anything of the model's.
 *
 * Numbers, `+ - * / % ^`, parentheses and a few functions. Invariant: no names but these, bounded length and depth. `^` binds tightest and to the
 * right, as in mathematics, `-2^2` is -4.
 */

const MAX_CHARACTERS = 1_000;
const MAX_DEPTH = 64;

const FUNCTIONS: ReadonlyMap<string, (...values: readonly number[]) => number> = new Map([
  ["abs", Math.abs],
  ["ceil", Math.ceil],
  ["floor", Math.floor],
  ["round", Math.round],
  ["sqrt", Math.sqrt],
  ["min", Math.min],
  ["max", Math.max],
]);

const TOKEN = /\s*(?:((?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|([a-z]+)|(\*\*|[-+*/%^(),]))/y;

/** The value as text, or what is wrong with the expression: `error: …`. */
export function calculate(expression: string): string {
  try {
    const value = new Parser(expression).value();
    return Number.isFinite(value) ? String(value) : "error: the result is no number";
  } catch (error) {
    if (error instanceof SyntaxError) return `error: ${error.message}`;
    throw error;
  }
}

class Parser {
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    if (text.length > MAX_CHARACTERS)
      throw new SyntaxError(`the expression has more than ${MAX_CHARACTERS} characters`);
    const tokens: string[] = [];
    TOKEN.lastIndex = 0;
    while (text.slice(TOKEN.lastIndex).trim() !== "") {
      const at = TOKEN.lastIndex;
      const match = TOKEN.exec(text);
      if (match === null) throw new SyntaxError(`unexpected ${JSON.stringify(text.slice(at).trim().slice(0, 10))}`);
      const [, number, name, sign = ""] = match;
      tokens.push(number ?? name ?? (sign === "**" ? "^" : sign));
    }
    this.#tokens = tokens;
  }

  value(): number {
    const value = this.#sum();
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw new SyntaxError(`unexpected ${JSON.stringify(rest)}`);
    return value;
  }

  #takes(...signs: readonly string[]): string | undefined {
    const next = this.#tokens[this.#at];
    if (next === undefined || !signs.includes(next)) return undefined;
    this.#at++;
    return next;
  }

  #sum(): number {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxError(`more than ${MAX_DEPTH} parentheses inside each other`);
    let value = this.#product();
    for (let sign = this.#takes("+", "-"); sign !== undefined; sign = this.#takes("+", "-")) {
      const right = this.#product();
      value = sign === "+" ? value + right : value - right;
    }
    this.#depth--;
    return value;
  }

  #product(): number {
    let value = this.#signed();
    for (let sign = this.#takes("*", "/", "%"); sign !== undefined; sign = this.#takes("*", "/", "%")) {
      const right = this.#signed();
      value = sign === "*" ? value * right : sign === "/" ? value / right : value % right;
    }
    return value;
  }

  #signed(): number {
    let isNegative = false;
    for (let sign = this.#takes("+", "-"); sign !== undefined; sign = this.#takes("+", "-")) {
      if (sign === "-") isNegative = !isNegative;
    }
    const value = this.#power();
    return isNegative ? -value : value;
  }

  #power(): number {
    const base = this.#atom();
    if (this.#takes("^") === undefined) return base;
    if (++this.#depth > MAX_DEPTH) throw new SyntaxError(`more than ${MAX_DEPTH} powers above each other`);
    const exponent = this.#signed();
    this.#depth--;
    return base ** exponent;
  }

  #atom(): number {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new SyntaxError("the expression ends too soon");
    if (token === "(") return this.#closed(this.#sum());
    if (/^[\d.]/.test(token)) return Number(token);
    const called = FUNCTIONS.get(token);
    if (called === undefined) throw new SyntaxError(`unexpected ${JSON.stringify(token)}`);
    if (this.#takes("(") === undefined) throw new SyntaxError(`${token} needs parentheses`);
    const values = [this.#sum()];
    while (this.#takes(",") !== undefined) values.push(this.#sum());
    return this.#closed(called(...values));
  }

  #closed(value: number): number {
    if (this.#takes(")") === undefined) throw new SyntaxError("a parenthesis is not closed");
    return value;
  }
}
