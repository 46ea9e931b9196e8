/** Reads a regular expression of Oniguruma's: characters, escapes, and classes with all that may stand in them. */
import {
  complement,
  decimalDigits,
  intersection,
  isSingle,
  property,
  type Ranges,
  single,
  Untranslatable,
  union,
  WHITE_SPACE,
  withoutCase,
  wordCharacters,
} from "./regex-sets.ts";

const ESCAPES: ReadonlyMap<string, number> = new Map([
  ["r", 13],
  ["n", 10],
  ["t", 9],
  ["f", 12],
  ["v", 11],
  ["a", 7],
  ["e", 27],
]);
const BACKSPACE = 8;
const HEX_DIGITS: Ranges = [
  [0x30, 0x39],
  [0x41, 0x46],
  [0x61, 0x66],
];

export class SetParser {
  readonly source: string;
  position = 0;

  constructor(source: string) {
    this.source = source;
  }

  get atEnd(): boolean {
    return this.position === this.source.length;
  }

  get rest(): string {
    return this.source.slice(this.position);
  }

  /** The next character, empty at the end. */
  peek(): string {
    const codePoint = this.source.codePointAt(this.position);
    return codePoint === undefined ? "" : String.fromCodePoint(codePoint);
  }

  /** Takes the next character, or as many units as told. */
  take(units?: number): string {
    const text = units === undefined ? this.peek() : this.source.slice(this.position, this.position + units);
    if (text === "") throw new Untranslatable("an unfinished expression");
    this.position += text.length;
    return text;
  }

  accept(text: string): boolean {
    if (!this.source.startsWith(text, this.position)) return false;
    this.position += text.length;
    return true;
  }

  match(pattern: RegExp): RegExpExecArray | null {
    return pattern.exec(this.rest);
  }

  /** Takes what matches, empty where nothing does. */
  acceptMatch(pattern: RegExp): string {
    const text = this.match(pattern)?.[0] ?? "";
    this.position += text.length;
    return text;
  }

  /** Takes `?i:`, `?mi-:`, … with `close` in place of the colon, behind a bracket or with one. */
  acceptOptions(close: ":" | ")"): { readonly ignoreCase?: boolean; readonly dotAll?: boolean } | undefined {
    const found = close === ":" ? this.match(/^\?([im]*)(?:-([im]*))?:/) : this.match(/^\(\?([im]*)(?:-([im]*))?\)/);
    if (found === null || (found[1] === "" && (found[2] ?? "") === "")) return undefined;
    this.position += found[0].length;
    const [, on, off = ""] = found;
    const option = (name: string) => (off.includes(name) ? false : on.includes(name) ? true : undefined);
    const [ignoreCase, dotAll] = [option("i"), option("m")];
    return {
      ...(ignoreCase === undefined ? {} : { ignoreCase }),
      ...(dotAll === undefined ? {} : { dotAll }),
    };
  }

  /** What stands behind a backslash, as a set. */
  escape(): Ranges {
    const char = this.take();
    switch (char) {
      case "s":
        return WHITE_SPACE;
      case "S":
        return complement(WHITE_SPACE);
      case "d":
        return decimalDigits();
      case "D":
        return complement(decimalDigits());
      case "w":
        return wordCharacters();
      case "W":
        return complement(wordCharacters());
      case "h":
        return HEX_DIGITS;
      case "H":
        return complement(HEX_DIGITS);
      case "p":
      case "P":
        return this.#property(char === "P");
      case "x":
      case "u":
        return single(this.#number(char));
    }
    const control = ESCAPES.get(char);
    if (control !== undefined) return single(control);
    if (/[\p{L}\p{N}]/u.test(char)) throw new Untranslatable(`\\${char}`);
    return single(char.codePointAt(0) ?? 0);
  }

  #property(negated: boolean): Ranges {
    const name = this.acceptMatch(/^\{[^{}]*\}/).slice(1, -1);
    if (name === "") throw new Untranslatable("\\p without a name in braces");
    const ranges = property(name.replace(/^\^/, ""));
    return name.startsWith("^") !== negated ? complement(ranges) : ranges;
  }

  #number(kind: "x" | "u"): number {
    const text = this.acceptMatch(kind === "u" ? /^[0-9a-fA-F]{4}/ : /^(?:\{[0-9a-fA-F]{1,6}\}|[0-7][0-9a-fA-F])/);
    const value = Number.parseInt(text.replaceAll(/[{}]/g, ""), 16);
    // Two digits above 7F are a byte of UTF-8, which a text of characters has not.
    if (!(value <= 0x10ffff)) throw new Untranslatable(`\\${kind}`);
    return value;
  }

  /** A class, behind its opening bracket. */
  set(ignoreCase: boolean): Ranges {
    const negated = this.accept("^");
    let met: Ranges | undefined;
    let ranges: (readonly [number, number])[] = [];
    // A bracket right at the start is itself, if another closes the class.
    if (this.peek() === "]" && this.source.includes("]", this.position + 1))
      ranges.push(...single(this.take().charCodeAt(0)));
    while (!this.accept("]")) {
      if (this.accept("&&")) {
        met = met === undefined ? ranges : intersection(met, ranges);
        ranges = [];
        continue;
      }
      const item = this.#classItem(ignoreCase);
      const isRange = this.peek() === "-" && this.source[this.position + 1] !== "]";
      if (!isRange || !isSingle(item)) {
        ranges.push(...item);
        if (isRange) throw new Untranslatable("a range that starts with a class");
        continue;
      }
      this.take();
      const last = this.#classItem(ignoreCase);
      if (!isSingle(last)) throw new Untranslatable("a range that ends with a class");
      if (last[0][0] < item[0][0]) throw new Untranslatable("a range that runs backwards");
      ranges.push([item[0][0], last[0][0]]);
    }
    const all = met === undefined ? union(ranges) : intersection(met, ranges);
    const folded = ignoreCase ? withoutCase(all) : all;
    return negated ? complement(folded) : folded;
  }

  #classItem(ignoreCase: boolean): Ranges {
    const char = this.take();
    if (char === "\\") return this.accept("b") ? single(BACKSPACE) : this.escape();
    if (char !== "[") return single(char.codePointAt(0) ?? 0);
    const posix = this.acceptMatch(/^:\^?[a-z]+:\]/);
    if (posix === "") return this.set(ignoreCase);
    if (posix === ":space:]") return WHITE_SPACE;
    if (posix === ":^space:]") return complement(WHITE_SPACE);
    throw new Untranslatable(`[${posix}`);
  }
}
