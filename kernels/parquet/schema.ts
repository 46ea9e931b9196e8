/**
 * A declared schema as Parquet sees it: a tree of groups, its leaves, and the levels at which each begins to exist.
 *
 * Every field and every element is optional, as Arrow writes them, and a list is the three-level form of the
 * specification. Invariant: leaves are numbered in the order of the schema, so those below a node are a range.
 */
import type { FlatKind, OutputField, OutputType } from "../output-schema.ts";
import { Converted, Physical, Repetition } from "./format.ts";
import { ThriftStruct } from "./thrift.ts";

/** A column of values: what gets column chunks. */
export interface Leaf {
  readonly path: readonly string[];
  readonly kind: FlatKind;
  readonly physical: Physical;
  readonly maxDefinition: number;
  readonly maxRepetition: number;
}

interface NodeBase {
  readonly name: string;
  /** Definition level of a null here, whose parent is there; one more says that the value is there. */
  readonly nullDefinition: number;
  /** Leaves `[firstLeaf, endLeaf)` lie below. */
  readonly firstLeaf: number;
  readonly endLeaf: number;
}
export interface ScalarNode extends NodeBase {
  readonly kind: FlatKind;
}
export interface ListNode extends NodeBase {
  readonly kind: "list";
  /** Repetition level of all elements but the first. */
  readonly repetition: number;
  readonly element: SchemaNode;
}
export interface StructNode extends NodeBase {
  readonly kind: "struct";
  readonly fields: readonly SchemaNode[];
}
export type SchemaNode = ScalarNode | ListNode | StructNode;

export interface Schema {
  /** One for each column of the output. */
  readonly columns: readonly SchemaNode[];
  readonly leaves: readonly Leaf[];
  /** As the footer lists it. */
  readonly elements: readonly ThriftStruct[];
}

const PHYSICAL: Readonly<Record<FlatKind, Physical>> = {
  utf8: Physical.byteArray,
  int32: Physical.int32,
  int64: Physical.int64,
  float32: Physical.float,
  float64: Physical.double,
  bool: Physical.boolean,
};

export function schemaOf(fields: readonly OutputField[]): Schema {
  const leaves: Leaf[] = [];
  const elements = [new ThriftStruct().text(4, "schema").i32(5, fields.length)];

  const visit = (
    name: string,
    type: OutputType,
    path: readonly string[],
    nulls: number,
    repetition: number,
  ): SchemaNode => {
    const firstLeaf = leaves.length;
    const base = { name, nullDefinition: nulls, firstLeaf };
    const group = () => new ThriftStruct().i32(3, Repetition.optional).text(4, name);
    if (type.kind === "list") {
      elements.push(
        group().i32(5, 1).i32(6, Converted.list).struct(10, new ThriftStruct().struct(3, new ThriftStruct())),
        new ThriftStruct().i32(3, Repetition.repeated).text(4, "list").i32(5, 1),
      );
      const element = visit("element", type.of, [...path, "list", "element"], nulls + 2, repetition + 1);
      return { ...base, kind: "list", repetition: repetition + 1, element, endLeaf: leaves.length };
    }
    if (type.kind === "struct") {
      elements.push(group().i32(5, type.fields.length));
      const inside = type.fields.map((field) =>
        visit(field.name, field.type, [...path, field.name], nulls + 1, repetition),
      );
      return { ...base, kind: "struct", fields: inside, endLeaf: leaves.length };
    }
    const { kind } = type;
    const physical = PHYSICAL[kind];
    const element = new ThriftStruct().i32(1, physical).i32(3, Repetition.optional).text(4, name);
    if (kind === "utf8") element.i32(6, Converted.utf8).struct(10, new ThriftStruct().struct(1, new ThriftStruct()));
    elements.push(element);
    leaves.push({ path, kind, physical, maxDefinition: nulls + 1, maxRepetition: repetition });
    return { ...base, kind, endLeaf: leaves.length };
  };

  const columns = fields.map(({ name, type }) => visit(name, type, [name], 0, 0));
  return { columns, leaves, elements };
}
