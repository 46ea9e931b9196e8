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
import { entryAt } from "../../batch/entry.ts";
import { DataError } from "../../batch/errors.ts";
import { uint8At } from "../../batch/numbers.ts";
import { checkCodec, codecOf, decode } from "../../io/codecs/codec.ts";
import { chunksFrom, lineBlocks } from "../../io/formats/byte-lines.ts";
import type { ByteSource, ShardRef } from "../../io/source.ts";
import { wasmModule } from "../../io/wasm.ts";
import { isBlankLine, JsonScanner } from "../../kernels/json/json-scan.ts";
import { WasmUnescaper } from "../../kernels/wasm/json-scan.ts";
import { defineStage, type Extent, type ReadContext, type SourceOperator, source } from "../define.ts";
import { BATCH_TARGET, BatchAssembler, type BatchTarget } from "./batch-assembler.ts";
import { columnOptions, metadataOption, sourceColumns } from "./columns.ts";
import { JsonFields } from "./json-fields.ts";
import { ROW_TOO_LARGE, type RowProblem } from "./row-faults.ts";
import { isSequential, RowRange, rowRangeOptions } from "./row-range.ts";
import { byteExtents, refuseUtf16, shardPlace, wholeShards } from "./shard-extents.ts";
import { TextKey } from "./text-key.ts";

const options = z.strictObject({
  text: columnOptions.text.describe(
    "key that holds the document; dots reach into nested objects, where no key has that very name: `document.text`; null for rows without one, " +
      "such as chats: their text is empty",
  ),
  id: z
    .string()
    .min(1)
    .nullable()
    .default("id")
    .describe("key that names the document, null where a line has none; null reads no ids"),
  metadata: metadataOption.describe(
    "keys to carry along, null where a line lacks them. A bare name is a utf8 column: strings as they are, other values as their JSON text",
  ),
  strict_json: z
    .boolean()
    .default(false)
    .describe(
      "whether a line with NaN, Infinity or -Infinity, which Python writes and JSON does not know, is an unusable row",
    ),
  ...rowRangeOptions,
});
type Options = z.output<typeof options>;

const NEWLINE = 0x0a;
const OPEN_ARRAY = 0x5b;

/** The operator behind `read/jsonl`; tests give it small batches. */
export function jsonlSource(given: Options, target: BatchTarget = BATCH_TARGET): SourceOperator {
  const wanted = new JsonFields(given);
  const module = wasmModule("json");
  const unescaper = module && new WasmUnescaper(module);

  return source({
    extents: async (shards, _context, extentBytes) =>
      wholeShards(shards).flatMap((whole) => {
        const { key, size_bytes } = entryAt(shards, whole.shard, "shard");
        return codecOf(key) === "plain" ? byteExtents(whole.shard, size_bytes, extentBytes) : [whole];
      }),
    async *read(extents, context) {
      const rows = new RowRange(given);
      const textKey = new TextKey(given.text);
      for (const extent of extents) {
        if (rows.done) break;
        const shard = entryAt(context.shards, extent.shard, "shard");
        const bytes = await context.open(shard);
        try {
          const scanner = new JsonScanner(wanted.paths, unescaper);
          const reader = new ExtentReader({
            context,
            extent,
            shard,
            scanner,
            wanted,
            textKey,
            target,
            strict: given.strict_json,
          });
          yield* reader.read(bytes, rows);
        } finally {
          await bytes.close();
        }
      }
      textKey.check(context);
    },
  });
}

/** A JSON string, number or boolean in words; undefined for all else. */
function scalarOf(line: Uint8Array): string | undefined {
  try {
    const type = typeof JSON.parse(Buffer.from(line).toString());
    return type === "object" ? undefined : `a ${type}`;
  } catch {
    return undefined;
  }
}

/** What reading an extent needs. */
interface ExtentInput {
  readonly context: ReadContext;
  readonly extent: Extent;
  readonly shard: ShardRef;
  readonly scanner: JsonScanner;
  readonly wanted: JsonFields;
  readonly textKey: TextKey;
  readonly target: BatchTarget;
  readonly strict: boolean;
}

class ExtentReader {
  readonly #context: ReadContext;
  readonly #extent: Extent;
  readonly #shard: ShardRef;
  readonly #scanner: JsonScanner;
  readonly #wanted: JsonFields;
  readonly #textKey: TextKey;
  readonly #strict: boolean;
  readonly #batches: BatchAssembler;
  #row = 0;

  constructor({ context, extent, shard, scanner, wanted, textKey, target, strict }: ExtentInput) {
    this.#context = context;
    this.#extent = extent;
    this.#shard = shard;
    this.#scanner = scanner;
    this.#wanted = wanted;
    this.#textKey = textKey;
    this.#strict = strict;
    this.#batches = new BatchAssembler(context.source, wanted.columns, target);
  }

  async *read(bytes: ByteSource, rows: RowRange): AsyncGenerator<Batch> {
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
    for await (const window of lineBlocks(chunks, offset, MAX_ROW_BYTES)) {
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
          yield* this.#batches.rest();
          return;
        }
        const lineEnd = buffer.indexOf(NEWLINE, at);
        const from = at + markBytes;
        markBytes = 0;
        if (!isBlankLine(buffer, from, lineEnd)) {
          if (start === 0 && this.#row === 0) this.#checkShape(buffer, from);
          if (rows.take() && this.#accept(buffer, from, lineEnd, base, valid)) {
            if (this.#batches.overflows(this.#wanted.cellBytes)) yield* this.#batches.rest();
            // Known for ranges of bytes; other extents begin with the shard's first row.
            const position = isRange ? base + from : undefined;
            this.#batches.addRow(this.#extent.shard, this.#row, this.#wanted.cells, position);
            if (this.#batches.full) yield* this.#batches.rest();
          }
          this.#row++;
        }
        at = lineEnd + 1;
      }
    }
    yield* this.#batches.rest();
  }

  /** Refuses a file whose first line, at `start`, opens one array around everything. */
  #checkShape(buffer: Buffer, start: number): void {
    let first = start;
    while (first < buffer.length && uint8At(buffer, first) <= 0x20) first++;
    if (buffer[first] !== OPEN_ARRAY) {
      const scalar = scalarOf(buffer.subarray(first, buffer.indexOf(NEWLINE, first)));
      if (scalar !== undefined) throw this.#notObjects(scalar);
      return;
    }
    throw new DataError({
      code: "data/json-array",
      what: "the file is one JSON array, not JSON lines",
      fix: "write one object a line: jq -c '.[]' FILE > NEW_FILE",
      place: shardPlace(this.#context, this.#shard),
    });
  }

  #notObjects(scalar: string): DataError {
    return new DataError({
      code: "data/json-scalars",
      what: `the first line is ${scalar}, not an object`,
      why: "a row is an object that has its document under a key",
      fix: 'write objects: jq -c "{ text: . }" FILE > NEW_FILE',
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
    if (this.#strict && scanner.hasNotFinite) {
      this.#problem("bad_json", byte, "line is not JSON: it has NaN or Infinity in it");
      return false;
    }
    const key = this.#textKey;
    if (!key.isThere) key.see(this.#wanted.hasText(scanner), buffer.subarray(start, end), this.#shard);
    const fault = this.#wanted.take(scanner);
    if (fault !== undefined) this.#problem(fault.kind, byte, fault.message);
    return fault === undefined;
  }
}

export default defineStage({
  name: "read/jsonl",
  version: 3,
  kind: "source",
  summary: "Reads JSON lines, plain or compressed: one object a line.",
  reference: "RFC 8259, and NaN, Infinity, -Infinity; a lone surrogate becomes U+FFFD, of equal keys the last wins",
  options,
  reads: [],
  writes: ({ metadata }) => sourceColumns(metadata, "utf8"),
  sequential: isSequential,
  reasons: {},
  create: (given) => jsonlSource(given),
  examples: [],
});
