/**
 * Reads every file as one document: source code, books, pages.
 *
 * Invariant: the text is the file's bytes, unchanged; the id is the file's key. Price: files are opened a few at a
 * time, in order; many small files share a batch.
 */
import { isUtf8 } from "node:buffer";
import * as z from "zod";
import { type Batch, MAX_ROW_BYTES } from "../../batch/batch.ts";
import type { DictionaryColumn } from "../../batch/column.ts";
import { entryAt } from "../../batch/entry.ts";
import { int32At, uint8At } from "../../batch/numbers.ts";
import { codecOf, decode } from "../../io/codecs/codec.ts";
import { codecByMagic } from "../../io/codecs/magic.ts";
import type { ShardRef } from "../../io/source.ts";
import { FILE_LANGUAGES, fileLanguage } from "../../kernels/file-language.ts";
import { utf16ByteOrder } from "../../kernels/utf16.ts";
import { defineStage, type Extent, type ReadContext, type SourceOperator, source } from "../define.ts";
import { BATCH_TARGET, BatchAssembler, type BatchTarget } from "./batch-assembler.ts";
import { SOURCE_COLUMNS } from "./columns.ts";
import { ROW_TOO_LARGE, type RowFault } from "./row-faults.ts";
import { isSequential, RowRange, rowRangeOptions } from "./row-range.ts";
import { wholeShards } from "./shard-extents.ts";

const options = z.strictObject({ ...rowRangeOptions });
type Options = z.output<typeof options>;

const FILES_AT_ONCE = 16;
/** Files larger than this are not read ahead, so that memory stays bounded. */
const READ_AHEAD_BYTES = 1024 * 1024;

/** The operator behind `read/files`; tests give it small batches. */
export function filesSource(given: Options, target: BatchTarget = BATCH_TARGET): SourceOperator {
  return source({
    extents: async (shards) => wholeShards(shards),
    async *read(extents, context) {
      const rows = new RowRange(given);
      const wanted = extents.filter(() => rows.take());
      const batches = new BatchAssembler(
        context.source,
        [
          { name: "text", kind: "utf8" },
          { name: "id", kind: "utf8" },
          { name: "path", kind: "utf8" },
        ],
        target,
      );
      const rest = function* (): Generator<Batch> {
        for (const batch of batches.rest()) yield withLanguage(batch, context);
      };
      for await (const [extent, read] of readInOrder(wanted, context)) {
        const { key } = entryAt(context.shards, extent.shard, "shard");
        const content = read instanceof Uint8Array ? (contentFault(read) ?? read) : read;
        if (!(content instanceof Uint8Array)) {
          context.problem({ ...content, shard: extent.shard, row: 0 });
          continue;
        }
        if (batches.overflows(content.length)) yield* rest();
        batches.addRow(extent.shard, 0, [content, key, key]);
        if (batches.full) yield* rest();
      }
      yield* rest();
    },
  });
}

type Content = Uint8Array | RowFault;

/** Contents in the order of `extents`; small files are opened ahead of their turn. */
async function* readInOrder(extents: readonly Extent[], context: ReadContext): AsyncGenerator<[Extent, Content]> {
  const ahead: Promise<[Extent, Content]>[] = [];
  for (const extent of extents) {
    const mostAhead = extent.size_bytes > READ_AHEAD_BYTES ? 0 : FILES_AT_ONCE - 1;
    while (ahead.length > mostAhead) {
      const first = ahead.shift();
      if (first !== undefined) yield await first;
    }
    const shard = entryAt(context.shards, extent.shard, "shard");
    const reading = readFile(shard, context).then((content): [Extent, Content] => [extent, content]);
    // Awaited in its turn, which may never come.
    reading.catch(() => {});
    ahead.push(reading);
  }
  for (const reading of ahead) yield await reading;
}

async function readFile(shard: ShardRef, context: ReadContext): Promise<Content> {
  const tooLarge: RowFault = { kind: "row_too_large", message: ROW_TOO_LARGE };
  const codec = codecOf(shard.key);
  const bytes = await context.open(shard);
  try {
    if (codec === "plain") {
      return bytes.byteLength > MAX_ROW_BYTES ? tooLarge : await bytes.read(0, bytes.byteLength);
    }
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of decode(codec, bytes.stream(0), bytes.name)) {
      length += piece.length;
      if (length > MAX_ROW_BYTES) return tooLarge;
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } finally {
    await bytes.close();
  }
}

function contentFault(content: Uint8Array): RowFault | undefined {
  if (content.length === 0) return { kind: "empty_text", message: "file is empty" };
  const form = codecByMagic(content);
  if (form !== "plain") return { kind: "invalid_utf8", message: `file is ${form}, not text` };
  const order = utf16ByteOrder(content);
  if (order) return { kind: "invalid_utf8", message: `file is UTF-16 (${order})` };
  if (!isUtf8(content)) return { kind: "invalid_utf8", message: "file is not valid UTF-8" };
  return undefined;
}

/** Adds the column `language`, which follows from the path. */
function withLanguage(batch: Batch, context: ReadContext): Batch {
  const codes = new Int32Array(batch.rows);
  const validity = new Uint8Array((batch.rows + 7) >> 3).fill(0xff);
  let nulls = 0;
  for (let row = 0; row < batch.rows; row++) {
    const code = fileLanguage(entryAt(context.shards, int32At(batch.shards, row), "shard").key);
    if (code >= 0) codes[row] = code;
    else {
      nulls++;
      validity[row >> 3] = uint8At(validity, row >> 3) & ~(1 << (row & 7));
    }
  }
  const language: DictionaryColumn = { kind: "dictionary", codes, values: FILE_LANGUAGES };
  batch.setColumn("language", nulls > 0 ? { ...language, validity } : language);
  return batch;
}

export default defineStage({
  name: "read/files",
  version: 1,
  kind: "source",
  summary: "Reads every file as one document, with its path and its language by extension.",
  options,
  reads: [],
  writes: [...SOURCE_COLUMNS, { name: "path", kind: "utf8" }, { name: "language", kind: "dictionary" }],
  sequential: isSequential,
  reasons: {},
  create: (given) => filesSource(given),
  examples: [],
});
