/**
 * Column chunks of one leaf, a row group at a time: values go in, compressed pages come out.
 *
 * A page ends before the row that would make it larger than asked, or after {@link PAGE_ROWS} rows. Strings get a
 * dictionary where the first page shows that it halves them; when it is full, the pages that follow are PLAIN.
 * Invariant: the bytes follow from the sequence of rows alone. Memory: the compressed pages of the row group, one
 * page, one dictionary.
 */

import { ByteBuffer } from "../byte-buffer.ts";
import { Bounds, type EncodedBounds } from "./bounds.ts";
import { StringDictionary } from "./dictionary.ts";
import { Encoding, PageType } from "./format.ts";
import { PageBuffer } from "./page.ts";
import type { Leaf } from "./schema.ts";
import { ThriftStruct } from "./thrift.ts";

/** Rows of a page at most, as Parquet's own writers have it: an index of pages is of use only where pages are many. */
const PAGE_ROWS = 20_000;

/** How page bodies are stored. */
export interface PageCodec {
  /** As in `Compression` of format.ts. */
  readonly compression: number;
  /** Returns memory of its own. */
  readonly encode: (body: Uint8Array) => Uint8Array;
  readonly crc32: (bytes: Uint8Array) => number;
}

/** What the indexes say of a data page. */
export interface PageFacts {
  /** Header and body, compressed. */
  readonly stored_bytes: number;
  readonly rows: number;
  /** Levels. */
  readonly count: number;
  readonly nulls: number;
  readonly bounds: EncodedBounds | undefined;
}

export interface ColumnChunk {
  readonly leaf: Leaf;
  /** Headers and bodies in turns, dictionary first. */
  readonly parts: readonly Uint8Array[];
  /** 0 where there is none. */
  readonly dictionary_bytes: number;
  readonly pages: readonly PageFacts[];
  readonly dictionaryPages: number;
  readonly nulls: number;
  readonly bounds: EncodedBounds | undefined;
  readonly stored_bytes: number;
  readonly uncompressed_bytes: number;
}

/** `undecided`: the first page is not full yet. */
type Mode = "undecided" | "dictionary" | "plain";

export class LeafWriter {
  readonly leaf: Leaf;
  /** Compressed bytes of the row group so far. */
  stored_bytes = 0;
  readonly #codec: PageCodec;
  readonly #pageBytes: number;
  readonly #page: PageBuffer;
  readonly #body = new ByteBuffer();
  readonly #bounds: Bounds;
  readonly #dictionary: StringDictionary | undefined;
  #mode: Mode;
  #parts: Uint8Array[] = [];
  #pages: PageFacts[] = [];
  #dictionaryPages = 0;
  #nulls = 0;
  #uncompressedBytes = 0;

  constructor(leaf: Leaf, codec: PageCodec, pageBytes: number) {
    this.leaf = leaf;
    this.#codec = codec;
    this.#pageBytes = pageBytes;
    this.#page = new PageBuffer(leaf);
    this.#bounds = new Bounds(leaf.kind);
    this.#dictionary = leaf.kind === "utf8" ? new StringDictionary() : undefined;
    this.#mode = this.#dictionary === undefined ? "plain" : "undecided";
  }

  /** A null or an empty list: `definition` says of what. */
  putNull(definition: number, repetition: number): void {
    if (repetition === 0) this.#beginRow(0);
    this.#page.level(definition, repetition);
  }

  /** The string `source[start, end)`. */
  putString(source: Uint8Array, start: number, end: number, repetition: number): void {
    const bytes = 4 + end - start;
    if (repetition === 0) this.#beginRow(bytes);
    const entry = this.#mode === "plain" ? -1 : this.#entry(source, start, end, repetition);
    this.#page.level(this.leaf.maxDefinition, repetition);
    this.#page.bounds.offerString(source, start, end);
    if (entry >= 0) {
      this.#page.index(entry);
      if (this.#mode === "dictionary") return;
    }
    this.#page.values.int32(end - start);
    this.#page.values.append(source, start, end);
  }

  /** An int32, a float or a boolean (0 or 1). */
  putNumber(value: number, repetition: number): void {
    if (repetition === 0) this.#beginRow(8);
    this.#page.level(this.leaf.maxDefinition, repetition);
    this.#page.bounds.offerNumber(value);
    const { values } = this.#page;
    switch (this.leaf.kind) {
      case "bool":
        values.byte(value);
        break;
      case "float32":
        values.float32(value);
        break;
      case "float64":
        values.float64(value);
        break;
      default:
        values.int32(value);
    }
  }

  putInt64(low: number, high: number, repetition: number): void {
    if (repetition === 0) this.#beginRow(8);
    this.#page.level(this.leaf.maxDefinition, repetition);
    this.#page.bounds.offerInt64(low, high);
    this.#page.values.int32(low);
    this.#page.values.int32(high);
  }

  /** The chunk of the rows since the last one; the next row begins a new one. */
  finishChunk(): ColumnChunk {
    if (this.#page.count > 0) this.#endPage();
    const parts = this.#parts;
    let dictionaryBytes = 0;
    if (this.#dictionaryPages > 0 && this.#dictionary !== undefined) {
      const { page, entries } = this.#dictionary;
      const header = new ThriftStruct().i32(1, entries).i32(2, Encoding.plain);
      const stored = this.#store(PageType.dictionary, page.bytes(), 7, header);
      dictionaryBytes = stored[0].length + stored[1].length;
      parts.unshift(...stored);
    }
    const chunk = {
      leaf: this.leaf,
      parts,
      dictionary_bytes: dictionaryBytes,
      pages: this.#pages,
      dictionaryPages: this.#dictionaryPages,
      nulls: this.#nulls,
      bounds: this.#bounds.encoded(),
      stored_bytes: this.stored_bytes,
      uncompressed_bytes: this.#uncompressedBytes,
    };
    this.#reset();
    return chunk;
  }

  #reset(): void {
    this.stored_bytes = 0;
    this.#bounds.reset();
    this.#parts = [];
    this.#pages = [];
    this.#dictionaryPages = 0;
    this.#nulls = 0;
    this.#uncompressedBytes = 0;
    if (this.#dictionary === undefined) return;
    this.#dictionary.reset();
    this.#mode = "undecided";
  }

  /**
   * Ends the page if it has no room for one more row, of whose first value `bytes` are known. A level counts as a
   * byte.
   */
  #beginRow(bytes: number): void {
    const { rows, count, values } = this.#page;
    if (rows > 0 && (rows === PAGE_ROWS || values.length + count + bytes > this.#pageBytes)) this.#endPage();
  }

  /** Index of the string in the dictionary; -1, and the mode PLAIN, where it has no room. */
  #entry(source: Uint8Array, start: number, end: number, repetition: number): number {
    const entry = this.#dictionary?.index(source, start, end) ?? -1;
    if (entry >= 0) return entry;
    if (this.#mode === "dictionary") {
      // Indexes and values do not share a page, and a page begins with a row.
      if (repetition === 0 && this.#page.count > 0) this.#endPage();
      else if (this.#page.count > 0) this.#unfold();
    }
    this.#mode = "plain";
    return -1;
  }

  /** Turns the indexes of the page into values: the dictionary filled up inside a row. */
  #unfold(): void {
    const dictionary = this.#dictionary;
    if (dictionary === undefined) return;
    const bytes = dictionary.page.bytes();
    for (const entry of this.#page.indexes()) {
      const start = dictionary.start(entry);
      const end = dictionary.end(entry);
      this.#page.values.int32(end - start);
      this.#page.values.append(bytes, start, end);
    }
  }

  #endPage(): void {
    const page = this.#page;
    const body = this.#body;
    const dictionary = this.#dictionary;
    body.clear();
    if (this.#mode === "undecided" && dictionary !== undefined && page.values.length > 0) {
      this.#mode = dictionary.page.length * 2 <= page.values.length ? "dictionary" : "plain";
    }
    let encoding: number = Encoding.plain;
    if (this.#mode === "dictionary" && dictionary !== undefined) {
      encoding = Encoding.rleDictionary;
      this.#dictionaryPages++;
      page.encodeIndexes(dictionary.entries, body);
    } else page.encodePlain(body);
    const header = new ThriftStruct().i32(1, page.count).i32(2, encoding).i32(3, Encoding.rle).i32(4, Encoding.rle);
    const stored = this.#store(PageType.data, body.bytes(), 5, header);
    this.#parts.push(...stored);
    this.#pages.push({
      stored_bytes: stored[0].length + stored[1].length,
      rows: page.rows,
      count: page.count,
      nulls: page.nulls,
      bounds: page.bounds.encoded(),
    });
    this.#nulls += page.nulls;
    this.#bounds.merge(page.bounds);
    page.clear();
  }

  #store(type: number, body: Uint8Array, field: number, detail: ThriftStruct): [header: Uint8Array, body: Uint8Array] {
    const stored = this.#codec.encode(body);
    const header = new ThriftStruct()
      .i32(1, type)
      .i32(2, body.length)
      .i32(3, stored.length)
      .i32(4, this.#codec.crc32(stored) | 0)
      .struct(field, detail)
      .finish();
    this.stored_bytes += header.length + stored.length;
    this.#uncompressedBytes += header.length + body.length;
    return [header, stored];
  }
}
