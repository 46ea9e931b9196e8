/**
 * The pages of one column chunk, decoded one after the other.
 *
 * Owns the checks that the decoder (hyparquet internals, pinned to one version) does not make: sizes inside the chunk
 * and below a cap, page checksums where a file has them, runs that fit their page, dictionary indices that exist, rows
 * that add up. Invariant: a chunk gives exactly the rows of its group or a DataError naming file, row group, column and
 * page; never silence, never a hang. Price: a window of 4 MiB and one read ahead; most of the time goes to
 * decompression; views without copies.
 */
import { readPage } from "hyparquet/src/column.js";
import { convert } from "hyparquet/src/convert.js";
import { getTreePath } from "hyparquet/src/schema.js";
import type {
  ColumnDecoder,
  DecodedArray,
  PageHeader,
  ParquetParsers,
  SchemaElement,
  SchemaTree,
} from "hyparquet/src/types.js";
import { entryAt } from "../../batch/entry.ts";
import { ShardmillError } from "../../batch/errors.ts";
import { crc32 } from "../../kernels/hash/crc32.ts";
import { ThriftCut } from "../../kernels/parquet/thrift-read.ts";
import type { ByteSource } from "../source.ts";
import { Unsupported } from "./decoder-faults.ts";
import { type PageDecoder, pageDecoder } from "./parquet-codecs.ts";
import {
  chunkKey,
  encryptedError,
  type ParquetChunk,
  type ParquetFile,
  type ParquetGroup,
  parquetError,
} from "./parquet-file.ts";
import { checkPage, checkPlain, type PageShape, pageShape } from "./parquet-page-checks.ts";
import { parsePageHeader } from "./parquet-page-header.ts";

const WINDOW_BYTES = 4 * 1024 * 1024;
/** Page headers hold statistics, which may hold whole values. */
const HEADER_BYTES = 64 * 1024;
const MAX_PAGE_BYTES = 256 * 1024 * 1024;
const MAX_PAGE_VALUES = 1 << 24;

/** Bytes of a chunk in order: a window that slides, one read ahead. */
class ChunkWindow {
  readonly #source: ByteSource;
  readonly #end: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #at: number;
  /** File position after the bytes held, and after those being read. */
  #held: number;
  #asked: number;
  #ahead: Promise<Uint8Array> | undefined;

  constructor(source: ByteSource, chunk: ParquetChunk) {
    this.#source = source;
    this.#at = chunk.start;
    this.#held = chunk.start;
    this.#asked = chunk.start;
    this.#end = chunk.end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  /** The next `bytes` bytes, more where they are at hand, fewer at the end of the chunk. */
  async peek(bytes: number): Promise<Uint8Array> {
    const wanted = Math.min(this.#at + bytes, this.#end);
    while (this.#held < wanted) {
      const piece = await (this.#ahead ?? this.#next());
      this.#ahead = this.#asked < this.#end ? this.#next() : undefined;
      const kept = this.#bytes;
      const joined = new Uint8Array(kept.length + piece.length);
      joined.set(kept);
      joined.set(piece, kept.length);
      this.#bytes = joined;
      this.#held += piece.length;
    }
    return this.#bytes;
  }

  skip(bytes: number): void {
    this.#bytes = this.#bytes.subarray(bytes);
    this.#at += bytes;
  }

  #next(): Promise<Uint8Array> {
    const from = this.#asked;
    this.#asked = Math.min(from + WINDOW_BYTES, this.#end);
    const reading = this.#source.read(from, this.#asked);
    // The chunk may be given up before this piece is asked for; whoever awaits it still sees the error.
    reading.catch(() => {});
    return reading;
  }
}

/** `element` without what its values mean: they come out as they are stored, with every digit. */
function storedAs({ name, type, type_length, repetition_type }: SchemaElement): SchemaElement {
  return {
    name,
    ...(type !== undefined && { type }),
    ...(type_length !== undefined && { type_length }),
    ...(repetition_type !== undefined && { repetition_type }),
  };
}

/** Decodes the pages of one chunk. */
class PageReader {
  readonly #window: ChunkWindow;
  readonly #chunk: ParquetChunk;
  readonly #decoder: ColumnDecoder;
  readonly #decompress: PageDecoder;
  readonly #shape: PageShape;
  #dictionary: DecodedArray | undefined;
  #values = 0;
  page = -1;

  constructor(
    source: ByteSource,
    chunk: ParquetChunk,
    schemaPath: SchemaTree[],
    decompress: PageDecoder,
    parsers: ParquetParsers,
  ) {
    this.#window = new ChunkWindow(source, chunk);
    this.#chunk = chunk;
    this.#decompress = decompress;
    const leaf = entryAt(schemaPath, schemaPath.length - 1, "node");
    this.#shape = pageShape(schemaPath);
    const { element } = this.#shape;
    // Pages are decompressed here, so that they can be checked before they are decoded.
    this.#decoder = {
      pathInSchema: leaf.path,
      type: element.type ?? "BYTE_ARRAY",
      element: storedAs(element),
      schemaPath,
      codec: "UNCOMPRESSED",
      parsers,
    };
  }

  /** The next data page, appended to `previous` where rows run on; undefined at the end of the chunk. */
  async next(previous?: DecodedArray): Promise<DecodedArray | undefined> {
    while (this.#window.left > 0 && this.#values < this.#chunk.values) {
      this.page++;
      const { header, bytes } = await this.#readPage();
      if (header.type === "DICTIONARY_PAGE") {
        if (this.#dictionary !== undefined) throw new Error("the column has a second dictionary");
        this.#dictionary = this.#readDictionary(header, bytes);
        continue;
      }
      if (header.type === "INDEX_PAGE") continue;
      const values = header.data_page_header?.num_values ?? header.data_page_header_v2?.num_values ?? -1;
      if (values < 0 || values > MAX_PAGE_VALUES || this.#values + values > this.#chunk.values) {
        throw new Error(`page says it has ${values} values, the column has ${this.#chunk.values}`);
      }
      this.#values += values;
      const data = this.#readData(header, bytes, values, previous);
      if (this.#shape.maxRepetition === 0 && previous === undefined && data.length !== values) {
        throw new Error(`page holds ${data.length} values, its header says ${values}`);
      }
      return data;
    }
    if (this.#values !== this.#chunk.values)
      throw new Error(`column ends after ${this.#values} of ${this.#chunk.values} values`);
    return undefined;
  }

  async #readPage(): Promise<{ header: PageHeader; bytes: Uint8Array }> {
    const { header, length } = await this.#readHeader();
    const compressed = header.compressed_page_size;
    const uncompressed = header.uncompressed_page_size;
    if (!(compressed >= 0 && compressed <= this.#window.left - length)) {
      throw new Error(`page of ${compressed} bytes does not fit its column`);
    }
    if (!(uncompressed >= 0 && uncompressed <= MAX_PAGE_BYTES)) {
      throw new Error(`page of ${uncompressed} bytes is over the limit of ${MAX_PAGE_BYTES}`);
    }
    const bytes = (await this.#window.peek(length + compressed)).subarray(length, length + compressed);
    this.#window.skip(length + compressed);
    if (header.crc !== undefined && crc32(bytes) !== header.crc >>> 0)
      throw new Error("page does not match its checksum");
    return { header, bytes };
  }

  async #readHeader(): Promise<{ header: PageHeader; length: number }> {
    for (let wanted = HEADER_BYTES; ; wanted *= 4) {
      const bytes = await this.#window.peek(wanted);
      try {
        return parsePageHeader(bytes);
      } catch (error) {
        if (!(error instanceof ThriftCut)) throw error;
        if (wanted >= this.#window.left || wanted >= MAX_PAGE_BYTES)
          throw new Error("the column ends inside a page header");
      }
    }
  }

  #readDictionary(header: PageHeader, bytes: Uint8Array): DecodedArray {
    const values = header.dictionary_page_header?.num_values ?? -1;
    if (values < 0 || values > MAX_PAGE_VALUES) throw new Error(`dictionary says it has ${values} values`);
    const page = this.#decompress(bytes, header.uncompressed_page_size);
    checkPlain(this.#shape.element, page.length, values);
    const { data } = this.#decode(header, page, undefined, undefined);
    const dictionary = convert(data ?? [], this.#decoder);
    if (dictionary.length !== values) throw new Error(`dictionary holds ${dictionary.length} of ${values} values`);
    return dictionary;
  }

  #readData(header: PageHeader, bytes: Uint8Array, values: number, previous: DecodedArray | undefined): DecodedArray {
    const v2 = header.data_page_header_v2;
    const levels = v2 ? v2.repetition_levels_byte_length + v2.definition_levels_byte_length : 0;
    if (levels < 0 || levels > bytes.length || levels > header.uncompressed_page_size) {
      throw new Error(`levels of ${levels} bytes do not fit their page`);
    }
    const packed = bytes.subarray(levels);
    const length = header.uncompressed_page_size - levels;
    let page: Uint8Array;
    if (v2?.is_compressed === false || (v2 && packed.length === 0)) page = new Uint8Array(bytes);
    else {
      page = this.#decompress(packed, length);
      if (levels > 0) {
        const whole = new Uint8Array(levels + length);
        whole.set(bytes.subarray(0, levels));
        whole.set(page, levels);
        page = whole;
      }
    }
    const isFirst = this.#values === values;
    const state = { values, isFirst, hasDictionary: this.#dictionary !== undefined };
    const defined = checkPage(this.#shape, header, page, state);
    const v1 = header.data_page_header;
    // Where no value follows the levels there is nothing to decode, and the levels know best how many are absent.
    const encoding = defined === 0 ? "PLAIN" : (v1?.encoding ?? v2?.encoding ?? "PLAIN");
    const checked: PageHeader = { ...header };
    if (v1) checked.data_page_header = { ...v1, encoding };
    if (v2) {
      const part = { ...v2, encoding, num_nulls: values - defined, is_compressed: false };
      if (this.#shape.maxDefinition === 0 && part.definition_levels_byte_length > 0) {
        // Levels of a column that needs none: the decoder would take them for values.
        const start = part.repetition_levels_byte_length;
        page.copyWithin(start, start + part.definition_levels_byte_length);
        page = page.subarray(0, page.length - part.definition_levels_byte_length);
        part.definition_levels_byte_length = 0;
      }
      checked.data_page_header_v2 = part;
    }
    const { data } = this.#decode(checked, page, this.#dictionary, previous);
    const output = data ?? [];
    if (encoding.endsWith("_DICTIONARY") && (Array.isArray(output) || this.#dictionary?.length === 0)) {
      const isEmpty = this.#dictionary?.length === 0;
      // Below lists whoever puts rows together finds what is undefined: here earlier pages would be walked again and again.
      for (const value of this.#shape.maxRepetition === 0 ? (output as ArrayLike<unknown> & Iterable<unknown>) : []) {
        if (isOutside(value, isEmpty)) throw new Error("page points outside its dictionary");
      }
    }
    return output;
  }

  #decode(
    header: PageHeader,
    page: Uint8Array,
    dictionary: DecodedArray | undefined,
    previous: DecodedArray | undefined,
  ) {
    const reader = { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: 0 };
    const whole = { ...header, compressed_page_size: page.length, uncompressed_page_size: page.length };
    return readPage(reader, whole, this.#decoder, dictionary, previous, 0);
  }
}

/** Whether a value was not in its dictionary; one that is absent is null, and structs around a value wrap it in arrays. */
function isOutside(value: unknown, isEmpty: boolean): boolean {
  if (Array.isArray(value)) return value.length > 0 && isOutside(value[0], isEmpty);
  return value === undefined || (isEmpty && value !== null);
}

async function pageReader(
  file: ParquetFile,
  group: ParquetGroup,
  path: readonly string[],
  parsers: ParquetParsers,
): Promise<PageReader> {
  const chunk = group.chunks.get(chunkKey(path));
  if (chunk === undefined) throw new Error("the row group does not have it");
  if (chunk.isEncrypted) throw encryptedError(file.place, `column ${path.join(".")}`);
  const { codec } = chunk;
  const decompress = codec && (await pageDecoder(codec));
  if (!decompress) throw new Unsupported(`pages compressed with ${codec ?? "a codec that is not known"}`);
  return new PageReader(file.source, chunk, getTreePath(file.tree, [...path]), decompress, parsers);
}

/** Runs `work` and puts the place in front of what it throws. */
async function located<T>(file: ParquetFile, where: () => string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ShardmillError) throw error;
    throw parquetError(file.place, where(), error);
  }
}

/**
 * Rows of a column that is not repeated, page by page; together exactly `group.rows`. A value is null where it is
 * absent.
 */
export async function* columnPages(
  file: ParquetFile,
  group: ParquetGroup,
  path: readonly string[],
  parsers: ParquetParsers,
): AsyncGenerator<DecodedArray> {
  const name = `row group ${group.index}, column ${path.join(".")}`;
  const reader = await located(
    file,
    () => name,
    () => pageReader(file, group, path, parsers),
  );
  let rows = 0;
  const where = () => `${name}, page ${reader.page}`;
  while (rows < group.rows) {
    const page = await located(file, where, () => reader.next());
    if (page === undefined)
      throw parquetError(file.place, name, `column has ${rows} rows, its row group ${group.rows}`);
    rows += page.length;
    if (rows > group.rows)
      throw parquetError(file.place, name, `column has more rows than the ${group.rows} of its row group`);
    yield page;
  }
}

/** All rows of a column below which values repeat, one array a row as hyparquet assembles it. */
export async function wholeColumn(
  file: ParquetFile,
  group: ParquetGroup,
  path: readonly string[],
  parsers: ParquetParsers,
): Promise<DecodedArray> {
  const name = `row group ${group.index}, column ${path.join(".")}`;
  const reader = await located(
    file,
    () => name,
    () => pageReader(file, group, path, parsers),
  );
  const where = () => `${name}, page ${reader.page}`;
  const parts: DecodedArray[] = [];
  for (;;) {
    const last = parts.at(-1);
    const page = await located(file, where, () => reader.next(last));
    if (page === undefined) break;
    if (page !== last) parts.push(page);
  }
  const rows: unknown[] =
    parts.length === 1 && Array.isArray(parts[0]) ? parts[0] : parts.flatMap((part) => Array.from<unknown>(part));
  if (rows.length !== group.rows) {
    throw parquetError(file.place, name, `column has ${rows.length} rows, its row group ${group.rows}`);
  }
  return rows;
}
