/**
 * Translates a pre-tokenizer's regular expression into a JavaScript one that matches the same text.
 *
 * Tokenizer files are written for Oniguruma, tiktoken's for Rust's regex crate. Owns the subset in which those and JavaScript agree once classes
 * are spelled out from the pinned Unicode table. Invariant: what is outside that subset throws {@link Untranslatable}; nothing
 * is approximated. Every class becomes explicit ranges, so neither `\s` nor `\p{…}` depends on the running Node.
 */
import { forEachCategoryRun, WHITE_SPACE_RANGES } from "./char-class.ts";

/** Part of a regular expression that has no exact JavaScript equivalent here. */
export class Untranslatable extends Error {}

type Ranges = readonly (readonly [first: number, last: number])[];

const LAST = 0x10ffff;
const ESCAPES: Readonly<Record<string, number>> = { r: 13, n: 10, t: 9, f: 12, v: 11, a: 7, e: 27 };
/** Pairs that full case folding would also match with one character (`ss` with U+00DF, `st` with U+FB06, …). */
const FOLDING_PAIR = /ss|st|ff|fi|fl/i;

function normalise(ranges: Ranges): Ranges {
  const merged: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const top = merged.at(-1);
    if (top !== undefined && first <= top[1] + 1) top[1] = Math.max(top[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

function complement(ranges: Ranges): Ranges {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [first, last] of normalise(ranges)) {
    if (first > next) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST) gaps.push([next, LAST]);
  return gaps;
}

function hex(codePoint: number): string {
  return `\\u{${codePoint.toString(16)}}`;
}

function renderClass(ranges: Ranges): string {
  const parts = normalise(ranges).map(([first, last]) => (first === last ? hex(first) : `${hex(first)}-${hex(last)}`));
  return `[${parts.join("")}]`;
}

function categoryRanges(name: string): Ranges {
  const ranges: [number, number][] = [];
  forEachCategoryRun((category, start, end) => {
    if (category === name || category[0] === name) ranges.push([start, end - 1]);
  });
  if (ranges.length === 0) throw new Untranslatable(`\\p{${name}} is not a general category`);
  return ranges;
}

class Translator {
  readonly #source: string;
  #position = 0;

  constructor(source: string) {
    this.#source = source;
  }

  translate(): string {
    const out = this.#alternation(false);
    if (this.#position < this.#source.length) throw new Untranslatable("a closing bracket without an opening one");
    return out;
  }

  #peek(): string {
    const codePoint = this.#source.codePointAt(this.#position);
    return codePoint === undefined ? "" : String.fromCodePoint(codePoint);
  }

  #take(): string {
    const char = this.#peek();
    if (char === "") throw new Untranslatable("an unfinished expression");
    this.#position += char.length;
    return char;
  }

  #accept(text: string): boolean {
    if (!this.#source.startsWith(text, this.#position)) return false;
    this.#position += text.length;
    return true;
  }

  #alternation(ignoreCase: boolean): string {
    let out = "";
    let literals = "";
    for (let char = this.#peek(); char !== "" && char !== ")"; char = this.#peek()) {
      const from = this.#position;
      if (char === "|") {
        this.#take();
        out += "|";
        literals = "";
        continue;
      }
      out += this.#atom(ignoreCase) + this.#quantifier();
      literals += this.#source.slice(from, this.#position);
      if (ignoreCase && FOLDING_PAIR.test(literals)) {
        throw new Untranslatable(`"${literals}" without case: it may also match a ligature`);
      }
    }
    return out;
  }

  #atom(ignoreCase: boolean): string {
    const char = this.#take();
    if (char === "(") return this.#group(ignoreCase);
    if (char === "[") return renderClass(this.#class(ignoreCase));
    if (char === ".") return "[^\\n]";
    if (char === "\\") {
      const set = this.#escape();
      if (ignoreCase && set.some(([first, last]) => first !== last)) throw new Untranslatable("a class without case");
      return set.length === 1 && set[0][0] === set[0][1] ? this.#literal(set[0][0], ignoreCase) : renderClass(set);
    }
    if ("^$*+?{".includes(char)) throw new Untranslatable(`"${char}" here`);
    return this.#literal(char.codePointAt(0)!, ignoreCase);
  }

  #group(ignoreCase: boolean): string {
    let open = "(?:";
    let inner = ignoreCase;
    if (this.#accept("?")) {
      const kind = ["i:", ":", "=", "!", "<=", "<!"].find((text) => this.#accept(text));
      if (kind === undefined) throw new Untranslatable(`a group that starts "(?${this.#peek()}"`);
      if (kind === "i:") inner = true;
      else open = `(?${kind}`;
    }
    const body = this.#alternation(inner);
    if (!this.#accept(")")) throw new Untranslatable("an unclosed group");
    return `${open}${body})`;
  }

  #literal(codePoint: number, ignoreCase: boolean): string {
    if (!ignoreCase) return hex(codePoint);
    if (codePoint > 0x7f) throw new Untranslatable("a letter outside ASCII without case");
    const char = String.fromCharCode(codePoint);
    if (!/[a-z]/i.test(char)) return hex(codePoint);
    const folds = [char.toLowerCase().charCodeAt(0), char.toUpperCase().charCodeAt(0)];
    if (/s/i.test(char)) folds.push(0x17f);
    if (/k/i.test(char)) folds.push(0x212a);
    return renderClass(folds.map((fold) => [fold, fold]));
  }

  /** A backslash sequence as ranges; a single character is one range of length one. */
  #escape(): Ranges {
    const char = this.#take();
    if (char === "s") return WHITE_SPACE_RANGES;
    if (char === "S") return complement(WHITE_SPACE_RANGES);
    if (char === "d") return categoryRanges("Nd");
    if (char === "D") return complement(categoryRanges("Nd"));
    if (char === "p" || char === "P") {
      const name = this.#accept("{") ? this.#until("}") : this.#take();
      const negated = name.startsWith("^") !== (char === "P");
      const ranges = categoryRanges(name.replace(/^\^/, ""));
      return negated ? complement(ranges) : ranges;
    }
    if (char in ESCAPES && ESCAPES[char] !== undefined) return [[ESCAPES[char], ESCAPES[char]]];
    if (/[\p{L}\p{N}]/u.test(char)) throw new Untranslatable(`\\${char}`);
    const codePoint = char.codePointAt(0)!;
    return [[codePoint, codePoint]];
  }

  #until(close: string): string {
    const end = this.#source.indexOf(close, this.#position);
    if (end === -1) throw new Untranslatable("an unclosed brace");
    const text = this.#source.slice(this.#position, end);
    this.#position = end + close.length;
    return text;
  }

  #class(ignoreCase: boolean): Ranges {
    if (ignoreCase) throw new Untranslatable("a class without case");
    const negated = this.#accept("^");
    const ranges: (readonly [number, number])[] = [];
    while (!this.#accept("]")) {
      if (this.#source.startsWith("&&", this.#position)) throw new Untranslatable("&& in a class");
      const set = this.#classItem();
      const isRange = this.#peek() === "-" && this.#source[this.#position + 1] !== "]";
      if (!isRange) {
        ranges.push(...set);
        continue;
      }
      this.#take();
      const last = this.#classItem();
      if (set.length !== 1 || last.length !== 1 || set[0][0] !== set[0][1] || last[0][0] !== last[0][1]) {
        throw new Untranslatable("a range between classes");
      }
      if (last[0][0] < set[0][0]) throw new Untranslatable("a range that runs backwards");
      ranges.push([set[0][0], last[0][0]]);
    }
    if (ranges.length === 0) throw new Untranslatable("an empty class");
    return negated ? complement(ranges) : ranges;
  }

  #classItem(): Ranges {
    const char = this.#take();
    if (char === "[") throw new Untranslatable("a class in a class");
    if (char === "\\") return this.#escape();
    const codePoint = char.codePointAt(0)!;
    return [[codePoint, codePoint]];
  }

  #quantifier(): string {
    const match = /^(?:[*+?]|\{\d+(?:,\d*)?\})/.exec(this.#source.slice(this.#position));
    if (match === null) return "";
    this.#position += match[0].length;
    const lazy = this.#accept("?") ? "?" : "";
    if ("*+{".includes(this.#peek() || " ")) throw new Untranslatable("a possessive or doubled quantifier");
    return match[0] + lazy;
  }
}

/**
 * `source` as a global JavaScript regular expression with the same matches.
 *
 * @throws {Untranslatable} where no exact equivalent is known.
 */
export function translateRegex(source: string): RegExp {
  return new RegExp(new Translator(source).translate(), "gu");
}
