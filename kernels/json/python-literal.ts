/**
 * Python's spelling of plain data: `{'name': None, 'flags': [True, 1.0]}`, read and written.
 *
 * Data sets of tools hold it where somebody printed an object instead of JSON. The reader takes JSON too, which Python nearly reads. Invariant: what
 * {@link pythonLiteral} writes, {@link parseLiterals} and Python read as the value that was given; the text is what Python 3.11 prints of what
 * its JSON reader makes of the value. Price: some 20 MB/s; it is for tool schemas, not for texts.
 */
import { floatText, quotedText } from "./python-text.ts";
import { isJsonList, JsonError, JsonNumber, type JsonValue, MAX_JSON_DEPTH } from "./value.ts";

const NUMBER = /[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y;
const JSON_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const SPACE = /\s*/y;
const BETWEEN = /[\s,]*/y;
const WORDS = new Map<string, JsonValue>([
  ["None", null],
  ["True", true],
  ["False", false],
  ["null", null],
  ["true", true],
  ["false", false],
]);
const WORD = /[A-Za-z]+/y;
const ESCAPES = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["b", "\b"],
  ["f", "\f"],
  ["v", "\v"],
  ["a", "\x07"],
  ["0", "\0"],
  ["\n", ""],
]);
const CODE_DIGITS = new Map([
  ["x", 2],
  ["u", 4],
  ["U", 8],
]);
const LONE_SURROGATE = /\p{Surrogate}/u;
const CLOSERS = new Map([
  ["[", "]"],
  ["(", ")"],
]);

/** The values that stand behind each other in `text`, with blanks or commas between them. Throws a {@link JsonError}. */
export function parseLiterals(text: string): readonly JsonValue[] {
  return new LiteralReader(text).readAll();
}

/** What Python prints of `value`. */
export function pythonLiteral(value: JsonValue): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return quotedText(value);
  if (typeof value === "number") return String(value);
  if (value instanceof JsonNumber) return value.isInteger ? integerLiteral(value.text) : floatText(Number(value.text));
  if (isJsonList(value)) return `[${value.map(pythonLiteral).join(", ")}]`;
  return `{${[...value].map(([key, member]) => `${quotedText(key)}: ${pythonLiteral(member)}`).join(", ")}}`;
}

class LiteralReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readAll(): readonly JsonValue[] {
    const values: JsonValue[] = [];
    for (this.#skip(BETWEEN); this.#at < this.#text.length; this.#skip(BETWEEN)) values.push(this.#value());
    return values;
  }

  #value(): JsonValue {
    const first = this.#text.charAt(this.#at);
    if (first === '"' || first === "'") return this.#string(first);
    if (first === "{") return this.#dict();
    const closer = CLOSERS.get(first);
    if (closer !== undefined) return this.#list(closer);
    const word = this.#match(WORD);
    if (word === undefined) return this.#number();
    const value = WORDS.get(word);
    if (value === undefined) throw this.#error("syntax", `unexpected ${word}`);
    return value;
  }

  #dict(): JsonValue {
    const members = new Map<string, JsonValue>();
    this.#open();
    while (!this.#closes("}")) {
      const quote = this.#text.charAt(this.#at);
      if (quote !== '"' && quote !== "'") throw this.#error("syntax", "a key is missing");
      const key = this.#string(quote);
      this.#skip(SPACE);
      if (this.#text.charAt(this.#at) !== ":") throw this.#error("syntax", "a colon is missing");
      this.#at++;
      this.#skip(SPACE);
      members.set(key, this.#value());
      this.#comma("}");
    }
    return members;
  }

  #list(closer: string): JsonValue {
    const items: JsonValue[] = [];
    this.#open();
    while (!this.#closes(closer)) {
      items.push(this.#value());
      this.#comma(closer);
    }
    return items;
  }

  #open(): void {
    if (++this.#depth > MAX_JSON_DEPTH) throw this.#error("depth", "too many values inside each other");
    this.#at++;
  }

  #closes(closer: string): boolean {
    this.#skip(SPACE);
    if (this.#text.charAt(this.#at) !== closer) return false;
    this.#at++;
    this.#depth--;
    return true;
  }

  /** Behind a member: goes over a comma, which may be the last thing. */
  #comma(closer: string): void {
    this.#skip(SPACE);
    const next = this.#text.charAt(this.#at);
    if (next === ",") this.#at++;
    else if (next !== closer) throw this.#error("syntax", "a comma or a bracket is missing");
  }

  #string(quote: string): string {
    let value = "";
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const character = this.#text.charAt(at);
      if (character === quote) {
        this.#at = at + 1;
        if (LONE_SURROGATE.test(value)) throw this.#error("lone_surrogate", "a string with half of a surrogate pair");
        return value;
      }
      if (character !== "\\") {
        value += character;
        continue;
      }
      const letter = this.#text.charAt(++at);
      const digits = CODE_DIGITS.get(letter);
      if (digits === undefined) {
        // Python keeps a backslash in front of what is no escape.
        value += ESCAPES.get(letter) ?? ("\\'\"/".includes(letter) ? letter : `\\${letter}`);
        continue;
      }
      const code = this.#text.slice(at + 1, at + 1 + digits);
      const point = /^[0-9a-fA-F]+$/.test(code) && code.length === digits ? Number.parseInt(code, 16) : -1;
      if (point < 0 || point > 0x10ffff) throw this.#error("syntax", "an escape without its digits");
      value += String.fromCodePoint(point);
      at += digits;
    }
    throw this.#error("syntax", "the text ends inside a string");
  }

  #number(): JsonValue {
    const text = this.#match(NUMBER);
    if (text === undefined) throw this.#error("syntax", "the text is neither JSON nor a literal of Python");
    const value = Number(text);
    if (Number.isSafeInteger(value) && String(value) === text) return value;
    if (JSON_NUMBER.test(text)) return new JsonNumber(text);
    // `1.`, `.5` and `+1` are numbers of Python that JSON spells otherwise.
    if (!Number.isFinite(value)) throw this.#error("not_finite", `${text} is no number`);
    return /[.eE]/.test(text) ? new JsonNumber(floatText(value)) : value;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #skip(blanks: RegExp): void {
    this.#match(blanks);
  }

  #error(kind: JsonError["kind"], what: string): JsonError {
    return new JsonError(kind, Buffer.byteLength(this.#text.slice(0, this.#at)), what);
  }
}

/** JSON has a minus zero, which is no integer of Python's. */
function integerLiteral(text: string): string {
  return text === "-0" ? "0" : text;
}
