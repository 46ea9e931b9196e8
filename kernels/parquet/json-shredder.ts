/**
 * Takes JSON texts of a nested type apart into leaves: values and the levels that say where they stood (Dremel's
 * shredding).
 *
 * A missing field is null, a field in any place of its object is found, a field that the type does not have is
 * refused, as is anything else that does not fit: nothing is dropped. Invariant: a text is accepted only if it is JSON
 * and fits; every leaf gets levels for every row. Price: one pass; strings are copied twice. After a refusal the
 * leaves hold a part of the row.
 */
import { JsonStrings, type Unescaper } from "../json/json-scan-strings.ts";
import { atomKind, JsonKind, skipAtom } from "../json/json-scan-values.ts";
import { parseInt64 } from "./int64-text.ts";
import type { ListNode, SchemaNode, StructNode } from "./schema.ts";

/** What takes the values of a leaf. */
export interface LeafSink {
  putNull(definition: number, repetition: number): void;
  putString(source: Uint8Array, start: number, end: number, repetition: number): void;
  putNumber(value: number, repetition: number): void;
  putInt64(low: number, high: number, repetition: number): void;
}

/** Why a text does not fit its type. */
export class JsonMisfit extends Error {
  /** Of the text. */
  readonly byte: number;

  constructor(problem: string, byte: number) {
    super(problem);
    this.name = "JsonMisfit";
    this.byte = byte;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const NEWLINE = 0x0a;
/** The scanner of strings reads in words past the newline that stops it. */
const SLACK_BYTES = 16;
const MIN_INT32 = -(2 ** 31);
const MAX_INT32 = 2 ** 31 - 1;

/** What begins with a byte. */
const FOUND = new Map([
  [QUOTE, "a string"],
  [OPEN_ARRAY, "an array"],
  [OPEN_OBJECT, "an object"],
  [0x66, "a boolean"],
  [0x74, "a boolean"],
]);

const decoder = new TextDecoder();

export class JsonShredder {
  readonly #root: SchemaNode;
  readonly #leaves: readonly LeafSink[];
  readonly #strings: JsonStrings;
  readonly #keys = new Map<StructNode, readonly Uint8Array[]>();
  /** The text, a newline and slack. */
  #bytes = new Uint8Array(1 << 16);
  #end = 0;
  #at = 0;

  /** `leaves` are those of the whole schema. With an `unescaper` long strings are faster, and nothing else changes. */
  constructor(root: SchemaNode, leaves: readonly LeafSink[], unescaper?: Unescaper) {
    this.#root = root;
    this.#leaves = leaves;
    this.#strings = new JsonStrings(unescaper);
    this.#strings.attach(this.#bytes);
    this.#findKeys(root);
  }

  /** Puts the row that `source[start, end)` says. Throws a {@link JsonMisfit}. */
  row(source: Uint8Array, start: number, end: number): void {
    this.#load(source, start, end);
    this.#value(this.#root, 0);
    this.#space();
    if (this.#at < this.#end) throw this.#misfit("something follows the value");
  }

  /** Puts a null row. */
  nullRow(): void {
    this.#null(this.#root, this.#root.nullDefinition, 0);
  }

  #load(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.#bytes.length < length + SLACK_BYTES) {
      this.#bytes = new Uint8Array(Math.max(length + SLACK_BYTES, 2 * this.#bytes.length));
      this.#strings.attach(this.#bytes);
    }
    this.#bytes.set(source.subarray(start, end));
    this.#bytes[length] = NEWLINE;
    this.#strings.startLine(0, length);
    this.#end = length;
    this.#at = 0;
  }

  #value(node: SchemaNode, repetition: number): void {
    this.#space();
    const first = this.#bytes[this.#at];
    if (first === OPEN_ARRAY && node.kind === "list") this.#list(node, repetition);
    else if (first === OPEN_OBJECT && node.kind === "struct") this.#struct(node, repetition);
    else if (first === QUOTE && node.kind === "utf8") this.#string(node.firstLeaf, repetition);
    else if (first === QUOTE || first === OPEN_ARRAY || first === OPEN_OBJECT) throw this.#wrongKind(node, first);
    else this.#atom(node, repetition);
  }

  #list(node: ListNode, repetition: number): void {
    this.#at++;
    this.#space();
    if (this.#bytes[this.#at] === CLOSE_ARRAY) {
      this.#at++;
      this.#null(node, node.nullDefinition + 1, repetition);
      return;
    }
    this.#value(node.element, repetition);
    while (this.#more(CLOSE_ARRAY)) this.#value(node.element, node.repetition);
  }

  #struct(node: StructNode, repetition: number): void {
    const { fields } = node;
    const seen = new Uint8Array(fields.length);
    this.#at++;
    this.#space();
    if (this.#bytes[this.#at] === CLOSE_OBJECT) this.#at++;
    else {
      do {
        const field = this.#key(node, seen);
        seen[field] = 1;
        this.#value(fields[field], repetition);
      } while (this.#more(CLOSE_OBJECT));
    }
    for (let field = 0; field < fields.length; field++) {
      if (seen[field] === 0) this.#null(fields[field], fields[field].nullDefinition, repetition);
    }
  }

  /** Reads `"key":` and returns the number of the field. */
  #key(node: StructNode, seen: Uint8Array): number {
    this.#space();
    if (this.#bytes[this.#at] !== QUOTE) throw this.#misfit("a key is missing");
    const strings = this.#strings;
    const key = this.#at;
    const from = strings.arenaLength;
    const close = strings.copy(key + 1);
    if (close < 0) throw this.#notJson(~close);
    const field = this.#field(node, strings.arena, from, strings.arenaLength);
    if (field < 0 || seen[field] === 1) {
      const name = decoder.decode(strings.arena.subarray(from, strings.arenaLength));
      throw this.#misfit(field < 0 ? `there is no field \`${name}\` in ${typeOf(node)}` : `\`${name}\` is there twice`);
    }
    strings.arenaLength = from;
    this.#at = close + 1;
    this.#space();
    if (this.#bytes[this.#at] !== COLON) throw this.#notJson(this.#at);
    this.#at++;
    return field;
  }

  #field(node: StructNode, bytes: Uint8Array, start: number, end: number): number {
    const keys = this.#keys.get(node) ?? [];
    search: for (let field = 0; field < keys.length; field++) {
      const key = keys[field];
      if (key.length !== end - start) continue;
      for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) continue search;
      return field;
    }
    return -1;
  }

  /** Whether another member follows; goes over the comma or the closing bracket. */
  #more(close: number): boolean {
    this.#space();
    const byte = this.#bytes[this.#at];
    if (byte !== COMMA && byte !== close) throw this.#notJson(this.#at);
    this.#at++;
    return byte === COMMA;
  }

  #string(leaf: number, repetition: number): void {
    const strings = this.#strings;
    const from = strings.arenaLength;
    const close = strings.copy(this.#at + 1);
    if (close < 0) throw this.#notJson(~close);
    this.#leaves[leaf].putString(strings.arena, from, strings.arenaLength, repetition);
    strings.arenaLength = from;
    this.#at = close + 1;
  }

  #atom(node: SchemaNode, repetition: number): void {
    const start = this.#at;
    const first = this.#bytes[start];
    const end = start < this.#end ? skipAtom(this.#bytes, start) : ~start;
    if (end < 0) throw this.#notJson(~end);
    const kind = atomKind(this.#bytes, start);
    if (kind === JsonKind.notFinite) throw this.#notJson(start);
    if (kind === JsonKind.null) this.#null(node, node.nullDefinition, repetition);
    else if (node.kind === "bool" && kind !== JsonKind.number) {
      this.#leaves[node.firstLeaf].putNumber(Number(kind === JsonKind.true), repetition);
    } else if (kind === JsonKind.number && node.kind !== "bool" && node.kind !== "utf8") {
      this.#number(node, end, repetition);
    } else throw this.#wrongKind(node, first);
    this.#at = end;
  }

  #number(node: SchemaNode, end: number, repetition: number): void {
    const leaf = this.#leaves[node.firstLeaf];
    const text = decoder.decode(this.#bytes.subarray(this.#at, end));
    if (node.kind === "int64") {
      const parsed = parseInt64(text);
      if (parsed === undefined) throw this.#misfit(`${text} is no int64`);
      leaf.putInt64(parsed.low, parsed.high, repetition);
      return;
    }
    const value = Number(text);
    if (node.kind === "int32") {
      const fits = value >= MIN_INT32 && value <= MAX_INT32 && /^-?\d+$/.test(text);
      if (!fits) throw this.#misfit(`${text} is no int32`);
    } else if (node.kind === "float32" || node.kind === "float64") {
      if (!Number.isFinite(node.kind === "float32" ? Math.fround(value) : value)) {
        throw this.#misfit(`${text} is too large for a ${node.kind}`);
      }
    } else throw this.#wrongKind(node, this.#bytes[this.#at]);
    leaf.putNumber(value, repetition);
  }

  #null(node: SchemaNode, definition: number, repetition: number): void {
    for (let leaf = node.firstLeaf; leaf < node.endLeaf; leaf++) this.#leaves[leaf].putNull(definition, repetition);
  }

  #space(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    while (at < this.#end) {
      const byte = bytes[at];
      if (byte !== 0x20 && byte !== NEWLINE && byte !== 0x0d && byte !== 0x09) break;
      at++;
    }
    this.#at = at;
  }

  #findKeys(node: SchemaNode): void {
    if (node.kind === "list") this.#findKeys(node.element);
    if (node.kind !== "struct") return;
    this.#keys.set(
      node,
      node.fields.map(({ name }) => new TextEncoder().encode(name)),
    );
    for (const field of node.fields) this.#findKeys(field);
  }

  #wrongKind(node: SchemaNode, first: number): JsonMisfit {
    return this.#misfit(`${FOUND.get(first) ?? "a number"} stands where ${typeOf(node)} is declared`);
  }

  #misfit(problem: string): JsonMisfit {
    return new JsonMisfit(problem, this.#at);
  }

  #notJson(byte: number): JsonMisfit {
    return new JsonMisfit(byte >= this.#end ? "the text is cut off: it is not JSON" : "the text is not JSON", byte);
  }
}

function typeOf(node: SchemaNode): string {
  if (node.kind === "list") return `a list of ${typeOf(node.element)}`;
  if (node.kind === "struct") return `struct<${node.fields.map(({ name }) => name).join(", ")}>`;
  return node.kind === "utf8" ? "string" : node.kind;
}
