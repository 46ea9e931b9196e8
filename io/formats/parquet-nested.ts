/**
 * Values of nested Parquet columns, put together from the levels of their leaves.
 *
 * The decoder gives every leaf of a row as nested arrays: one array around what lies below each optional group (empty where the group is
 * absent) and one around the entries of each repeated one. Invariant: fields keep the order of the schema and map entries that of the file.
 */
import type { SchemaTree } from "hyparquet/src/types.js";
import { leafType } from "./parquet-types.ts";
import type { RawValue, ValueType } from "./value-types.ts";

/** Reads the values of one node out of what its leaves hold for it, in their order. */
export interface NestedType {
  readonly type: ValueType;
  readonly toRaw: (items: readonly unknown[]) => RawValue;
}

/** Leaves below a node, in the order of the schema. */
export function leavesBelow(node: SchemaTree): readonly SchemaTree[] {
  return node.children.length === 0 ? [node] : node.children.flatMap(leavesBelow);
}

/** The type of a node below which values repeat or have parts. */
export function nestedType(node: SchemaTree): NestedType {
  const { repetition_type: repetition } = node.element;
  const single = singleType(node);
  if (repetition === "REQUIRED") return single;
  if (repetition === "OPTIONAL") {
    // A leaf that is absent is null already.
    if (node.children.length === 0) return single;
    return { ...single, toRaw: (items) => (entries(items[0]).length === 0 ? null : single.toRaw(items.map(first))) };
  }
  return {
    type: { type: "list", element: single.type },
    toRaw: (items) => entries(items[0]).map((_, i) => single.toRaw(items.map((item) => entries(item)[i]))),
  };
}

/** One value of a node, whether it is optional or repeated left aside. */
function singleType(node: SchemaTree): NestedType {
  if (node.children.length === 0) {
    const { type, toRaw, fits } = leafType(node);
    const present = (stored: unknown): RawValue => {
      if (stored === undefined) throw new Error("a value is missing, or not in its dictionary");
      if (fits !== undefined && !fits(stored))
        throw new Error(`${node.path.join(".")} holds an instant outside the years 1 to 9999`);
      return toRaw(stored);
    };
    return { type, toRaw: ([stored]) => (stored === null ? null : present(stored)) };
  }
  return listType(node) ?? mapType(node) ?? structType(node);
}

/** A group with one repeated member; where that has one member of its own, the entries are those. */
function listType(node: SchemaTree): NestedType | undefined {
  const repeated = isOf(node, "LIST") ? onlyRepeated(node) : undefined;
  if (repeated === undefined) return undefined;
  const { name } = repeated.element;
  const [member, ...others] = repeated.children;
  const isElement =
    member === undefined || others.length > 0 || name === "array" || name === `${node.element.name}_tuple`;
  if (isElement) return nestedType(repeated);
  const inner = nestedType(member);
  return {
    type: { type: "list", element: inner.type },
    toRaw: (items) => entries(items[0]).map((_, i) => inner.toRaw(items.map((item) => entries(item)[i]))),
  };
}

function mapType(node: SchemaTree): NestedType | undefined {
  const isMap = isOf(node, "MAP") || node.element.converted_type === "MAP_KEY_VALUE";
  const repeated = isMap ? onlyRepeated(node) : undefined;
  const [key, value, ...others] = repeated?.children ?? [];
  if (repeated === undefined || key === undefined || value === undefined || others.length > 0) return undefined;
  const pair = structType(repeated);
  return {
    type: { type: "map", key: nestedType(key).type, value: nestedType(value).type },
    toRaw: (items) => entries(items[0]).map((_, i) => pair.toRaw(items.map((item) => entries(item)[i]))),
  };
}

/** The one member of a group, where it has one only and that repeats. */
function onlyRepeated({ children: [member, ...others] }: SchemaTree): SchemaTree | undefined {
  return others.length === 0 && member?.element.repetition_type === "REPEATED" ? member : undefined;
}

function structType(node: SchemaTree): NestedType {
  let leaf = 0;
  const members = node.children.map((child) => {
    const start = leaf;
    leaf += leavesBelow(child).length;
    return { name: child.element.name, start, end: leaf, ...nestedType(child) };
  });
  return {
    type: { type: "struct", fields: members.map(({ name, type }) => ({ name, value: type })) },
    toRaw: (items) => members.map(({ start, end, toRaw }) => toRaw(items.slice(start, end))),
  };
}

function isOf({ element }: SchemaTree, type: "LIST" | "MAP"): boolean {
  return element.converted_type === type || element.logical_type?.type === type;
}

/** Entries of a repeated node; the decoder has null for a leaf that repeats no times. */
function entries(item: unknown): readonly unknown[] {
  return Array.isArray(item) ? item : [];
}

function first(item: unknown): unknown {
  return entries(item)[0];
}
