/**
 * Checks of a decompressed data page that the page decoder does not make.
 *
 * Owns the sums: levels and values a page must hold against the bytes it has. Invariant: after {@link checkPage} the decoder takes no more memory
 * than a page's values need, reads as many values as there are, and no value is made up. Price: a walk over run lengths.
 */
import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import type { Encoding, PageHeader, ParquetType, SchemaElement, SchemaTree } from "hyparquet/src/types.js";
import { uint8At } from "../../batch/numbers.ts";
import { bitWidth } from "../../kernels/parquet/hybrid.ts";
import { type Runs, unpackRuns, walkRuns } from "../../kernels/parquet/walk-runs.ts";
import { Unsupported } from "./decoder-faults.ts";

/** Of a column, what its pages are read by. */
export interface PageShape {
  readonly element: SchemaElement;
  readonly maxDefinition: number;
  readonly maxRepetition: number;
  /** By repetition level: the definition level that says there is an entry to go on with. */
  readonly entryDefinitions: readonly number[];
}

interface Levels extends Runs {
  readonly unpack: () => Uint8Array;
}

/** The shape of the column whose nodes from the root on are `path`. */
export function pageShape(path: readonly SchemaTree[]): PageShape {
  const entryDefinitions = [0];
  let definition = 0;
  for (const { element } of path.slice(1)) {
    if (element.repetition_type !== "REQUIRED") definition++;
    if (element.repetition_type === "REPEATED") entryDefinitions.push(definition);
  }
  const element = path.at(-1)?.element;
  if (element?.type === undefined) throw new Error("it has no type");
  return { element, maxDefinition: definition, maxRepetition: entryDefinitions.length - 1, entryDefinitions };
}

/** What a page is checked against. */
export interface PageState {
  readonly values: number;
  readonly hasDictionary: boolean;
  /** The page begins a row group's column: its first value begins a row. */
  readonly isFirst: boolean;
}

/** Bits that one stored value takes at least, by type. */
const LEAST_BITS: Readonly<Record<ParquetType, number>> = {
  BOOLEAN: 1,
  INT32: 32,
  INT64: 64,
  INT96: 96,
  FLOAT: 32,
  DOUBLE: 64,
  BYTE_ARRAY: 32,
  FIXED_LEN_BYTE_ARRAY: 8,
};

/** How many values `page` holds, absent ones left aside. Throws where it cannot hold what its header says. */
export function checkPage(shape: PageShape, header: PageHeader, page: Uint8Array, state: PageState): number {
  const { values } = state;
  const v1 = header.data_page_header;
  const v2 = header.data_page_header_v2;
  let at = 0;
  const levels = (
    maximum: number,
    v2Length: number | undefined,
    encoding: Encoding | undefined,
  ): Levels | undefined => {
    if (maximum === 0) {
      at += v2Length ?? 0;
      return undefined;
    }
    if (encoding === "BIT_PACKED") throw new Unsupported("levels are BIT_PACKED, an encoding that went out of use");
    const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
    const length = v2Length ?? view.getUint32(at, true);
    const start = v2Length === undefined ? at + 4 : at;
    at = start + length;
    if (at > page.length) throw new Error(`levels of ${length} bytes do not fit their page`);
    const runs = walkRuns(page, start, at, bitWidth(maximum), values, maximum);
    if (runs.found < values) throw new Error(`page has levels for ${runs.found} of ${values} values`);
    return { ...runs, unpack: () => unpackRuns(page, start, start + length, bitWidth(maximum), values) };
  };
  const repetitions = levels(shape.maxRepetition, v2?.repetition_levels_byte_length, v1?.repetition_level_encoding);
  if (state.isFirst && values > 0 && repetitions !== undefined && repetitions.first !== 0) {
    throw new Error("the column begins in the middle of a row");
  }
  const definitions = levels(shape.maxDefinition, v2?.definition_levels_byte_length, v1?.definition_level_encoding);
  if (shape.maxDefinition > 1 || repetitions !== undefined)
    checkLevels(shape, repetitions?.unpack(), definitions?.unpack());
  const defined = definitions?.equal ?? values;
  const encoding = v1?.encoding ?? v2?.encoding ?? "PLAIN";
  if (defined > 0) checkValues(shape.element, encoding, page, at, defined, state.hasDictionary);
  return defined;
}

/** Throws where `bytes` are too few for `values` values one after the other. */
export function checkPlain(
  { type = "BYTE_ARRAY", type_length: length = 0 }: SchemaElement,
  bytes: number,
  values: number,
): void {
  if (type === "FIXED_LEN_BYTE_ARRAY" && length === 0) throw new Error("values of no length");
  const bits = type === "FIXED_LEN_BYTE_ARRAY" ? 8 * length : LEAST_BITS[type];
  if (bytes * 8 < values * bits) throw new Error(`${bytes} bytes are too few for ${values} values`);
}

/** Levels beyond their maximum, and rows that go on with an entry of a list that is not there. */
function checkLevels(
  { maxDefinition, maxRepetition, entryDefinitions }: PageShape,
  repetitions: Uint8Array | undefined,
  definitions: Uint8Array | undefined,
): void {
  let before = 0;
  definitions?.forEach((definition, i) => {
    if (definition > maxDefinition)
      throw new Error(`a value says it is ${definition} levels deep, of ${maxDefinition}`);
    const repetition = repetitions?.[i] ?? 0;
    const entry = repetition > 0 ? (entryDefinitions[repetition] ?? maxDefinition) : 0;
    if (definition < entry || (i > 0 && before < entry)) {
      throw new Error("a list goes on that has ended");
    }
    before = definition;
  });
  if (repetitions?.some((repetition) => repetition > maxRepetition)) {
    throw new Error(`a value repeats at a level beyond ${maxRepetition}`);
  }
}

function checkValues(
  element: SchemaElement,
  encoding: Encoding,
  page: Uint8Array,
  start: number,
  defined: number,
  hasDictionary: boolean,
): void {
  const left = page.length - start;
  const { type } = element;
  switch (encoding) {
    case "PLAIN":
    case "BYTE_STREAM_SPLIT":
      checkPlain(element, left, defined);
      return;
    case "PLAIN_DICTIONARY":
    case "RLE_DICTIONARY": {
      if (!hasDictionary) throw new Error("page refers to a dictionary that is not there");
      if (left === 0) throw new Error("page ends before its values");
      const width = uint8At(page, start);
      if (width > 32) throw new Error(`dictionary indices of ${width} bits`);
      if (width > 0 && walkRuns(page, start + 1, page.length, width, defined).found < defined) {
        throw new Error(`page has fewer dictionary indices than its ${defined} values`);
      }
      return;
    }
    case "RLE": {
      if (type !== "BOOLEAN") throw new Error(`values of ${type} in run lengths`);
      if (walkRuns(page, start + 4, page.length, 1, defined).found < defined) {
        throw new Error(`page has fewer than its ${defined} values`);
      }
      return;
    }
    case "DELTA_BINARY_PACKED":
    case "DELTA_LENGTH_BYTE_ARRAY":
      checkDeltas(page, start, defined);
      return;
    case "DELTA_BYTE_ARRAY":
      checkDeltas(page, start, defined);
      checkPrefixes(page, start, defined);
      return;
    default:
      throw new Unsupported(`values in encoding ${encoding}`);
  }
}

/** The header of a run of deltas: sizes of its blocks, and how many values there are. */
function checkDeltas(page: Uint8Array, start: number, defined: number): void {
  let at = start;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = at < page.length ? uint8At(page, at++) : 0xff;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Error("the header of its deltas does not end");
  };
  const block = number();
  const parts = number();
  const values = number();
  if (parts === 0 || block === 0 || block % parts !== 0 || block > 2 ** 24 || parts > block) {
    throw new Error(`deltas in blocks of ${block} in ${parts} parts`);
  }
  if (values !== defined) throw new Error(`page has ${values} deltas for ${defined} values`);
}

/** Strings that begin as the one before does: what they share must be there. */
function checkPrefixes(page: Uint8Array, start: number, defined: number): void {
  const reader = { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: start };
  const prefixes = new Int32Array(defined);
  const suffixes = new Int32Array(defined);
  deltaBinaryUnpack(reader, defined, prefixes);
  checkDeltas(page, reader.offset, defined);
  deltaBinaryUnpack(reader, defined, suffixes);
  let before = 0;
  let left = page.length - reader.offset;
  for (const [i, prefix] of prefixes.entries()) {
    const suffix = suffixes[i] ?? 0;
    left -= suffix;
    if (prefix < 0 || prefix > before || suffix < 0 || left < 0) throw new Error("a string is longer than its page");
    before = prefix + suffix;
  }
}
