/**
 * Values of table files as cells: of the kind a file suggests, or of the kind a recipe asks for.
 *
 * Invariant: a cell of a kind that was asked for is exactly the value in the file. Where a type can never promise that, the kind is refused
 * as a whole; where it depends on the value, the row is. Price: a call or two a value.
 */
import { type Cell, type CellKind, type CellOrMisfit, type MetadataKind, MISFIT, NO_UTF8 } from "./cells.ts";
import {
  decimalText,
  flatText,
  isJson,
  isNested,
  type JsonWriter,
  jsonWriter,
  NotUtf8,
  type RawValue,
  type ValueType,
} from "./value-types.ts";

/** How values become cells; null stays null and does not come here. */
export interface CellType {
  readonly kind: CellKind;
  readonly toCell: (value: RawValue) => CellOrMisfit;
}

/** The cells of a column that nobody gave a kind: what the file has. Decimals become the nearest double; nested values JSON text. */
export function ownCells(type: ValueType): CellType {
  switch (type.type) {
    case "bool":
      return { kind: "bool", toCell: asIs };
    case "int":
      if (type.bits === 64) return type.signed ? { kind: "int64", toCell: asIs } : { kind: "utf8", toCell: String };
      return type.bits === 32 && !type.signed
        ? { kind: "int64", toCell: (value) => BigInt(value as number) }
        : { kind: "int32", toCell: asIs };
    case "float":
      return { kind: type.bits === 64 ? "float64" : "float32", toCell: asIs };
    case "decimal":
      return { kind: "float64", toCell: (value) => Number(decimalText(value as bigint, type.scale)) };
    case "time":
      // As the file has it: time of day was a number before it had a text.
      return type.digits <= 3
        ? { kind: "int32", toCell: (value) => Number(value as bigint) }
        : { kind: "int64", toCell: asIs };
    default:
      return { kind: "utf8", toCell: textCell(type) };
  }
}

/** The cells of a column of `kind`, undefined where values of `type` are not of that kind whatever they are. */
export function cellsOf(type: ValueType, kind: MetadataKind): CellType | undefined {
  const toCell = castTo(type, kind);
  return toCell && { kind: kind === "json" ? "utf8" : kind, toCell };
}

function castTo(type: ValueType, kind: MetadataKind): CellType["toCell"] | undefined {
  if (type.type === "null") return () => null;
  switch (kind) {
    case "utf8":
      return textCell(type);
    case "json":
      return jsonCell(type);
    case "bool":
      return type.type === "bool" ? asIs : undefined;
    case "int32":
    case "int64":
      return integerCell(type, kind === "int32" ? 32 : 64);
    case "float32":
    case "float64":
      return floatCell(type, kind === "float32");
  }
}

const asIs = (value: RawValue): Cell => value as Cell;

/** Strings and bytes stay the bytes they are: whether they are UTF-8 is judged with the row. */
function textCell(type: ValueType): CellType["toCell"] {
  if (type.type === "string" || type.type === "json" || type.type === "binary") return asIs;
  return flatText(type) ?? utf8Only(jsonWriter(type));
}

function jsonCell(type: ValueType): CellType["toCell"] {
  if (type.type !== "json") return utf8Only(jsonWriter(type));
  return (value) => {
    const text = Buffer.from(value as Uint8Array).toString("utf8");
    return isJson(text) ? text : MISFIT;
  };
}

function utf8Only(write: JsonWriter): CellType["toCell"] {
  return (value) => {
    try {
      return write(value);
    } catch (error) {
      if (error instanceof NotUtf8) return NO_UTF8;
      throw error;
    }
  };
}

function integerCell(type: ValueType, bits: 32 | 64): CellType["toCell"] | undefined {
  if (type.type !== "int" && !(type.type === "decimal" && type.scale <= 0)) return undefined;
  const factor = type.type === "decimal" ? 10n ** BigInt(-type.scale) : 1n;
  return (value) => {
    if (typeof value === "number" && bits === 32) return (value | 0) === value ? value : MISFIT;
    const integer = BigInt(value as number | bigint) * factor;
    if (BigInt.asIntN(bits, integer) !== integer) return MISFIT;
    return bits === 32 ? Number(integer) : integer;
  };
}

function floatCell(type: ValueType, single: boolean): CellType["toCell"] | undefined {
  const fits = single ? (value: number) => Object.is(Math.fround(value), value) : () => true;
  if (type.type === "float") return (value) => (fits(value as number) ? (value as number) : MISFIT);
  if (type.type !== "int") return undefined;
  return (value) => {
    const number = Number(value);
    return (typeof value === "number" || BigInt(number) === value) && fits(number) ? number : MISFIT;
  };
}

/** For messages: `struct`, `int64`, `decimal`. */
export function typeName(type: ValueType): string {
  if (isNested(type)) return type.type;
  if (type.type === "int") return `${type.signed ? "" : "u"}int${type.bits}`;
  return type.type === "float" ? `float${type.bits}` : type.type;
}
