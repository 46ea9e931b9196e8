/**
 * Types of output columns as recipes spell them: `string`, `int64`, `list<struct<role: string, content: string>>`.
 *
 * Invariant: what is not such a type is undefined, with the place where it stops being one; nothing is guessed.
 */
import type { OutputField, OutputType } from "./output-schema.ts";

const FLAT: Readonly<Record<string, OutputType>> = {
  string: { kind: "utf8" },
  utf8: { kind: "utf8" },
  int32: { kind: "int32" },
  int64: { kind: "int64" },
  float32: { kind: "float32" },
  float64: { kind: "float64" },
  double: { kind: "float64" },
  bool: { kind: "bool" },
  boolean: { kind: "bool" },
};

/** Every name that stands for a flat type. */
export const FLAT_TYPE_NAMES: readonly string[] = Object.keys(FLAT);

/** The type that `text` spells, or undefined where it spells none. */
export function parseOutputType(text: string): OutputType | undefined {
  const parser = new TypeParser(text);
  const type = parser.type();
  return type !== undefined && parser.done ? type : undefined;
}

class TypeParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    this.#blanks();
    return this.#at === this.#text.length;
  }

  type(): OutputType | undefined {
    const name = this.#name().toLowerCase();
    if (name === "list") return this.#list();
    if (name === "struct") return this.#struct();
    return Object.hasOwn(FLAT, name) ? FLAT[name] : undefined;
  }

  #list(): OutputType | undefined {
    if (!this.#take("<")) return undefined;
    const of = this.type();
    return of !== undefined && this.#take(">") ? { kind: "list", of } : undefined;
  }

  #struct(): OutputType | undefined {
    if (!this.#take("<")) return undefined;
    const fields: OutputField[] = [];
    do {
      const name = this.#name();
      if (name === "" || !this.#take(":")) return undefined;
      const type = this.type();
      if (type === undefined) return undefined;
      fields.push({ name, type });
    } while (this.#take(","));
    return this.#take(">") ? { kind: "struct", fields } : undefined;
  }

  /** What stands before the next sign of the grammar. */
  #name(): string {
    this.#blanks();
    const start = this.#at;
    while (this.#at < this.#text.length && !"<>:,".includes(this.#text[this.#at])) this.#at++;
    return this.#text.slice(start, this.#at).trim();
  }

  #take(sign: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  #blanks(): void {
    while (this.#text[this.#at] === " ") this.#at++;
  }
}
