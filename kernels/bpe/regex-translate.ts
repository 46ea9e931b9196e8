/**
 * Translates a pre-tokenizer's regular expression into a JavaScript one that matches the same text.
 *
 * Tokenizer files are written for Oniguruma. Owns the subset in which it and JavaScript agree once sets of characters are spelled out,
 * and the ways around where they do not: what is possessive or atomic becomes a captured lookahead and a reference to it.
 * Invariant: what is outside that subset throws {@link Untranslatable} with the construct's name; nothing is approximated.
 */
import { SetParser } from "./regex-set-parser.ts";
import {
  intersection,
  isSingle,
  type Ranges,
  render,
  single,
  Untranslatable,
  withoutCase,
  wordCharacters,
} from "./regex-sets.ts";

export { Untranslatable };

/** Pairs that full case folding would also match with one character (`ss` with U+00DF, `st` with U+FB06, …). */
const FOLDING_PAIR = /ss|st|ff|fi|fl/i;
const START = "(?<![^])";
const END = "(?![^])";
const ANCHORS: Readonly<Record<string, string>> = {
  A: START,
  z: END,
  Z: `(?=\\n?${END})`,
};
const LINE_START = `(?:${START}|(?<=\\n)(?=[^]))`;
const LINE_END = `(?=\\n|${END})`;

interface Options {
  /** `i`: letters match without case. */
  readonly ignoreCase: boolean;
  /** `m`: the dot matches newlines. */
  readonly dotAll: boolean;
  /** Inside of a lookbehind, which JavaScript goes through backwards. */
  readonly backwards: boolean;
  /** Whether nothing of the expression follows the alternatives that are being read. */
  readonly last: boolean;
}

/** Part of an alternative. */
interface Item {
  /** As JavaScript, without quantifier. */
  readonly atom: string;
  /** The characters it is, where it is one of a set. */
  readonly set?: Ranges | undefined;
  readonly quantifier: string;
  readonly possessive: boolean;
}

class Translator {
  readonly #in: SetParser;
  #captures = 0;

  constructor(source: string) {
    this.#in = new SetParser(source);
  }

  translate(): string {
    const out = this.#alternatives({ ignoreCase: false, dotAll: false, backwards: false, last: true });
    if (!this.#in.atEnd) throw new Untranslatable("a closing bracket without an opening one");
    return out;
  }

  #alternatives(options: Options): string {
    const alternatives: string[] = [];
    do alternatives.push(this.#alternative(options));
    while (this.#in.accept("|"));
    return alternatives.join("|");
  }

  #alternative(options: Options): string {
    const items: Item[] = [];
    let literals = "";
    for (let char = this.#in.peek(); char !== "" && char !== ")" && char !== "|"; char = this.#in.peek()) {
      const switched = this.#in.acceptOptions(")");
      if (switched !== undefined) {
        // Options that are switched hold to the end of the group, over all its alternatives.
        items.push({
          atom: `(?:${this.#alternatives({ ...options, ...switched })})`,
          quantifier: "",
          possessive: false,
        });
        break;
      }
      const from = this.#in.position;
      items.push(this.#item(options));
      literals += this.#in.source.slice(from, this.#in.position);
      if (options.ignoreCase && FOLDING_PAIR.test(literals)) {
        throw new Untranslatable(`"${literals}" without case: it may also match a ligature`);
      }
    }
    return items.map((item, i) => this.#write(item, items[i + 1], options)).join("");
  }

  #item(options: Options): Item {
    const { atom, set } = this.#atom(options);
    let quantifier = this.#in.acceptMatch(/^[*+?]/);
    let possessive = false;
    if (quantifier !== "") {
      possessive = this.#in.accept("+");
      if (!possessive && this.#in.accept("?")) quantifier += "?";
    } else {
      const interval = this.#interval(atom);
      if (interval !== undefined) return { atom: interval, quantifier: "", possessive: false };
    }
    if (quantifier !== "" && /^(?:[*+?]|\{\d*,?\d*\})/.test(this.#in.rest) && !this.#in.rest.startsWith("{}")) {
      throw new Untranslatable("a doubled quantifier");
    }
    return { atom, set, quantifier, possessive };
  }

  /** `atom` as many times as the interval behind it says; undefined where there is none, and its brace is itself. */
  #interval(atom: string): string | undefined {
    const [text, least, comma, most] = this.#in.match(/^\{(\d*)(,?)(\d*)\}/) ?? [];
    if (text === undefined || (least === "" && most === "")) return undefined;
    this.#in.take(text.length);
    if (comma !== "" && most !== "" && Number(least) > Number(most)) throw new Untranslatable(text);
    const repeated = `${atom}{${least === "" ? "0" : least}${comma}${most}}`;
    // A plus behind an interval repeats it, and a question mark behind an exact number makes all of it optional.
    const optional = this.#in.accept("?");
    if (!optional && this.#in.accept("+")) return this.#once(`(?:${repeated})+`);
    if (!optional) return this.#once(repeated);
    return this.#once(comma === "" ? `(?:${repeated})?` : `${repeated}?`);
  }

  #once(text: string): string {
    if (/^(?:[*+?]|\{\d*,?\d*\})/.test(this.#in.rest)) throw new Untranslatable("a doubled quantifier");
    return text;
  }

  /** An item as JavaScript; what is possessive gives nothing back, which matters only if what follows could take it. */
  #write({ atom, set, quantifier, possessive }: Item, next: Item | undefined, options: Options): string {
    const greedy = atom + quantifier;
    if (!possessive || (next === undefined && options.last)) return greedy;
    const follows = next?.quantifier === "" || next?.quantifier.startsWith("+") ? next.set : undefined;
    if (set !== undefined && follows !== undefined && intersection(set, follows).length === 0) return greedy;
    return this.#atomic(greedy, options, `a possessive ${quantifier}+`);
  }

  #atomic(body: string, options: Options, construct: string): string {
    if (options.backwards) throw new Untranslatable(`${construct} in a lookbehind`);
    const name = `a${++this.#captures}`;
    return `(?:(?=(?<${name}>${body}))\\k<${name}>)`;
  }

  #atom(options: Options): { readonly atom: string; readonly set?: Ranges } {
    const char = this.#in.take();
    if (char === "(") return { atom: this.#group(options) };
    if (char === "^") return { atom: LINE_START };
    if (char === "$") return { atom: LINE_END };
    if (char === ".") return { atom: options.dotAll ? "[^]" : "[^\\n]" };
    if ("*+?".includes(char)) throw new Untranslatable(`"${char}" without anything to repeat`);
    if (char === "[") return this.#set(this.#in.set(options.ignoreCase), false);
    if (char !== "\\") return this.#set(single(this.#codePoint(char)), options.ignoreCase);
    const anchor = this.#in.peek();
    if (Object.hasOwn(ANCHORS, anchor)) {
      this.#in.take();
      return { atom: ANCHORS[anchor] };
    }
    if (anchor === "b" || anchor === "B") {
      this.#in.take();
      const word = render(wordCharacters());
      const border = `(?<=${word})(?!${word})|(?<!${word})(?=${word})`;
      return { atom: anchor === "b" ? `(?:${border})` : `(?!${border})` };
    }
    const set = this.#in.escape();
    return this.#set(set, options.ignoreCase && isSingle(set));
  }

  #set(set: Ranges, ignoreCase: boolean): { readonly atom: string; readonly set: Ranges } {
    const folded = ignoreCase ? withoutCase(set) : set;
    return { atom: render(folded), set: folded };
  }

  #codePoint(char: string): number {
    return char.codePointAt(0) ?? 0;
  }

  #group(options: Options): string {
    const behind = this.#in.acceptMatch(/^\?<[=!]/);
    const open = behind !== "" ? behind : this.#in.acceptMatch(/^\?[:=!>]/);
    const named = open === "" ? this.#in.acceptMatch(/^\?<[A-Za-z_]\w*>/) : "";
    const switched = open === "" && named === "" ? this.#in.acceptOptions(":") : undefined;
    if (open === "" && named === "" && switched === undefined && this.#in.peek() === "?") {
      throw new Untranslatable(`a group that starts "(${this.#in.rest.slice(0, 2)}"`);
    }
    const body = this.#alternatives({
      ...options,
      ...switched,
      backwards: options.backwards || behind !== "",
      last: false,
    });
    if (!this.#in.accept(")")) throw new Untranslatable("an unclosed group");
    if (open !== "?>") return `(${open === "" ? "?:" : open}${body})`;
    return this.#atomic(body, options, "an atomic group");
  }
}

/**
 * `source`, written for Oniguruma, as a global JavaScript regular expression with the same matches.
 *
 * @throws {Untranslatable} where no exact equivalent is known.
 */
export function translateRegex(source: string): RegExp {
  const translated = new Translator(source).translate();
  try {
    return new RegExp(translated, "gu");
  } catch {
    throw new Untranslatable("a construct that JavaScript refuses");
  }
}

/** A global expression for `text` itself. */
export function escapeText(text: string): RegExp {
  return new RegExp([...text].map((char) => render(single(char.codePointAt(0) ?? 0))).join("") || "(?:)", "gu");
}
