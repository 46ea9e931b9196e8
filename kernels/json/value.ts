/**
 * JSON values that can be written again as they were read: chats, tool schemas, template arguments.
 *
 * Invariant: every digit of a number and the order of an object's members stay. An integer that a double holds is a `number`; any other
 * number keeps its text, so `1.0` stays a float and `9007199254740993` stays itself. Of a repeated key the first place and the last
 * value stay, as Python's reader has it. What is not JSON is a {@link JsonError} with its byte, a lone surrogate is one of its own kind:
 * UTF-8 cannot say it. Price: half of the engine's own reader (200 to 600 MB/s), a
 * quarter where there are numbers.
 */

/** A number by its text: a float, or an integer that a double would change. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Whether the text has neither a fraction nor an exponent: Python reads an `int`. */
  get isInteger(): boolean {
    return !/[.eE]/.test(this.text);
  }
}

export type JsonObject = Map<string, JsonValue>;
/** A `number` is a safe integer, and not -0. */
export type JsonValue = null | boolean | string | number | JsonNumber | readonly JsonValue[] | JsonObject;

/** `not_finite`: Python's `NaN` and `Infinity`, which JSON does not have. */
export type JsonErrorKind = "syntax" | "depth" | "lone_surrogate" | "not_utf8" | "not_finite";

/** Why a text has no value; `byte` is where in its UTF-8 form. */
export class JsonError extends Error {
  readonly kind: JsonErrorKind;
  readonly byte: number;

  constructor(kind: JsonErrorKind, byte: number, what: string) {
    super(`${what} at byte ${byte}`);
    this.name = "JsonError";
    this.kind = kind;
    this.byte = byte;
  }
}

/** Nobody's data is deeper, and readers are recursive. */
export const MAX_JSON_DEPTH = 256;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const NOT_FINITE = /-?Infinity|NaN/y;
/** Control characters, which JSON forbids in strings. */
const CONTROL = /[^ -\uffff]/;
/** Escapes that may be halves of a pair. */
const SURROGATE_ESCAPE = /\\u[dD]/;
const SURROGATE = /[\ud800-\udfff]/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const LITERALS = [
  ["null", null],
  ["true", true],
  ["false", false],
] as const;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The value of a JSON text. Throws a {@link JsonError}. */
export function parseJson(text: string): JsonValue {
  return readPlain(text) ?? new JsonReader(text).read();
}

/** The value of the JSON text in UTF-8 bytes. Throws a {@link JsonError}. */
export function parseJsonBytes(bytes: Uint8Array): JsonValue {
  return parseJson(textOfBytes(bytes));
}

/** The JSON text of a value; `spaces` puts one behind each comma and colon, as Python does. */
export function jsonText(value: JsonValue, options: { readonly spaces?: boolean } = {}): string {
  const [comma, colon] = options.spaces === true ? [", ", ": "] : [",", ":"];
  const write = (value: JsonValue): string => {
    if (typeof value === "string") return JSON.stringify(value);
    if (value instanceof JsonNumber) return value.text;
    if (value instanceof Map) {
      let text = "{";
      for (const [key, member] of value) {
        text += `${text === "{" ? "" : comma}${JSON.stringify(key)}${colon}${write(member)}`;
      }
      return `${text}}`;
    }
    return isJsonList(value) ? `[${value.map(write).join(comma)}]` : String(value);
  };
  return write(value);
}

/** `Array.isArray` for values that cannot be written to. */
export function isJsonList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function textOfBytes(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new JsonError("not_utf8", 0, "the text is not UTF-8");
  }
}

/**
 * The value as the engine's own reader has it, undefined where that could differ: where there is a number, a key that looks like an index
 * (objects move those to the front), an escaped surrogate, or no JSON at all.
 */
function readPlain(text: string): JsonValue | undefined {
  if (SURROGATE_ESCAPE.test(text) || (SURROGATE.test(text) && LONE_SURROGATE.test(text))) return undefined;
  try {
    return plainValue(JSON.parse(text), 0);
  } catch {
    return undefined;
  }
}

function plainValue(value: unknown, depth: number): JsonValue | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value !== "object" || depth === MAX_JSON_DEPTH) return undefined;
  if (Array.isArray(value)) {
    const items: JsonValue[] = [];
    for (const entry of value) {
      const item = plainValue(entry, depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
    }
    return items;
  }
  const members: JsonObject = new Map();
  for (const [key, entry] of Object.entries(value)) {
    const first = key.charCodeAt(0);
    const member = first >= ZERO && first <= NINE ? undefined : plainValue(entry, depth + 1);
    if (member === undefined) return undefined;
    members.set(key, member);
  }
  return members;
}

class JsonReader {
  readonly #text: string;
  /** Strings need no look at their control characters where the text has none. */
  readonly #hasControls: boolean;
  #at = 0;
  #depth = 0;
  /** The next backslash at or after `#at`, as far as it has been looked for. */
  #backslash = -1;

  constructor(text: string) {
    this.#text = text;
    this.#hasControls = CONTROL.test(text);
  }

  read(): JsonValue {
    const lone = SURROGATE.test(this.#text) ? LONE_SURROGATE.exec(this.#text) : null;
    if (lone !== null) throw this.#error("lone_surrogate", lone.index, "half of a surrogate pair");
    this.#skipSpace();
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected();
    return value;
  }

  #value(): JsonValue {
    const first = this.#text.charCodeAt(this.#at);
    if (first === QUOTE) return this.#string();
    if (first === OPEN_OBJECT) return this.#object();
    if (first === OPEN_LIST) return this.#list();
    if (first === MINUS || (first >= ZERO && first <= NINE)) return this.#number();
    return this.#literal();
  }

  #object(): JsonObject {
    const members: JsonObject = new Map();
    if (this.#open(CLOSE_OBJECT)) return members;
    for (;;) {
      if (this.#text.charCodeAt(this.#at) !== QUOTE) throw this.#unexpected();
      const key = this.#string();
      this.#skipSpace();
      if (this.#text.charCodeAt(this.#at) !== COLON) throw this.#unexpected();
      this.#at++;
      this.#skipSpace();
      members.set(key, this.#value());
      if (this.#closes(CLOSE_OBJECT)) return members;
    }
  }

  #list(): readonly JsonValue[] {
    const items: JsonValue[] = [];
    if (this.#open(CLOSE_LIST)) return items;
    for (;;) {
      items.push(this.#value());
      if (this.#closes(CLOSE_LIST)) return items;
    }
  }

  /** Steps into a container; true where it is empty and has been left again. */
  #open(close: number): boolean {
    if (++this.#depth > MAX_JSON_DEPTH) {
      throw this.#error("depth", this.#at, `more than ${MAX_JSON_DEPTH} values inside each other`);
    }
    this.#at++;
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#at) !== close) return false;
    this.#at++;
    this.#depth--;
    return true;
  }

  /** Behind a member: true where the container ends, false at the next member. */
  #closes(close: number): boolean {
    this.#skipSpace();
    const next = this.#text.charCodeAt(this.#at);
    if (next !== COMMA && next !== close) throw this.#unexpected();
    this.#at++;
    if (next === close) {
      this.#depth--;
      return true;
    }
    this.#skipSpace();
    return false;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at;
    if (this.#backslash < start) {
      const next = text.indexOf("\\", start);
      this.#backslash = next < 0 ? text.length : next;
    }
    let end = text.indexOf('"', start + 1);
    if (this.#backslash < end) {
      while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
    }
    if (end < 0) throw this.#error("syntax", text.length, "the text ends inside a string");
    this.#at = end + 1;
    if (this.#hasControls) this.#refuseControls(start, end);
    return this.#backslash < end ? this.#unescaped(start, end) : text.slice(start + 1, end);
  }

  #refuseControls(start: number, end: number): void {
    const found = this.#text.slice(start, end).search(CONTROL);
    if (found >= 0) throw this.#error("syntax", start + found, "a control character in a string");
  }

  #unescaped(start: number, end: number): string {
    const quoted = this.#text.slice(start, end + 1);
    let value: unknown;
    try {
      value = JSON.parse(quoted);
    } catch {
      const bad = /\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})/.exec(quoted.replaceAll("\\\\", "__"));
      throw this.#error("syntax", start + (bad?.index ?? 0), "an escape that JSON does not have");
    }
    const string = String(value);
    if (SURROGATE_ESCAPE.test(quoted) && LONE_SURROGATE.test(string)) {
      throw this.#error("lone_surrogate", start, "a string with half of a surrogate pair");
    }
    return string;
  }

  #number(): number | JsonNumber {
    NUMBER.lastIndex = this.#at;
    const text = NUMBER.exec(this.#text)?.[0];
    if (text === undefined) return this.#refuseLiteral();
    this.#at += text.length;
    const value = Number(text);
    return Number.isSafeInteger(value) && String(value) === text ? value : new JsonNumber(text);
  }

  #literal(): JsonValue {
    for (const [word, value] of LITERALS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    return this.#refuseLiteral();
  }

  #refuseLiteral(): never {
    NOT_FINITE.lastIndex = this.#at;
    const word = NOT_FINITE.exec(this.#text)?.[0];
    throw word === undefined ? this.#unexpected() : this.#error("not_finite", this.#at, `${word} is not JSON`);
  }

  #skipSpace(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.#at++;
    }
  }

  #unexpected(): JsonError {
    const found = this.#text.codePointAt(this.#at);
    const what =
      found === undefined ? "the text ends too soon" : `unexpected ${JSON.stringify(String.fromCodePoint(found))}`;
    return this.#error("syntax", this.#at, what);
  }

  /** `index` counts code units. */
  #error(kind: JsonErrorKind, index: number, what: string): JsonError {
    return new JsonError(kind, Buffer.byteLength(this.#text.slice(0, index)), what);
  }
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}
