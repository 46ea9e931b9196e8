/**
 * Second pass of the global document shuffle: one shard's documents from every part in key order, written as a token store shard.
 *
 * Spans keep their tokens in runs that are in key order already, so this is a merge: every run is read forwards, never a seek per
 * document. Memory: the shard's documents table, and {@link READ_BYTES} for each run that has a document in the shard or, where that
 * is less, the shard's tokens.
 */
import { join } from "node:path";
import { ColumnAppender } from "../../batch/append.ts";
import { type Column, float64Values, int32Values } from "../../batch/column.ts";
import { entryAt } from "../../batch/entry.ts";
import { float64At, int32At, uint32At } from "../../batch/numbers.ts";
import { decodeArrow, encodeArrow } from "../../io/formats/arrow-table.ts";
import { Blocks } from "../../io/local/blocks.ts";
import { BufferedWriter } from "../../io/local/buffered-writer.ts";
import { commitBytes, commitMarker, createPending } from "../../io/local/commit.ts";
import { ForwardReader } from "../../io/local/forward-reader.ts";
import { sourceAt, tokenizerOf } from "../../plan/plan.ts";
import { spanFiles, tokenFiles } from "../../store/layout.ts";
import { vouchers } from "../../store/marker.ts";
import { companions, decodeTokens, encodeCounts, encodeEnds, formatMetadata } from "../../store/token-file.ts";
import type { WorkerContext } from "../context.ts";
import type { GatherTask, ScatterChunk, ShardMarker } from "../protocol.ts";
import { ShardContents } from "./shard-contents.ts";

/** What only the shuffle needs to know about a document. */
const SHUFFLE_COLUMNS = new Set(["key_high", "key_low", "span", "run", "token_start"]);

/** Documents of a shard from one part. */
interface Chunk {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Column>;
  readonly span: Int32Array;
  readonly run: Int32Array;
  readonly token_start: Float64Array;
  readonly tokens: Int32Array;
  readonly bytes: Int32Array;
}

/** More runs of 32 MiB than any span has. */
const RUNS_PER_SPAN = 1 << 20;

export function gather(task: GatherTask, context: WorkerContext): ShardMarker {
  const source = sourceAt(context.plan, task.source);
  const planned = tokenizerOf(context.plan);
  const { token_bytes, name: tokenizer } = planned;
  const scattered = context.layout.tokens(source.tokens);
  const folder = task.held_out ? context.layout.validation(source.tokens) : scattered;
  const chunks = task.parts.map(({ part, chunk }) => readChunk(scattered, part, chunk));
  const { order, chunkOf, rowOf } = sortByKey(chunks);
  const ingest = context.layout.ingest(source.ingest);
  const runs = openRuns(chunks, token_bytes, ingest, spanFiles.tokens);
  const lossRuns = source.loss ? openRuns(chunks, 1, ingest, spanFiles.loss) : undefined;
  const appenders = new Map<string, ColumnAppender>();
  const ends = new Float64Array(order.length);
  const contents = new ShardContents(planned);
  let tokens = 0;
  let textBytes = 0;
  const name = tokenFiles.shard(task.shard, source.name);
  const file = createPending(join(folder, name));
  const writer = new BufferedWriter((bytes) => {
    file.write(bytes);
    contents.count(decodeTokens(bytes, token_bytes, name));
  });
  const lossFile = lossRuns && createPending(join(folder, `${name}${companions.loss}`));
  const lossWriter = lossFile && new BufferedWriter((bytes) => lossFile.write(bytes));
  try {
    order.forEach((position, index) => {
      const chunk = entryAt(chunks, uint32At(chunkOf, position), "chunk");
      const row = uint32At(rowOf, position);
      const count = int32At(chunk.tokens, row);
      const key = runKey(chunk, row);
      const start = float64At(chunk.token_start, row);
      const written = runOf(runs, key).read(start * token_bytes, count * token_bytes);
      writer.write(written);
      if (contents.parses) contents.document(decodeTokens(written, token_bytes, name));
      if (lossRuns !== undefined) lossWriter?.write(runOf(lossRuns, key).read(start, count));
      tokens += count;
      textBytes += int32At(chunk.bytes, row);
      ends[index] = tokens;
      appendDocument(appenders, chunk, row);
    });
    writer.close();
    lossWriter?.close();
  } catch (error) {
    file.abort();
    lossFile?.abort();
    throw error;
  } finally {
    for (const run of [...runs.values(), ...(lossRuns?.values() ?? [])]) run.close();
  }
  const columns = new Map([...appenders].map(([column, appender]) => [column, appender.finish()]));
  const documents = tokenFiles.documents(task.shard, source.name);
  const files = [
    file.commit(),
    ...(lossFile === undefined ? [] : [lossFile.commit()]),
    commitBytes(join(folder, `${name}${companions.index}`), encodeEnds(ends)),
    commitBytes(join(folder, `${name}${companions.counts}`), encodeCounts(contents.counts(order.length))),
    commitBytes(
      join(folder, `${name}${companions.metadata}`),
      Buffer.from(formatMetadata({ tokenizer_name: tokenizer, token_bytes, tokens })),
    ),
    commitBytes(join(folder, documents), encodeArrow(columns, order.length)),
  ];
  const marker: ShardMarker = {
    files,
    documents: order.length,
    tokens,
    text_bytes: textBytes,
    ...contents.documents(),
  };
  commitMarker(join(folder, tokenFiles.shardMarker(task.shard)), marker);
  return marker;
}

function readChunk(folder: string, part: number, { at, size_bytes }: ScatterChunk): Chunk {
  const name = tokenFiles.scattered(part);
  const blocks = new Blocks(vouchers(folder, tokenFiles.scatterMarker(part))(name));
  const { rows, columns } = decodeArrow(blocks.read(at, size_bytes), name);
  return {
    rows,
    columns,
    span: int32Values(columns, "span"),
    run: int32Values(columns, "run"),
    token_start: float64Values(columns, "token_start"),
    tokens: int32Values(columns, "tokens"),
    bytes: int32Values(columns, "bytes"),
  };
}

function runOf(runs: ReadonlyMap<number, ForwardReader>, key: number): ForwardReader {
  const run = runs.get(key);
  if (run === undefined) throw new Error(`no run ${key} was opened`);
  return run;
}

/** A run in all of the source's spans. */
function runKey({ span, run }: Chunk, row: number): number {
  return int32At(span, row) * RUNS_PER_SPAN + int32At(run, row);
}

/** A reader for every run that the chunks name, for the part of it that they name. */
function openRuns(
  chunks: readonly Chunk[],
  tokenBytes: number,
  folder: string,
  nameOf: (span: number) => string,
): Map<number, ForwardReader> {
  const runs = new Map<number, { span: number; start: number; end: number }>();
  for (const chunk of chunks) {
    for (let row = 0; row < chunk.rows; row++) {
      const key = runKey(chunk, row);
      const start = float64At(chunk.token_start, row) * tokenBytes;
      const end = start + int32At(chunk.tokens, row) * tokenBytes;
      const run = runs.get(key);
      if (run === undefined) {
        runs.set(key, { span: int32At(chunk.span, row), start, end });
      } else {
        run.start = Math.min(run.start, start);
        run.end = Math.max(run.end, end);
      }
    }
  }
  const files = new Map<number, Blocks>();
  const blocksOf = (span: number): Blocks => {
    const known = files.get(span);
    if (known !== undefined) return known;
    const blocks = new Blocks(vouchers(folder, spanFiles.marker(span))(nameOf(span)));
    files.set(span, blocks);
    return blocks;
  };
  return new Map(
    [...runs].map(([key, { span, start, end }]) => [key, new ForwardReader(blocksOf(span), start, end)] as const),
  );
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
    high.set(new Uint32Array(int32Values(chunk.columns, "key_high")), at);
    low.set(new Uint32Array(int32Values(chunk.columns, "key_low")), at);
    for (let row = 0; row < chunk.rows; row++, at++) {
      chunkOf[at] = index;
      rowOf[at] = row;
    }
  });
  const order = Uint32Array.from({ length: total }, (_, position) => position);
  order.sort((a, b) => uint32At(high, a) - uint32At(high, b) || uint32At(low, a) - uint32At(low, b) || a - b);
  return { order, chunkOf, rowOf };
}

function appendDocument(appenders: Map<string, ColumnAppender>, chunk: Chunk, row: number): void {
  for (const [name, column] of chunk.columns) {
    if (SHUFFLE_COLUMNS.has(name)) continue;
    let appender = appenders.get(name);
    if (appender === undefined) {
      appender = new ColumnAppender();
      appenders.set(name, appender);
    }
    appender.append(column, row);
  }
}
