/**
 * The declared type of a data set of rows: what an output's columns are, nested ones included.
 *
 * Types are written as in `list<struct<content: string, role: string>>`. A flat type is a column of the same kind (a
 * `dictionary` column is utf8). A nested type is a utf8 column of JSON text, one value a row; a list of int32 may also
 * be a `token_list` column. Invariant: names are unique within a struct and no struct is empty. Every value may be
 * null.
 */
export type FlatKind = "utf8" | "int32" | "int64" | "float32" | "float64" | "bool";

export type OutputType =
  | { readonly kind: FlatKind }
  | { readonly kind: "list"; readonly of: OutputType }
  | { readonly kind: "struct"; readonly fields: readonly OutputField[] };

export interface OutputField {
  readonly name: string;
  readonly type: OutputType;
}

/** Why `fields` cannot be the columns of a data set or the fields of a struct; undefined where they can. */
export function fieldsProblem(fields: readonly OutputField[], path = ""): string | undefined {
  if (fields.length === 0) return path === "" ? "an output needs a column" : `struct \`${path}\` has no fields`;
  const names = new Set<string>();
  for (const { name, type } of fields) {
    const at = path === "" ? name : `${path}.${name}`;
    if (name === "") return `a field of \`${path}\` has no name`;
    if (names.has(name)) return `\`${at}\` is there twice`;
    names.add(name);
    const problem = typeProblem(type, at);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function typeProblem(type: OutputType, path: string): string | undefined {
  if (type.kind === "list") return typeProblem(type.of, path);
  return type.kind === "struct" ? fieldsProblem(type.fields, path) : undefined;
}

/** How the flat types are spelled. */
const SPELLINGS: Readonly<Record<FlatKind, string>> = {
  utf8: "string",
  int32: "int32",
  int64: "int64",
  float32: "float32",
  float64: "float64",
  bool: "bool",
};
const KINDS = new Map(Object.entries(SPELLINGS).map(([kind, spelling]) => [spelling, kind as FlatKind]));
const PLAIN_NAME = /^[\w.-]+$/;

/**
 * `list<struct<content: string, role: string>>`; names with other characters than letters, digits, `_`, `.`, `-` are
 * JSON strings.
 */
export function typeText(type: OutputType): string {
  if (type.kind === "list") return `list<${typeText(type.of)}>`;
  if (type.kind !== "struct") return SPELLINGS[type.kind];
  const fields = type.fields.map((field) => {
    const name = PLAIN_NAME.test(field.name) ? field.name : JSON.stringify(field.name);
    return `${name}: ${typeText(field.type)}`;
  });
  return `struct<${fields.join(", ")}>`;
}

/** What a type's text lacks. */
export class TypeTextError extends Error {
  /** Position in the text. */
  readonly at: number;

  constructor(problem: string, at: number) {
    super(problem);
    this.name = "TypeTextError";
    this.at = at;
  }
}

/** The inverse of {@link typeText}; white space is free. Throws a {@link TypeTextError}. */
export function parseType(text: string): OutputType {
  const reader = new TypeReader(text);
  const type = reader.type();
  reader.end();
  const problem = typeProblem(type, "");
  if (problem !== undefined) throw new TypeTextError(problem, 0);
  return type;
}

class TypeReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  type(): OutputType {
    const start = this.#at;
    const word = this.#match(/\s*[a-z]\w*/y)?.trim();
    const kind = KINDS.get(word ?? "");
    if (kind !== undefined) return { kind };
    if (word === "list") {
      this.#expect("<");
      const of = this.type();
      this.#expect(">");
      return { kind: "list", of };
    }
    if (word === "struct") {
      this.#expect("<");
      const fields: OutputField[] = [];
      do fields.push(this.#field());
      while (this.#match(/\s*,/y) !== undefined);
      this.#expect(">");
      return { kind: "struct", fields };
    }
    const found = word === undefined ? "nothing" : `\`${word}\``;
    throw new TypeTextError(
      `a type is one of ${[...KINDS.keys()].join(", ")}, list<…>, struct<…>, not ${found}`,
      start,
    );
  }

  end(): void {
    this.#match(/\s*/y);
    if (this.#at < this.#text.length) throw new TypeTextError("something follows the type", this.#at);
  }

  #field(): OutputField {
    const name = this.#match(/\s*(?:[\w.-]+|"(?:[^"\\]|\\.)*")/y)?.trim();
    if (name === undefined) throw new TypeTextError("a field needs a name", this.#at);
    this.#expect(":");
    return { name: name.startsWith('"') ? String(JSON.parse(name)) : name, type: this.type() };
  }

  #expect(character: string): void {
    if (this.#match(character === ":" ? /\s*:/y : character === "<" ? /\s*</y : /\s*>/y) === undefined) {
      throw new TypeTextError(`\`${character}\` is missing`, this.#at);
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found !== undefined) this.#at = pattern.lastIndex;
    return found;
  }
}
