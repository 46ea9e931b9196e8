/**
 * Second pass of the global document shuffle: one shard's chunks from every part, sorted by key, written as a token store shard.
 *
 * Reads are sequential inside each part, never a seek per document. Memory: the shard's tokens once, plus its documents table.
 */
import { join } from "node:path";
import { ColumnAppender } from "../../batch/append.ts";
import type { Column, Int32Column } from "../../batch/column.ts";
import { decodeArrow, encodeArrow } from "../../io/arrow-table.ts";
import { BufferedWriter } from "../../io/buffered-writer.ts";
import { commitBytes, commitMarker, createPending } from "../../io/commit.ts";
import { readPart } from "../../io/read-part.ts";
import { companions, encodeEnds, formatMetadata } from "../../io/token-file.ts";
import { tokenFiles } from "../../plan/layout.ts";
import type { WorkerContext } from "../context.ts";
import type { GatherTask, ScatterChunk, ShardMarker } from "../protocol.ts";

interface Chunk {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Column>;
  readonly tokens: Uint8Array;
}

export function gather(task: GatherTask, context: WorkerContext): ShardMarker {
  const source = context.plan.sources[task.source];
  const { token_bytes } = context.plan.tokenizer;
  const scattered = context.layout.tokens(source.tokens);
  const folder = task.held_out ? context.layout.validation(source.tokens) : scattered;
  const chunks = task.parts.map(({ part, chunk }) => readChunk(join(scattered, tokenFiles.scattered(part)), chunk));
  const { order, chunkOf, rowOf } = sortByKey(chunks);
  const appenders = new Map<string, ColumnAppender>();
  const starts = chunks.map(tokenStarts);
  const ends = new Float64Array(order.length);
  let tokens = 0;
  let textBytes = 0;
  const name = tokenFiles.shard(task.shard, source.name);
  const file = createPending(join(folder, name));
  const writer = new BufferedWriter((bytes) => file.write(bytes));
  try {
    order.forEach((position, index) => {
      const chunk = chunks[chunkOf[position]];
      const row = rowOf[position];
      const start = starts[chunkOf[position]];
      const bytes = chunk.tokens.subarray(start[row] * token_bytes, start[row + 1] * token_bytes);
      writer.write(bytes);
      tokens += start[row + 1] - start[row];
      textBytes += int32(chunk, "bytes")[row];
      ends[index] = tokens;
      appendDocument(appenders, chunk, row);
    });
    writer.flush();
  } catch (error) {
    file.abort();
    throw error;
  }
  const columns = new Map([...appenders].map(([column, appender]) => [column, appender.finish()]));
  const documents = tokenFiles.documents(task.shard, source.name);
  const files = [
    file.commit(),
    commitBytes(join(folder, `${name}${companions.index}`), encodeEnds(ends)),
    commitBytes(
      join(folder, `${name}${companions.metadata}`),
      Buffer.from(formatMetadata({ tokenizer_name: context.plan.tokenizer.name, token_bytes, tokens })),
    ),
    commitBytes(join(folder, documents), encodeArrow(columns, order.length)),
  ];
  const marker: ShardMarker = { files, documents: order.length, tokens, text_bytes: textBytes };
  commitMarker(join(folder, tokenFiles.shardMarker(task.shard)), marker);
  return marker;
}

function readChunk(path: string, chunk: ScatterChunk): Chunk {
  const bytes = readPart(path, chunk.at, chunk.table_bytes + chunk.token_bytes);
  const { rows, columns } = decodeArrow(bytes.subarray(0, chunk.table_bytes), path);
  return { rows, columns, tokens: bytes.subarray(chunk.table_bytes) };
}

function int32(chunk: Chunk, column: string): Int32Array {
  return (chunk.columns.get(column) as Int32Column).values;
}

/** Document order of the shard: by 64-bit key; equal keys stay in source order, so ties cannot depend on parts. */
function sortByKey(chunks: readonly Chunk[]): { order: Uint32Array; chunkOf: Uint32Array; rowOf: Uint32Array } {
  const total = chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
  const chunkOf = new Uint32Array(total);
  const rowOf = new Uint32Array(total);
  const high = new Uint32Array(total);
  const low = new Uint32Array(total);
  let at = 0;
  chunks.forEach((chunk, index) => {
    if (chunk.rows === 0) return;
    high.set(new Uint32Array(int32(chunk, "key_high")), at);
    low.set(new Uint32Array(int32(chunk, "key_low")), at);
    for (let row = 0; row < chunk.rows; row++, at++) {
      chunkOf[at] = index;
      rowOf[at] = row;
    }
  });
  const order = Uint32Array.from({ length: total }, (_, position) => position);
  order.sort((a, b) => high[a] - high[b] || low[a] - low[b] || a - b);
  return { order, chunkOf, rowOf };
}

function tokenStarts(chunk: Chunk): Float64Array {
  const starts = new Float64Array(chunk.rows + 1);
  if (chunk.rows === 0) return starts;
  const counts = int32(chunk, "tokens");
  for (let row = 0; row < chunk.rows; row++) starts[row + 1] = starts[row] + counts[row];
  return starts;
}

function appendDocument(appenders: Map<string, ColumnAppender>, chunk: Chunk, row: number): void {
  for (const [name, column] of chunk.columns) {
    if (name === "key_high" || name === "key_low") continue;
    let appender = appenders.get(name);
    if (appender === undefined) {
      appender = new ColumnAppender();
      appenders.set(name, appender);
    }
    appender.append(column, row);
  }
}
