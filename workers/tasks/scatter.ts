/**
 * First pass of the global document shuffle: documents of some spans, without the duplicates, laid out by destination shard.
 *
 * A document's place in the shuffled store is a 64-bit hash of (seed, source, document number): its high bits name the shard, all
 * of it orders documents inside the shard. Keys are independent of spans, workers and everything but the recipe and the input.
 * Memory: the tokens of one part, and about 60 bytes a document.
 */
import fs from "node:fs";
import { join } from "node:path";
import { Int32Builder, Utf8Builder } from "../../batch/builder.ts";
import {
  type Column,
  type Int32Column,
  type Int64Column,
  isValid,
  type Utf8Column,
  utf8Bytes,
} from "../../batch/column.ts";
import { decodeArrow, encodeArrow } from "../../io/arrow-table.ts";
import { BufferedWriter } from "../../io/buffered-writer.ts";
import { commitBytes, commitMarker, createPending } from "../../io/commit.ts";
import { readPart } from "../../io/read-part.ts";
import { HeldOut } from "../../kernels/held-out.ts";
import { hash64, seedFrom } from "../../kernels/shuffle.ts";
import { spanFiles, tokenFiles } from "../../plan/layout.ts";
import type { WorkerContext } from "../context.ts";
import type { ScatterChunk, ScatterMarker, ScatterSpan, ScatterTask } from "../protocol.ts";
import { readRoots } from "../roots.ts";

export function scatter(task: ScatterTask, context: WorkerContext): ScatterMarker {
  const source = context.plan.sources[task.source];
  const folder = context.layout.tokens(source.tokens);
  const ids = source.barriers.map(({ stage }) => source.stages[stage].id);
  const part = new Part(task.shards + (task.held_out?.shards ?? 0), ids);
  const heldOut = task.held_out && new HeldOut(task.held_out.seed, task.held_out.share);
  const duplicates = ids.map(() => 0);
  const seed = seedFrom(context.plan.recipe.seed, "documents", source.name);
  const ledger = new DuplicateLedger();
  for (const span of task.spans) {
    const documents = readDocuments(context.layout.ingest(source.ingest), span);
    const roots = task.barriers.map(({ roots: slice }) => {
      const first = slice.first + span.firstDocument;
      return { first, values: readRoots(slice.path, first, span.documents) };
    });
    const sizes = task.barriers.map(({ sizes: slice }) =>
      readRoots(slice.path, slice.first + span.firstDocument, span.documents),
    );
    let tokenStart = 0;
    for (let row = 0; row < documents.count; row++) {
      const ordinal = documents.document[row];
      const tokens = documents.tokens[row];
      const shard = documents.shard[row];
      const address = documents.row[row] + (span.rowBases[shard] ?? 0);
      const loser = roots.findIndex(({ first, values }) => values[ordinal] !== first + ordinal);
      if (loser >= 0) {
        duplicates[loser]++;
        ledger.add(shard, address, source.barriers[loser].stage, roots[loser].values[ordinal]);
      } else {
        hash64(seed[0], seed[1], span.firstDocument + ordinal, part.key);
        const aside = heldOut?.has(documents.hash[2 * row], documents.hash[2 * row + 1]) === true;
        part.add(
          documents,
          row,
          aside ? task.shards + pick(part.key[0], task.held_out?.shards ?? 0) : pick(part.key[0], task.shards),
          address,
          tokenStart,
          sizes.map((values) => values[ordinal]),
        );
      }
      tokenStart += tokens;
    }
    part.takeTokens(documents.path, context.plan.tokenizer.token_bytes);
  }
  const file = createPending(join(folder, tokenFiles.scattered(task.part)));
  let chunks: readonly ScatterChunk[];
  try {
    chunks = part.writeTo((bytes) => file.write(bytes));
  } catch (error) {
    file.abort();
    throw error;
  }
  const files = [file.commit(), commitBytes(join(folder, tokenFiles.duplicates(task.part)), ledger.encode())];
  const marker: ScatterMarker = { files, chunks, duplicates };
  commitMarker(join(folder, tokenFiles.scatterMarker(task.part)), marker);
  return marker;
}

/** One of `shards` by the high bits of a key. */
function pick(key: number, shards: number): number {
  return Math.floor((key * shards) / 0x1_0000_0000);
}

interface SpanDocuments {
  readonly count: number;
  readonly document: Int32Array;
  readonly shard: Int32Array;
  readonly row: Int32Array;
  readonly bytes: Int32Array;
  readonly tokens: Int32Array;
  /** Two words a document, least significant first: a 64-bit hash without a BigInt per row. */
  readonly hash: Int32Array;
  readonly id: Utf8Column | undefined;
  /** The span's token file. */
  readonly path: string;
}

function readDocuments(folder: string, span: ScatterSpan): SpanDocuments {
  const name = spanFiles.documents(span.span);
  const { rows, columns } = decodeArrow(fs.readFileSync(join(folder, name)), name);
  const int32 = (column: string): Int32Array =>
    (columns.get(column) as Int32Column | undefined)?.values ?? new Int32Array();
  const id = columns.get("id");
  return {
    count: rows,
    document: int32("document"),
    shard: int32("shard"),
    row: int32("row"),
    bytes: int32("bytes"),
    tokens: int32("tokens"),
    hash: wordsOf((columns.get("hash") as Int64Column | undefined)?.values ?? new BigInt64Array()),
    id: id?.kind === "utf8" ? id : undefined,
    path: join(folder, spanFiles.tokens(span.span)),
  };
}

function wordsOf(values: BigInt64Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** Documents waiting for their shard: fixed-width facts in builders, tokens as (start, end) in the part's token bytes. */
class Part {
  readonly key = new Uint32Array(2);
  readonly #shards: number;
  readonly #barrierIds: readonly string[];
  readonly #destination = new Int32Builder();
  readonly #columns: Record<"key_high" | "key_low" | "shard" | "row" | "bytes" | "tokens", Int32Builder> = {
    key_high: new Int32Builder(),
    key_low: new Int32Builder(),
    shard: new Int32Builder(),
    row: new Int32Builder(),
    bytes: new Int32Builder(),
    tokens: new Int32Builder(),
  };
  readonly #sizes: readonly Int32Builder[];
  readonly #hash = new Int32Builder();
  readonly #ids: (Uint8Array | undefined)[] = [];
  readonly #tokenStart: number[] = [];
  readonly #file = new Int32Builder();
  readonly #tokenFiles: Uint8Array[] = [];
  #tokenBytes = 4;

  constructor(shards: number, barrierIds: readonly string[]) {
    this.#shards = shards;
    this.#barrierIds = barrierIds;
    this.#sizes = barrierIds.map(() => new Int32Builder());
  }

  /**
   * Takes row `row` of `documents` with the key in {@link key} for shard `destination`; its tokens start at `tokenStart` of the
   * span's tokens.
   */
  add(
    documents: SpanDocuments,
    row: number,
    destination: number,
    address: number,
    tokenStart: number,
    clusterSizes: readonly number[],
  ): void {
    this.#destination.append(destination);
    this.#columns.key_high.append(this.key[0]);
    this.#columns.key_low.append(this.key[1]);
    this.#columns.shard.append(documents.shard[row]);
    this.#columns.row.append(address);
    this.#columns.bytes.append(documents.bytes[row]);
    this.#columns.tokens.append(documents.tokens[row]);
    this.#hash.append(documents.hash[2 * row]);
    this.#hash.append(documents.hash[2 * row + 1]);
    const id = documents.id;
    this.#ids.push(id !== undefined && isValid(id, row) ? utf8Bytes(id, row) : undefined);
    this.#tokenStart.push(tokenStart);
    this.#file.append(this.#tokenFiles.length);
    clusterSizes.forEach((size, barrier) => {
      this.#sizes[barrier].append(size);
    });
  }

  /** Loads the tokens of the span whose documents were added last. */
  takeTokens(path: string, tokenBytes: number): void {
    this.#tokenFiles.push(readPart(path));
    this.#tokenBytes = tokenBytes;
  }

  /** Writes every shard's chunk in turn: an Arrow table of its documents, then their tokens in table order. */
  writeTo(write: (bytes: Uint8Array) => void): readonly ScatterChunk[] {
    const destination = this.#destination.finish();
    const order = countingSort(destination, this.#shards);
    const chunks: ScatterChunk[] = [];
    let at = 0;
    let next = 0;
    for (let shard = 0; shard < this.#shards; shard++) {
      const start = next;
      while (next < order.length && destination[order[next]] === shard) next++;
      const rows = order.subarray(start, next);
      const table = encodeArrow(this.#select(rows), rows.length);
      write(table);
      const token_bytes = this.#writeTokens(rows, write);
      chunks.push({ at, table_bytes: table.length, token_bytes, documents: rows.length });
      at += table.length + token_bytes;
    }
    return chunks;
  }

  #select(rows: Uint32Array): Map<string, Column> {
    const columns = new Map<string, Column>();
    const pick = (values: Int32Array): Column => ({
      kind: "int32",
      values: Int32Array.from(rows, (row) => values[row]),
    });
    for (const [name, builder] of Object.entries(this.#columns)) columns.set(name, pick(builder.finish()));
    const hash = new BigInt64Array(rows.length);
    const words = wordsOf(hash);
    const source = this.#hash.finish();
    rows.forEach((row, index) => {
      words[2 * index] = source[2 * row];
      words[2 * index + 1] = source[2 * row + 1];
    });
    columns.set("hash", { kind: "int64", values: hash });
    this.#barrierIds.forEach((id, barrier) => {
      columns.set(`${id}_cluster_size`, pick(this.#sizes[barrier].finish()));
    });
    const ids = new Utf8Builder();
    for (const row of rows) {
      const id = this.#ids[row];
      if (id === undefined) ids.appendNull();
      else ids.append(id);
    }
    columns.set("id", ids.finish());
    return columns;
  }

  #writeTokens(rows: Uint32Array, write: (bytes: Uint8Array) => void): number {
    const counts = this.#columns.tokens.finish();
    const files = this.#file.finish();
    const writer = new BufferedWriter(write);
    for (const row of rows) {
      const start = this.#tokenStart[row] * this.#tokenBytes;
      const length = counts[row] * this.#tokenBytes;
      writer.write(this.#tokenFiles[files[row]].subarray(start, start + length));
    }
    writer.flush();
    return writer.size_bytes;
  }
}

/** Positions of `values` ordered by value, equal values in their order. */
function countingSort(values: Int32Array, buckets: number): Uint32Array {
  const starts = new Uint32Array(buckets + 1);
  for (const value of values) starts[value + 1]++;
  for (let bucket = 0; bucket < buckets; bucket++) starts[bucket + 1] += starts[bucket];
  const order = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) order[starts[values[i]]++] = i;
  return order;
}

/** Documents a dedup barrier dropped, and which document each was a copy of. */
class DuplicateLedger {
  readonly #shard = new Int32Builder();
  readonly #row = new Int32Builder();
  readonly #stage = new Int32Builder();
  readonly #survivor: number[] = [];

  add(shard: number, row: number, stage: number, survivor: number): void {
    this.#shard.append(shard);
    this.#row.append(row);
    this.#stage.append(stage);
    this.#survivor.push(survivor);
  }

  encode(): Uint8Array {
    const columns = new Map<string, Column>([
      ["shard", { kind: "int32", values: this.#shard.finish() }],
      ["row", { kind: "int32", values: this.#row.finish() }],
      ["stage", { kind: "int32", values: this.#stage.finish() }],
      ["survivor", { kind: "float64", values: Float64Array.from(this.#survivor) }],
    ]);
    return encodeArrow(columns, this.#shard.length);
  }
}
