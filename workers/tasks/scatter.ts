/**
 * First pass of the global document shuffle: which documents of some spans survive their dedup barriers, and which shard each goes to.
 *
 * A document's shuffle key is 64 bits: the high ones name its shard, all of them order documents inside the shard. Only facts about
 * documents are laid out by shard here; their tokens stay in the span's runs, already in key order, until the shard is written.
 * Memory: about 100 bytes a document of the part.
 */
import { join } from "node:path";
import { ColumnAppender } from "../../batch/append.ts";
import { Int32Builder } from "../../batch/builder.ts";
import type { Column, Int32Column, Int64Column } from "../../batch/column.ts";
import { decodeArrow, encodeArrow } from "../../io/formats/arrow-table.ts";
import { commitIntermediate, commitMarker, createIntermediate } from "../../io/local/commit.ts";
import { readVouched } from "../../io/local/vouched.ts";
import { HeldOut } from "../../kernels/random/held-out.ts";
import { spanFiles, tokenFiles } from "../../store/layout.ts";
import { vouchers } from "../../store/marker.ts";
import type { WorkerContext } from "../context.ts";
import type { ScatterChunk, ScatterMarker, ScatterSpan, ScatterTask } from "../protocol.ts";
import { RootsFile } from "../roots.ts";

export function scatter(task: ScatterTask, context: WorkerContext): ScatterMarker {
  const source = context.plan.sources[task.source];
  const folder = context.layout.tokens(source.tokens);
  const ids = source.barriers.map(({ stage }) => source.stages[stage].id);
  const part = new Part(task.shards + (task.held_out?.shards ?? 0), ids);
  const heldOut = task.held_out && new HeldOut(task.held_out.seed, task.held_out.share);
  const duplicates = ids.map(() => 0);
  const ledger = new DuplicateLedger();
  const barriers = task.barriers.map(({ roots, sizes }) => ({
    first: roots.first,
    roots: new RootsFile(roots.file),
    sizes: new RootsFile(sizes.file),
  }));
  for (const span of task.spans) {
    const documents = readDocuments(context.layout.ingest(source.ingest), span);
    const roots = barriers.map((barrier) => {
      const first = barrier.first + span.firstDocument;
      return { first, values: barrier.roots.read(first, span.documents) };
    });
    const sizes = barriers.map((barrier) => barrier.sizes.read(barrier.first + span.firstDocument, span.documents));
    for (let row = 0; row < documents.count; row++) {
      const ordinal = documents.document[row];
      const shard = documents.shard[row];
      const address = documents.row[row] + (span.rowBases[shard] ?? 0);
      const loser = roots.findIndex(({ first, values }) => values[ordinal] !== first + ordinal);
      if (loser >= 0) {
        duplicates[loser]++;
        ledger.add(shard, address, source.barriers[loser].stage, roots[loser].values[ordinal]);
        continue;
      }
      const key = documents.keyHigh[row] >>> 0;
      const aside = heldOut?.has(documents.hash[2 * row], documents.hash[2 * row + 1]) === true;
      part.add(
        documents,
        row,
        aside ? task.shards + pick(key, task.held_out?.shards ?? 0) : pick(key, task.shards),
        address,
        sizes.map((values) => values[ordinal]),
      );
    }
  }
  const file = createIntermediate(join(folder, tokenFiles.scattered(task.part)));
  let chunks: readonly ScatterChunk[];
  try {
    chunks = part.writeTo((bytes) => file.write(bytes));
  } catch (error) {
    file.abort();
    throw error;
  }
  const duplicatesFile = join(folder, tokenFiles.duplicates(task.part));
  const files = [file.commit(), commitIntermediate(duplicatesFile, ledger.encode())];
  const marker: ScatterMarker = { files, chunks, duplicates };
  commitMarker(join(folder, tokenFiles.scatterMarker(task.part)), marker);
  return marker;
}

/** One of `shards` by the high bits of a key. */
function pick(key: number, shards: number): number {
  return Math.floor((key * shards) / 0x1_0000_0000);
}

interface SpanDocuments {
  readonly span: number;
  readonly count: number;
  readonly document: Int32Array;
  readonly shard: Int32Array;
  readonly row: Int32Array;
  readonly keyHigh: Int32Array;
  /** Two words a document, least significant first: a 64-bit hash without a BigInt per row. */
  readonly hash: Int32Array;
  /** What the shard's documents table or the gathering of tokens takes as it is. */
  readonly copied: ReadonlyMap<string, Column>;
}

const COPIED_COLUMNS = ["key_high", "key_low", "run", "token_start", "bytes", "tokens", "hash", "id"];

function readDocuments(folder: string, { span }: ScatterSpan): SpanDocuments {
  const name = spanFiles.documents(span);
  const { rows, columns } = decodeArrow(readVouched(vouchers(folder, spanFiles.marker(span))(name)), name);
  const int32 = (column: string): Int32Array =>
    (columns.get(column) as Int32Column | undefined)?.values ?? new Int32Array();
  const hash = (columns.get("hash") as Int64Column | undefined)?.values ?? new BigInt64Array();
  const copied = new Map<string, Column>();
  for (const copy of COPIED_COLUMNS) {
    const column = columns.get(copy);
    if (column !== undefined) copied.set(copy, column);
  }
  return {
    span,
    count: rows,
    document: int32("document"),
    shard: int32("shard"),
    row: int32("row"),
    keyHigh: int32("key_high"),
    hash: new Int32Array(hash.buffer, hash.byteOffset, hash.length * 2),
    copied,
  };
}

/** Documents of a part, sorted into shards when all are there. */
class Part {
  readonly #shards: number;
  readonly #sizeNames: readonly string[];
  readonly #destination = new Int32Builder();
  readonly #spans: SpanDocuments[] = [];
  /** Three numbers a document: its span's place in `#spans`, its row there, its row in its input shard. */
  readonly #places = new Int32Builder();
  readonly #sizes: readonly Int32Builder[];

  constructor(shards: number, barrierIds: readonly string[]) {
    this.#shards = shards;
    this.#sizeNames = barrierIds.map((id) => `${id}_cluster_size`);
    this.#sizes = barrierIds.map(() => new Int32Builder());
  }

  /** Takes row `row` of `documents`, whose row in its input shard is `address`, for shard `destination`. */
  add(
    documents: SpanDocuments,
    row: number,
    destination: number,
    address: number,
    clusterSizes: readonly number[],
  ): void {
    if (this.#spans.at(-1) !== documents) this.#spans.push(documents);
    this.#destination.append(destination);
    this.#places.append(this.#spans.length - 1);
    this.#places.append(row);
    this.#places.append(address);
    clusterSizes.forEach((size, barrier) => {
      this.#sizes[barrier].append(size);
    });
  }

  /** Writes every shard's chunk in turn: an Arrow table of its documents. */
  writeTo(write: (bytes: Uint8Array) => void): readonly ScatterChunk[] {
    const destination = this.#destination.finish();
    const order = countingSort(destination, this.#shards);
    const chunks: ScatterChunk[] = [];
    let at = 0;
    let next = 0;
    for (let shard = 0; shard < this.#shards; shard++) {
      const start = next;
      while (next < order.length && destination[order[next]] === shard) next++;
      const documents = order.subarray(start, next);
      const table = encodeArrow(this.#select(documents), documents.length);
      write(table);
      chunks.push({ at, size_bytes: table.length, documents: documents.length });
      at += table.length;
    }
    return chunks;
  }

  #select(documents: Uint32Array): Map<string, Column> {
    const places = this.#places.finish();
    const int32 = (value: (document: number) => number): Column => ({
      kind: "int32",
      values: Int32Array.from(documents, value),
    });
    const columns = new Map<string, Column>([
      ["span", int32((document) => this.#spans[places[3 * document]].span)],
      ["shard", int32((document) => this.#spans[places[3 * document]].shard[places[3 * document + 1]])],
      ["row", int32((document) => places[3 * document + 2])],
    ]);
    for (const name of COPIED_COLUMNS) {
      const appender = new ColumnAppender();
      for (const document of documents) {
        const column = this.#spans[places[3 * document]].copied.get(name);
        appender.append(column, places[3 * document + 1]);
      }
      columns.set(name, appender.finish());
    }
    this.#sizeNames.forEach((name, barrier) => {
      const sizes = this.#sizes[barrier].finish();
      columns.set(
        name,
        int32((document) => sizes[document]),
      );
    });
    return columns;
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
