/**
 * Special tokens that the texts of a conversation spell: found, counted, and told apart from those of the template.
 *
 * The template prints texts of the row among its own. Where a text spells a special token, the row is rendered a second time with that token written
 * as one character that neither row nor template has, so that its places in the text are known. Invariant: the text is that of the
 * first rendering; where the second, written back, is another, the template has looked at the token and nothing is guessed. Price: one search of
 * the row's texts, and a second rendering of the rows that spell a token.
 */
import { isJsonList, type JsonObject, type JsonValue } from "../../kernels/json/value.ts";

/** Characters that stand for tokens: letters without case, so that Python prints them as they are wherever it prints a text. */
const FIRST_MARK = 0xa000;
const LAST_MARK = 0xa48c;

/** A value in which tokens are marks, and what each mark stands for. */
export interface Marked<Value extends JsonValue> {
  readonly value: Value;
  readonly tokens: ReadonlyMap<string, string>;
}

export class ControlTokens {
  readonly #pattern: RegExp | undefined;
  readonly #template: string;

  /** @param template its text: marks are characters that it does not have */
  constructor(tokens: Iterable<string>, template: string) {
    const names = [...new Set(tokens)].filter((name) => name !== "").sort((a, b) => b.length - a.length);
    this.#template = template;
    if (names.length > 0) this.#pattern = new RegExp(names.map(escaped).join("|"), "g");
  }

  /** How many tokens the texts in `value` spell, keys among them. */
  count(value: JsonValue): number {
    const pattern = this.#pattern;
    if (pattern === undefined) return 0;
    let found = 0;
    visit(value, (text) => {
      pattern.lastIndex = 0;
      if (!pattern.test(text)) return;
      found += text.match(pattern)?.length ?? 0;
    });
    return found;
  }

  /** `value` with a mark for each token; undefined where there are not enough characters for that, which no real row sees. */
  mark<Value extends JsonValue>(value: Value): Marked<Value> | undefined {
    const pattern = this.#pattern;
    if (pattern === undefined) return undefined;
    const spelled = new Set<string>();
    const used = new Set<string>();
    visit(value, (text) => {
      for (const [token] of text.matchAll(pattern)) spelled.add(token);
      for (const [character] of text.matchAll(/[\ua000-\ua48c]/g)) used.add(character);
    });
    const marks = new Map<string, string>();
    let next = FIRST_MARK;
    for (const token of spelled) {
      while (used.has(String.fromCharCode(next)) || this.#template.includes(String.fromCharCode(next))) next++;
      if (next > LAST_MARK) return undefined;
      marks.set(token, String.fromCharCode(next++));
    }
    const write = (text: string): string => text.replace(pattern, (token) => marks.get(token) ?? token);
    const tokens = new Map([...marks].map(([token, mark]) => [mark, token] as const));
    return { value: mapTexts(value, write) as Value, tokens };
  }
}

/**
 * `text` with marks written back, and where the tokens lie in it: pairs of start and end, in UTF-16 units.
 */
export function unmarked(text: string, tokens: ReadonlyMap<string, string>): { text: string; ranges: number[] } {
  const pattern = new RegExp(`[${[...tokens.keys()].join("")}]`, "g");
  const ranges: number[] = [];
  let made = "";
  let done = 0;
  for (const { 0: mark, index } of text.matchAll(pattern)) {
    const token = tokens.get(mark) ?? "";
    made += text.slice(done, index);
    ranges.push(made.length, made.length + token.length);
    made += token;
    done = index + 1;
  }
  return { text: made + text.slice(done), ranges };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}

function visit(value: JsonValue, text: (text: string) => void): void {
  if (typeof value === "string") text(value);
  else if (value instanceof Map) {
    for (const [key, member] of value) {
      text(key);
      visit(member, text);
    }
  } else if (value !== null && isJsonList(value)) for (const member of value) visit(member, text);
}

function mapTexts(value: JsonValue, map: (text: string) => string): JsonValue {
  if (typeof value === "string") return map(value);
  if (value instanceof Map) {
    const made: JsonObject = new Map();
    for (const [key, member] of value) made.set(map(key), mapTexts(member, map));
    return made;
  }
  return value !== null && isJsonList(value) ? value.map((member) => mapTexts(member, map)) : value;
}
