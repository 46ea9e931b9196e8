/**
 * Reads JSON lines: one object a line, the document under one of its keys.
 *
 * Owns what a line means. Invariant: every line that is not blank is one row, used or reported; which rows an extent
 * holds depends on where lines start, never on how the file was cut or read. Lines are judged whole: text from a line
 * that is not JSON to its end is never used. Price: 0.7 to 1 GB/s of JSONL on one core for documents of some kB, half of it
 * the scan, 0.3 GB/s for rows of 500 bytes; a window of a few MiB of memory, which grows to the size of a huge line.
 */
import { isUtf8 } from "node:buffer";
import * as z from "zod";
import { type Batch, MAX_ROW_BYTES } from "../../batch/batch.ts";
import { DataError } from "../../batch/errors.ts";
import { checkCodec, codecOf, decode } from "../../io/codecs/codec.ts";
import { chunksFrom, windows } from "../../io/formats/byte-lines.ts";
import type { Cell, CellKind } from "../../io/formats/cells.ts";
import type { ByteSource, ShardRef } from "../../io/source.ts";
import { wasmModule } from "../../io/wasm.ts";
import { isBlankLine, JsonKind, JsonScanner } from "../../kernels/json/json-scan.ts";
import { WasmUnescaper } from "../../kernels/wasm/json-scan.ts";
import { defineStage, type Extent, type ReadContext, type SourceOperator, source } from "../define.ts";
import {
  BATCH_TARGET,
  BatchAssembler,
  type BatchTarget,
  byteExtents,
  columnOptions,
  isSequential,
  metadataColumns,
  outputNames,
  parseNumber,
  ROW_TOO_LARGE,
  type RowProblem,
  RowWindow,
  refuseUtf16,
  shardPlace,
  sourceColumns,
  typedMetadata,
  wholeShards,
  windowOptions,
} from "./reading.ts";

const options = z.strictObject({
  text: columnOptions.text.describe("key that holds the document; dots reach into nested objects: `document.text`"),
  id: z
    .string()
    .min(1)
    .nullable()
    .default("id")
    .describe("key that names the document, null where a line has none; null reads no ids"),
  metadata: typedMetadata.describe(
    "keys to carry along. A bare name is a utf8 column: strings as they are, other values as their JSON text",
  ),
  ...windowOptions,
});
type Options = z.output<typeof options>;

const NEWLINE = 0x0a;
const OPEN_ARRAY = 0x5b;
/** `convert` found a value that its column cannot hold. */
const MISFIT = Symbol("misfit");

interface Field {
  readonly name: string;
  readonly kind: CellKind;
  /** Index of its path in the scanner. */
  readonly path: number;
}

/** The operator behind `read/jsonl`; tests give it small batches. */
export function jsonlSource(given: Options, target: BatchTarget = BATCH_TARGET): SourceOperator {
  const metadata = metadataColumns(given.metadata);
  outputNames(metadata.map((entry) => entry.name));
  const paths: string[] = [];
  const pathOf = (name: string): number => (paths.includes(name) ? paths.indexOf(name) : paths.push(name) - 1);
  const text = pathOf(given.text);
  const fields: Field[] = [];
  if (given.id !== null) fields.push({ name: "id", kind: "utf8", path: pathOf(given.id) });
  for (const entry of metadata) fields.push({ ...entry, path: pathOf(entry.name) });
  const keys = paths.map((path) => path.split("."));
  const module = wasmModule("json");
  const unescaper = module && new WasmUnescaper(module);

  return source({
    extents: async (shards, _context, extentBytes) =>
      wholeShards(shards).flatMap((whole) =>
        codecOf(shards[whole.shard].key) === "plain"
          ? byteExtents(whole.shard, shards[whole.shard].size_bytes, extentBytes)
          : [whole],
      ),
    async *read(extents, context) {
      const rows = new RowWindow(given);
      for (const extent of extents) {
        if (rows.done) return;
        const shard = context.shards[extent.shard];
        const bytes = await context.open(shard);
        try {
          const reader = new ExtentReader(
            context,
            extent,
            shard,
            new JsonScanner(keys, unescaper),
            text,
            fields,
            target,
          );
          yield* reader.read(bytes, rows);
        } finally {
          await bytes.close();
        }
      }
    },
  });
}

class ExtentReader {
  readonly #context: ReadContext;
  readonly #extent: Extent;
  readonly #shard: ShardRef;
  readonly #scanner: JsonScanner;
  readonly #text: number;
  readonly #fields: readonly Field[];
  /** Of the line accepted last: text, then the fields. */
  readonly #cells: Cell[] = [];
  #cellBytes = 0;
  readonly #batches: BatchAssembler;
  #row = 0;

  constructor(
    context: ReadContext,
    extent: Extent,
    shard: ShardRef,
    scanner: JsonScanner,
    text: number,
    fields: readonly Field[],
    target: BatchTarget,
  ) {
    this.#context = context;
    this.#extent = extent;
    this.#shard = shard;
    this.#scanner = scanner;
    this.#text = text;
    this.#fields = fields;
    this.#batches = new BatchAssembler(context.source, [{ name: "text", kind: "utf8" }, ...fields], target);
  }

  async *read(bytes: ByteSource, rows: RowWindow): AsyncGenerator<Batch> {
    const { start, end, unit } = this.#extent;
    const isRange = unit === "bytes";
    // One byte early: a line that starts exactly at `start` is ours, and only the byte before it tells.
    const offset = isRange ? Math.max(0, start - 1) : 0;
    const chunks = isRange
      ? chunksFrom(bytes, offset, end)
      : decode(codecOf(this.#shard.key), bytes.stream(0), bytes.name);
    let isHead = start === 0;
    /** Length of a byte order mark in front of the first line. */
    let markBytes = 0;
    // The line that holds the byte before `start` belongs to the extent before.
    let isOthersLine = start > 0;
    for await (const window of windows(chunks, offset, MAX_ROW_BYTES)) {
      const { bytes: buffer, base } = window;
      let at = window.start;
      if (isHead) {
        const head = buffer.subarray(at, window.end);
        if (isRange) checkCodec("plain", head, bytes.name);
        refuseUtf16(head, this.#context, this.#shard);
        if (buffer[at] === 0xef && buffer[at + 1] === 0xbb && buffer[at + 2] === 0xbf) markBytes = 3;
        isHead = false;
      }
      if (isOthersLine) {
        isOthersLine = false;
        if (window.tooLarge) continue;
        at = buffer.indexOf(NEWLINE, at) + 1;
      }
      if (window.tooLarge) {
        if (isRange && base >= end) break;
        if (rows.take()) this.#problem("row_too_large", base, ROW_TOO_LARGE);
        this.#row++;
        if (rows.done) break;
        continue;
      }
      this.#scanner.attach(buffer);
      const valid = isUtf8(buffer.subarray(at, window.end));
      while (at < window.end) {
        if ((isRange && base + at >= end) || rows.done) {
          yield* this.#rest();
          return;
        }
        const lineEnd = buffer.indexOf(NEWLINE, at);
        const from = at + markBytes;
        markBytes = 0;
        if (!isBlankLine(buffer, from, lineEnd)) {
          if (start === 0 && this.#row === 0) this.#checkShape(buffer, from);
          if (rows.take() && this.#accept(buffer, from, lineEnd, base, valid)) {
            if (this.#batches.overflows(this.#cellBytes)) yield* this.#rest();
            this.#addRow(isRange ? base + from : undefined);
            if (this.#batches.full) yield* this.#rest();
          }
          this.#row++;
        }
        at = lineEnd + 1;
      }
    }
    yield* this.#rest();
  }

  *#rest(): Generator<Batch> {
    const batch = this.#batches.take();
    if (batch) yield batch;
  }

  /** Refuses a file whose first line, at `start`, opens one array around everything. */
  #checkShape(buffer: Buffer, start: number): void {
    let first = start;
    while (buffer[first] <= 0x20) first++;
    if (buffer[first] !== OPEN_ARRAY) return;
    throw new DataError({
      code: "data/json-array",
      what: "the file is one JSON array, not JSON lines",
      fix: "write one object a line: jq -c '.[]' FILE > NEW_FILE",
      place: shardPlace(this.#context, this.#shard),
    });
  }

  #problem(kind: RowProblem, byte: number, message: string): void {
    this.#context.problem({ kind, shard: this.#extent.shard, row: this.#row, byte, message });
  }

  /** Whether the line is a row that can be used; its cells are then at hand, until the next line. */
  #accept(buffer: Buffer, start: number, end: number, base: number, valid: boolean): boolean {
    const byte = base + start;
    if (end - start > MAX_ROW_BYTES) {
      this.#problem("row_too_large", byte, ROW_TOO_LARGE);
      return false;
    }
    if (!valid && !isUtf8(buffer.subarray(start, end))) {
      this.#problem("invalid_utf8", byte, "line is not valid UTF-8");
      return false;
    }
    const scanner = this.#scanner;
    const wrong = scanner.scan(start, end);
    if (wrong >= 0) {
      const where = wrong === end ? "the line ends inside a value" : `unexpected byte ${wrong - start} of the line`;
      this.#problem("bad_json", byte, `line is not JSON: ${where}`);
      return false;
    }
    const kind = scanner.kinds[this.#text];
    if (kind === JsonKind.missing || kind === JsonKind.null) {
      this.#problem("missing_text", byte, "line has no text");
      return false;
    }
    if (kind !== JsonKind.string) {
      this.#problem("text_not_string", byte, "text is not a string");
      return false;
    }
    const text = scanner.value(this.#text);
    if (text.length === 0) {
      this.#problem("empty_text", byte, "text is empty");
      return false;
    }
    this.#cells[0] = text;
    this.#cellBytes = text.length;
    for (let i = 0; i < this.#fields.length; i++) {
      const field = this.#fields[i];
      const cell = convert(scanner, field);
      if (cell === MISFIT) {
        this.#problem("bad_metadata", byte, `${field.name} is not ${field.kind}`);
        return false;
      }
      if (cell instanceof Uint8Array) this.#cellBytes += cell.length;
      this.#cells[i + 1] = cell;
    }
    return true;
  }

  /** `byte` is where the line starts in its shard, known for ranges of bytes; other extents begin with the shard's first row. */
  #addRow(byte: number | undefined): void {
    const columns = this.#batches.addRow(this.#extent.shard, this.#row, byte);
    for (let i = 0; i < columns.length; i++) columns[i].push(this.#cells[i]);
  }
}

/** The value found for `field` as its column takes it. */
function convert(scanner: JsonScanner, { kind, path }: Field): Cell | typeof MISFIT {
  const found = scanner.kinds[path];
  if (found === JsonKind.missing || found === JsonKind.null) return null;
  if (kind === "utf8") return scanner.value(path);
  if (kind === "bool") return found === JsonKind.true ? true : found === JsonKind.false ? false : MISFIT;
  if (found !== JsonKind.number) return MISFIT;
  return parseNumber(Buffer.from(scanner.value(path)).toString("latin1"), kind) ?? MISFIT;
}

export default defineStage({
  name: "read/jsonl",
  version: 1,
  kind: "source",
  summary: "Reads JSON lines, plain or compressed: one object a line.",
  reference: "RFC 8259; a lone surrogate becomes U+FFFD, of equal keys the last wins",
  options,
  reads: [],
  writes: ({ metadata }) => sourceColumns(metadata, "utf8"),
  sequential: isSequential,
  reasons: {},
  create: (given) => jsonlSource(given),
  examples: [],
});
