/**
 * The columns that a recipe asks of JSON lines, and their cells in a line that was scanned.
 *
 * Invariant: of the ways that a dotted name may mean, the first that a line has counts, the key of that very name before nested ones. JSON has
 * no word for NaN and infinities; where a line has one, float columns hold it, `json` columns null, and utf8 columns the word as it is
 * written. Price: views of the line, no JavaScript string but for numbers and `json` columns.
 */
import { numberAt, uint8At } from "../../batch/numbers.ts";
import {
  type Cell,
  type CellKind,
  type CellOrMisfit,
  cellKindOf,
  type MetadataKind,
  MISFIT,
} from "../../io/formats/cells.ts";
import { JsonKind, type JsonScanner } from "../../kernels/json/json-scan.ts";
import { metadataColumns, pathsOf, type TableOptions } from "./columns.ts";
import { parseNumber } from "./numbers.ts";
import { misfit, type RowFault } from "./row-faults.ts";

interface JsonColumn {
  readonly name: string;
  readonly kind: CellKind;
  readonly wanted: MetadataKind;
  /** Positions of its paths in the scanner, the first that is there counts. */
  readonly paths: readonly number[];
}

const NULL = Buffer.from("null");
/** A string, passed over whole, or one of the words. */
const STRING_OR_WORD = /"(?:\\.|[^"\\])*"|-?Infinity|NaN/g;

export class JsonFields {
  /** What a scanner must look for. */
  readonly paths: readonly (readonly string[])[];
  /** Text and id where they are read, then metadata. */
  readonly columns: readonly JsonColumn[];
  /** Of the line taken last: one cell a column. */
  readonly cells: CellOrMisfit[] = [];
  cellBytes = 0;
  readonly #hasText: boolean;

  constructor({ text, id, metadata }: TableOptions) {
    const paths: (readonly string[])[] = [];
    const places = new Map<string, number>();
    const column = (name: string, ways: readonly (readonly string[])[], wanted: MetadataKind): JsonColumn => ({
      name,
      kind: cellKindOf(wanted),
      wanted,
      paths: ways.map((way) => {
        const key = JSON.stringify(way);
        const place = places.get(key) ?? paths.push(way) - 1;
        places.set(key, place);
        return place;
      }),
    });
    this.columns = [
      ...(text === null ? [] : [column("text", pathsOf(text), "utf8")]),
      ...(id === null ? [] : [column("id", pathsOf(id), "utf8")]),
      ...metadataColumns(metadata).map(({ name, paths: ways, kind = "utf8" }) => column(name, ways, kind)),
    ];
    this.paths = paths;
    this.#hasText = text !== null;
  }

  /** Whether the line that `scanner` scanned last has the key of the text, null or not. */
  hasText(scanner: JsonScanner): boolean {
    const [text] = this.columns;
    return text?.paths.some((path) => scanner.kinds[path] !== JsonKind.missing) ?? false;
  }

  /** Fills `cells` from the line that `scanner` scanned last, or says why it is no row. They are good until the next scan. */
  take(scanner: JsonScanner): RowFault | undefined {
    this.cellBytes = 0;
    let c = 0;
    for (const column of this.columns) {
      const path = found(scanner, column.paths);
      const isText = this.#hasText && c === 0;
      const cell = isText ? scanner.value(path) : cellOf(scanner, path, column.wanted);
      if (isText) {
        const fault = textFault(uint8At(scanner.kinds, path), cell);
        if (fault !== undefined) return fault;
      }
      if (cell === MISFIT) return misfit(column);
      if (cell instanceof Uint8Array || typeof cell === "string") this.cellBytes += cell.length;
      this.cells[c++] = cell;
    }
    return undefined;
  }
}

/** The first of `paths` that the line has, else the first. */
function found(scanner: JsonScanner, paths: readonly number[]): number {
  for (const path of paths) if (scanner.kinds[path] !== JsonKind.missing) return path;
  return numberAt(paths, 0);
}

function textFault(kind: number, cell: CellOrMisfit): RowFault | undefined {
  if (kind === JsonKind.missing || kind === JsonKind.null) return { kind: "missing_text", message: "line has no text" };
  if (kind !== JsonKind.string) return { kind: "text_not_string", message: `text is ${wordOf(kind)}, not a string` };
  const isEmpty = cell instanceof Uint8Array && cell.length === 0;
  return isEmpty ? { kind: "empty_text", message: "text is empty" } : undefined;
}

function wordOf(kind: number): string {
  switch (kind) {
    case JsonKind.array:
      return "a list";
    case JsonKind.object:
      return "an object";
    case JsonKind.true:
    case JsonKind.false:
      return "a boolean";
    default:
      return "a number";
  }
}

/** The value found at `path` as a column of kind `wanted` takes it. */
function cellOf(scanner: JsonScanner, path: number, wanted: MetadataKind): CellOrMisfit {
  const kind = uint8At(scanner.kinds, path);
  if (kind === JsonKind.missing || kind === JsonKind.null) return null;
  switch (wanted) {
    case "utf8":
      return scanner.value(path);
    case "json":
      return jsonCell(scanner, path);
    case "bool":
      return kind === JsonKind.true ? true : kind === JsonKind.false ? false : MISFIT;
    default: {
      const isFloat = wanted === "float32" || wanted === "float64";
      if (kind !== JsonKind.number && !(kind === JsonKind.notFinite && isFloat)) return MISFIT;
      const text = Buffer.from(scanner.value(path)).toString("latin1");
      return kind === JsonKind.notFinite ? Number(text) : (parseNumber(text, wanted) ?? MISFIT);
    }
  }
}

/** The value as JSON text, as it is written but for what is not JSON. */
function jsonCell(scanner: JsonScanner, path: number): Cell {
  const value = scanner.value(path);
  const kind = uint8At(scanner.kinds, path);
  if (kind === JsonKind.notFinite) return NULL;
  if (kind === JsonKind.string) return JSON.stringify(Buffer.from(value).toString());
  if (!scanner.hasNotFinite || (kind !== JsonKind.array && kind !== JsonKind.object)) return value;
  return Buffer.from(value)
    .toString()
    .replace(STRING_OR_WORD, (part) => (part.startsWith('"') ? part : "null"));
}
