/** Shards in memory, a context that records problems, and rows as plain values: what every reader's test needs. */
import { existsSync, readFileSync } from "node:fs";
import type { Batch } from "../../../batch/batch.ts";
import { type Column, isValid, utf8String } from "../../../batch/column.ts";
import type { ByteSource, ShardRef } from "../../../io/source.ts";
import type { Extent, ReadContext, ReadProblem, SourceOperator } from "../../../stages/define.ts";

export class MemorySource implements ByteSource {
  readonly name: string;
  readonly identity = "memory";
  readonly #bytes: Uint8Array;
  /** Every range that was asked for. */
  readonly reads: [number, number][] = [];
  /** Size of the pieces of {@link stream}. */
  readonly #piece: number;
  closed = 0;

  constructor(name: string, bytes: Uint8Array, piece = 1 << 20) {
    this.name = name;
    this.#bytes = bytes;
    this.#piece = piece;
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    if (start < 0 || end > this.#bytes.length || start > end)
      throw new Error(`read of [${start}, ${end}) is out of range`);
    this.reads.push([start, end]);
    // At an odd place in its memory, as a pooled buffer may be.
    const padded = new Uint8Array(end - start + 3);
    padded.set(this.#bytes.subarray(start, end), 3);
    return padded.subarray(3);
  }

  async *stream(start = 0): AsyncGenerator<Uint8Array> {
    for (let at = start; at < this.#bytes.length; at += this.#piece)
      yield Uint8Array.from(this.#bytes.subarray(at, at + this.#piece));
  }

  async close(): Promise<void> {
    this.closed++;
  }
}

export interface TestContext extends ReadContext {
  readonly problems: ReadProblem[];
  readonly opened: MemorySource[];
}

/** A source of the given files, in the order given. */
export function contextOf(files: Record<string, Uint8Array | string>, piece?: number): TestContext {
  const bytes = new Map(Object.entries(files).map(([key, content]) => [key, Buffer.from(content)]));
  const problems: ReadProblem[] = [];
  const opened: MemorySource[] = [];
  const shards: ShardRef[] = [...bytes].map(([key, content]) => ({
    key,
    location: key,
    size_bytes: content.length,
    identity: `memory:${key}`,
  }));
  return {
    source: "test",
    shards,
    problems,
    opened,
    problem: (problem) => problems.push(problem),
    open: async (shard) => {
      const source = new MemorySource(shard.key, bytes.get(shard.key)!, piece);
      opened.push(source);
      return source;
    },
  };
}

export type Row = Record<string, unknown>;

function cellOf(column: Column, row: number): unknown {
  if (column.kind === "token_list" || column.kind === "range_list") throw new Error("readers make no lists");
  if (!isValid(column, row)) return null;
  switch (column.kind) {
    case "utf8":
      return utf8String(column, row);
    case "dictionary":
      return column.values[column.codes[row]];
    case "bool":
      return column.values[row] === 1;
    default:
      return column.values[row];
  }
}

/** Rows of a batch as plain values, with their address under `at`: `shard:row`. */
export function rowsOf(batch: Batch): Row[] {
  return Array.from({ length: batch.rows }, (_, row) => ({
    at: `${batch.shards[row]}:${batch.rowsInShard[row]}`,
    ...Object.fromEntries([...batch.columns].map(([name, column]) => [name, cellOf(column, row)])),
  }));
}

/** All rows of a source. Extents are cut at `extentBytes` and read together, as a run with a limit does. */
export async function readAll(
  operator: SourceOperator,
  context: ReadContext,
  extentBytes = Number.MAX_SAFE_INTEGER,
): Promise<Row[]> {
  const extents = await operator.extents(context.shards, context, extentBytes);
  return readExtents(operator, extents, context);
}

export async function readExtents(
  operator: SourceOperator,
  extents: readonly Extent[],
  context: ReadContext,
): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of operator.read(extents, context)) rows.push(...rowsOf(batch));
  return rows;
}

const SAMPLES = "../shared/samples/";

/** A real file, or undefined where the samples are not at hand. Tests run in the root of the repository. */
export function sample(path: string): Buffer | undefined {
  return existsSync(SAMPLES + path) ? readFileSync(SAMPLES + path) : undefined;
}

export const NO_SAMPLES = "the sample files are not at hand";
