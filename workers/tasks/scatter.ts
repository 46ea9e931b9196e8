/**
 * First pass of the global document shuffle: which documents of some spans survive their barriers, and which shard each goes to.
 *
 * A document's shuffle key is 64 bits: the high ones name its shard, all of them order documents inside the shard. Only facts about
 * documents are laid out by shard here; their tokens stay in the span's runs, already in key order, until the shard is written.
 * Memory: about 100 bytes a document of the part.
 */
import { join } from "node:path";
import { ColumnAppender } from "../../batch/append.ts";
import { Int32Builder } from "../../batch/builder.ts";
import type { Column } from "../../batch/column.ts";
import { entryAt } from "../../batch/entry.ts";
import { DataError } from "../../batch/errors.ts";
import { int32At, numberAt, uint32At } from "../../batch/numbers.ts";
import { encodeArrow } from "../../io/formats/arrow-table.ts";
import { commitIntermediate, commitMarker, createIntermediate } from "../../io/local/commit.ts";
import { HeldOut } from "../../kernels/random/held-out.ts";
import { type BarrierColumn, barrierColumns, droppingBarriers, sourceAt } from "../../plan/plan.ts";
import { tokenFiles } from "../../store/layout.ts";
import type { WorkerContext } from "../context.ts";
import type { ScatterChunk, ScatterMarker, ScatterSpan, ScatterTask } from "../protocol.ts";
import { RootsFile } from "../roots.ts";
import { countColumn } from "./count-column.ts";
import { DuplicateLedger } from "./duplicate-ledger.ts";
import { FigureSums, figureColumns, readFigures } from "./span-figures.ts";
import { readSpanRows } from "./span-rows.ts";

export function scatter(task: ScatterTask, context: WorkerContext): ScatterMarker {
  const source = sourceAt(context.plan, task.source);
  const folder = context.layout.tokens(source.tokens);
  const dropping = droppingBarriers(source);
  const part = new Part(task.shards + (task.held_out?.shards ?? 0), barrierColumns(source));
  const heldOut = task.held_out && new HeldOut(task.held_out.seed, task.held_out.share);
  const ledger = new DuplicateLedger();
  const columns = figureColumns(source);
  const figures = new FigureSums(columns);
  const ingested = context.layout.ingest(source.ingest);
  const barriers = dropping.map(({ stage }, barrier) => {
    const { roots } = entryAt(task.barriers, barrier, "barrier");
    return { stage, first: roots.first, roots: new RootsFile(roots.file), duplicates: 0 };
  });
  const counted = task.counts.map(({ file, first }) => ({ first, file: new RootsFile(file) }));
  for (const span of task.spans) {
    const documents = readDocuments(ingested, span);
    const figured = columns.length > 0 ? readFigures(ingested, span.span, columns) : undefined;
    const roots = barriers.map((barrier) => {
      const first = barrier.first + span.firstDocument;
      return { barrier, first, values: barrier.roots.read(first, span.documents) };
    });
    const counts = counted.map(({ file, first }) => file.read(first + span.firstDocument, span.documents));
    for (let row = 0; row < documents.count; row++) {
      const ordinal = int32At(documents.document, row);
      const shard = int32At(documents.shard, row);
      const address = int32At(documents.row, row) + (span.rowBases[shard] ?? 0);
      const loser = roots.find(({ first, values }) => values[ordinal] !== first + ordinal);
      if (loser !== undefined) {
        loser.barrier.duplicates++;
        ledger.add(shard, address, loser.barrier.stage, uint32At(loser.values, ordinal));
        continue;
      }
      if (figured !== undefined) figures.addRow(figured, row);
      const key = int32At(documents.keyHigh, row) >>> 0;
      const aside = heldOut?.has(int32At(documents.hash, 2 * row), int32At(documents.hash, 2 * row + 1)) === true;
      part.add(
        documents,
        row,
        aside ? task.shards + pick(key, task.held_out?.shards ?? 0) : pick(key, task.shards),
        address,
        counts.map((values) => uint32At(values, ordinal)),
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
  const duplicates = barriers.map((barrier) => barrier.duplicates);
  const marker: ScatterMarker = { files, chunks, duplicates, ...figures.finish() };
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

/** What the chunk says in its own way: where a document comes from. */
const ADDRESS_COLUMNS: ReadonlySet<string> = new Set(["document", "shard", "row"]);

function readDocuments(folder: string, { span }: ScatterSpan): SpanDocuments {
  const { count, document, shard, row, columns } = readSpanRows(folder, span);
  const hash = columns.get("hash");
  const high = columns.get("key_high");
  const hashes = hash?.kind === "int64" ? hash.values : new BigInt64Array();
  return {
    span,
    count,
    document,
    shard,
    row,
    keyHigh: high?.kind === "int32" ? high.values : new Int32Array(),
    hash: new Int32Array(hashes.buffer, hashes.byteOffset, hashes.length * 2),
    copied: new Map([...columns].filter(([column]) => !ADDRESS_COLUMNS.has(column))),
  };
}

/** Documents of a part, sorted into shards when all are there. */
class Part {
  readonly #shards: number;
  readonly #destination = new Int32Builder();
  readonly #spans: SpanDocuments[] = [];
  /** Three numbers a document: its span's place in `#spans`, its row there, its row in its input shard. */
  readonly #places = new Int32Builder();
  /** What barriers count of the documents. */
  readonly #counts: readonly (BarrierColumn & { readonly values: Int32Builder })[];

  constructor(shards: number, columns: readonly BarrierColumn[]) {
    this.#shards = shards;
    this.#counts = columns.map((column) => ({ ...column, values: new Int32Builder() }));
  }

  /** Takes row `row` of `documents`, whose row in its input shard is `address`, for shard `destination`. */
  add(documents: SpanDocuments, row: number, destination: number, address: number, counts: readonly number[]): void {
    if (this.#spans.at(-1) !== documents) this.#spans.push(documents);
    this.#destination.append(destination);
    this.#places.append(this.#spans.length - 1);
    this.#places.append(row);
    this.#places.append(address);
    this.#counts.forEach(({ values }, column) => {
      values.append(numberAt(counts, column));
    });
  }

  /** Columns that any span has: one whose kind only files know may be missing in a span without rows. */
  #copied(): ReadonlySet<string> {
    return new Set(this.#spans.flatMap(({ copied }) => [...copied.keys()]));
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
      while (next < order.length && destination[uint32At(order, next)] === shard) next++;
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
    const spanOf = (document: number) => entryAt(this.#spans, int32At(places, 3 * document), "span");
    const rowOf = (document: number) => int32At(places, 3 * document + 1);
    const columns = new Map<string, Column>([
      ["span", int32((document) => spanOf(document).span)],
      ["shard", int32((document) => int32At(spanOf(document).shard, rowOf(document)))],
      ["row", int32((document) => int32At(places, 3 * document + 2))],
    ]);
    for (const name of this.#copied()) {
      const appender = new ColumnAppender();
      for (const document of documents) {
        const column = spanOf(document).copied.get(name);
        if (!appender.append(column, rowOf(document))) throw kindsDiffer(name, appender.kind, column?.kind);
      }
      columns.set(name, appender.finish());
    }
    for (const { name, holds, values } of this.#counts) {
      const counts = values.finish();
      columns.set(
        name,
        countColumn(holds, documents.length, (at) => int32At(counts, uint32At(documents, at))),
      );
    }
    return columns;
  }
}

/** Spans settle on a column's kind each on their own, by what they read. */
function kindsDiffer(name: string, one: string | undefined, other: string | undefined): DataError {
  return new DataError({
    code: "data/column-type-changed",
    what: `the column ${name} is ${one} in one file of the source and ${other} in another`,
    why: "a column has one type in the documents table of a source",
    fix: `leave ${name} out of the source's metadata, or give the files of each type a source of their own`,
  });
}

/** Positions of `values` ordered by value, equal values in their order. */
function countingSort(values: Int32Array, buckets: number): Uint32Array {
  const starts = new Uint32Array(buckets + 1);
  for (const value of values) starts[value + 1] = uint32At(starts, value + 1) + 1;
  let before = 0;
  for (let bucket = 0; bucket <= buckets; bucket++) {
    before += uint32At(starts, bucket);
    starts[bucket] = before;
  }
  const order = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = int32At(values, i);
    const at = uint32At(starts, value);
    order[at] = i;
    starts[value] = at + 1;
  }
  return order;
}
