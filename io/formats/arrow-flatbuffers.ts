/**
 * Lists in the metadata of Arrow messages, before a decoder walks them.
 *
 * A FlatBuffers reader takes offsets and lengths as they are, so a damaged length would keep it busy for minutes or fill memory. Invariant: after
 * {@link checkMessage} or {@link checkFooter} every list fits the metadata it lies in and fields form a tree. Price: a visit to each field.
 */
import { MessageHeader } from "apache-arrow";
import { Unsupported } from "./decoder-faults.ts";

const MAX_DEPTH = 64;
/** A table takes four bytes at least. */
const TABLE_BYTES = 4;

/** What the positions of a record batch's lists are: its nodes, its buffers, how many buffers each view column has. */
const BATCH_LISTS = [
  { slot: 1, itemBytes: 16 },
  { slot: 2, itemBytes: 16 },
  { slot: 4, itemBytes: 8 },
] as const;

class Tables {
  readonly #view: DataView;
  #fields = 0;

  constructor(metadata: Uint8Array) {
    this.#view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  }

  get root(): number {
    return this.#view.getUint32(0, true);
  }

  /** Position of what slot `slot` of the table at `table` holds, undefined where it is absent. */
  scalar(table: number, slot: number): number | undefined {
    const vtable = table - this.#view.getInt32(table, true);
    const entry = 4 + 2 * slot;
    const offset = entry < this.#view.getUint16(vtable, true) ? this.#view.getUint16(vtable + entry, true) : 0;
    return offset === 0 ? undefined : table + offset;
  }

  byte(table: number, slot: number): number {
    const at = this.scalar(table, slot);
    return at === undefined ? 0 : this.#view.getUint8(at);
  }

  short(table: number, slot: number): number {
    const at = this.scalar(table, slot);
    return at === undefined ? 0 : this.#view.getInt16(at, true);
  }

  /** Position of what slot `slot` refers to. */
  reference(table: number, slot: number): number | undefined {
    const at = this.scalar(table, slot);
    return at === undefined ? undefined : at + this.#view.getUint32(at, true);
  }

  /** The list in slot `slot`: where its items begin and how many there are. */
  list(table: number, slot: number, itemBytes: number): { readonly start: number; readonly items: number } {
    const at = this.reference(table, slot);
    if (at === undefined) return { start: 0, items: 0 };
    const items = this.#view.getUint32(at, true);
    if (items * itemBytes > this.#view.byteLength - at)
      throw new Error(`list of ${items} items does not fit its message`);
    return { start: at + 4, items };
  }

  /** The tables in slot `slot`. */
  *tables(table: number, slot: number): Generator<number> {
    const { start, items } = this.list(table, slot, TABLE_BYTES);
    for (let i = 0; i < items; i++) {
      const at = start + 4 * i;
      yield at + this.#view.getUint32(at, true);
    }
  }

  fields(table: number, slot: number, depth: number): void {
    if (depth > MAX_DEPTH) throw new Error(`fields lie more than ${MAX_DEPTH} deep in each other`);
    for (const field of this.tables(table, slot)) {
      if (++this.#fields > this.#view.byteLength / TABLE_BYTES) throw new Error("its fields lie in each other");
      const type = this.byte(field, FIELD_TYPE);
      const unread = UNREAD_TYPES.get(type);
      if (unread !== undefined) throw new Unsupported(`a field is ${unread}`);
      if (type === 0 || type > LAST_TYPE) throw new Error(`a field of type ${type}, which the format does not know`);
      this.list(field, FIELD_METADATA, TABLE_BYTES);
      this.fields(field, FIELD_CHILDREN, depth + 1);
    }
  }

  schema(table: number): void {
    if (this.short(table, SCHEMA_ENDIANNESS) !== 0) throw new Unsupported("its numbers are big-endian");
    this.list(table, SCHEMA_METADATA, TABLE_BYTES);
    this.fields(table, SCHEMA_FIELDS, 0);
  }
}

/** Slots of tables, in the order of the format's definition. */
const MESSAGE_TYPE = 1;
const MESSAGE_HEADER = 2;
const MESSAGE_METADATA = 4;
const DICTIONARY_DATA = 1;
const SCHEMA_ENDIANNESS = 0;
const SCHEMA_FIELDS = 1;
const SCHEMA_METADATA = 2;
const FIELD_TYPE = 2;
/** The last type of the format, a large list view. */
const LAST_TYPE = 26;
const UNREAD_TYPES: ReadonlyMap<number, string> = new Map([
  [22, "run-end encoded"],
  [25, "a list view"],
  [26, "a large list view"],
]);
const FIELD_CHILDREN = 5;
const FIELD_METADATA = 6;
const FOOTER_SCHEMA = 1;
const FOOTER_DICTIONARIES = 2;
const FOOTER_BATCHES = 3;
const BLOCK_BYTES = 24;

/** Throws where a list in the metadata of a message does not fit it. */
export function checkMessage(metadata: Uint8Array): void {
  const tables = new Tables(metadata);
  const message = tables.root;
  tables.list(message, MESSAGE_METADATA, TABLE_BYTES);
  const type = tables.byte(message, MESSAGE_TYPE);
  const header = tables.reference(message, MESSAGE_HEADER);
  if (header === undefined) throw new Error("a message has no header");
  if (type === MessageHeader.Schema) {
    tables.schema(header);
    return;
  }
  if (type !== MessageHeader.RecordBatch && type !== MessageHeader.DictionaryBatch) {
    throw new Error(`a message of type ${type}, which is no part of a table`);
  }
  const batch = type === MessageHeader.DictionaryBatch ? tables.reference(header, DICTIONARY_DATA) : header;
  if (batch === undefined) throw new Error("message has no record batch");
  for (const { slot, itemBytes } of BATCH_LISTS) tables.list(batch, slot, itemBytes);
}

/** Throws where a list in the footer of a file does not fit it. */
export function checkFooter(footer: Uint8Array): void {
  const tables = new Tables(footer);
  const schema = tables.reference(tables.root, FOOTER_SCHEMA);
  if (schema === undefined) throw new Error("there is no schema");
  tables.schema(schema);
  tables.list(tables.root, FOOTER_DICTIONARIES, BLOCK_BYTES);
  tables.list(tables.root, FOOTER_BATCHES, BLOCK_BYTES);
}
