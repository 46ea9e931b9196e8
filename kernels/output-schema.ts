/**
 * The declared type of a data set of rows: what an output's columns are, nested ones included.
 *
 * A flat type is a column of the same kind (a `dictionary` column is utf8). A nested type is a utf8 column of JSON text, one value a row;
 * a list of int32 may also be a `token_list` column. Invariant: names are unique within a struct and no struct is empty. Every value may be null.
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

/** As SQL engines spell it: `list<struct<content: utf8, role: utf8>>`. For messages. */
export function typeName(type: OutputType): string {
  if (type.kind === "list") return `list<${typeName(type.of)}>`;
  if (type.kind !== "struct") return type.kind;
  return `struct<${type.fields.map((field) => `${field.name}: ${typeName(field.type)}`).join(", ")}>`;
}
