/**
 * A look at documents and at the verdicts on them. Reads little: rows are read again at their address.
 *
 * Invariant: what is shown is what is stored; a verdict names the stage, the reason, the measured value and the detail that were
 * recorded.
 */
import fs from "node:fs";
import { join } from "node:path";
import type { Batch } from "../batch/batch.ts";
import { float64Values, int32Values, isValid, utf8String } from "../batch/column.ts";
import { entryAt } from "../batch/entry.ts";
import { RecipeError } from "../batch/errors.ts";
import { createIoEnvironment } from "../io/environment.ts";
import { decodeArrow } from "../io/formats/arrow-table.ts";
import { listShards } from "../io/list.ts";
import { openShard } from "../io/open.ts";
import type { ShardRef } from "../io/source.ts";
import type { SourcePlan } from "../plan/plan.ts";
import { planRegistry } from "../plan/plugins.ts";
import { readerOf } from "../plan/recipe/readers.ts";
import { type Extent, NO_RESOURCES, type ReadContext, type SourceOperator } from "../stages/define.ts";
import { stageRegistry } from "../stages/registry.ts";
import { spanFiles } from "../store/layout.ts";
import { markerFacts } from "../store/marker.ts";
import type { IngestMarker } from "../workers/protocol.ts";
import { recordedSpans } from "../workers/spans.ts";
import { chosenSources, type OpenRun } from "./status.ts";

export interface PeekedDocument {
  /** `source/shard#row`. */
  readonly address: string;
  readonly id?: string;
  readonly text: string;
  readonly verdict?: {
    readonly stage: string;
    readonly reason: string;
    readonly value?: number;
    readonly detail?: string;
  };
}

/** The first documents of files that match `pattern`. */
export async function peekDocuments(
  pattern: string,
  options: { readonly count: number; readonly dataRoot: string; readonly read?: string },
): Promise<readonly PeekedDocument[]> {
  const use = options.read ?? readerOf(pattern) ?? "read/files";
  const definition = stageRegistry().findStage(use);
  const environment = createIoEnvironment({ root: options.dataRoot });
  const shards = await listShards(pattern, environment);
  const operator = definition.create(
    definition.options.parse(use === "read/files" ? {} : { limit: options.count }),
    NO_RESOURCES,
  );
  if (operator.kind !== "source")
    throw new RecipeError({ code: "recipe/not-a-reader", what: `${use} is not a reader` });
  const found: PeekedDocument[] = [];
  const context: ReadContext = {
    source: "peek",
    shards,
    open: (shard) => openShard(shard, environment),
    problem: () => {},
  };
  const extents = await operator.extents(shards, context, Number.POSITIVE_INFINITY);
  for await (const batch of operator.read(extents, context)) {
    for (let row = 0; row < batch.rows && found.length < options.count; row++)
      found.push(documentAt(batch, row, shardKey(shards, batch, row)));
    if (found.length >= options.count) break;
  }
  return found;
}

function shardKey(shards: readonly ShardRef[], batch: Batch, row: number): string {
  return entryAt(shards, entryAt(batch.shards, row, "row"), "shard").key;
}

function documentAt(batch: Batch, row: number, shard: string, verdict?: PeekedDocument["verdict"]): PeekedDocument {
  const id = batch.column("id");
  return {
    address: `${shard}#${batch.rowsInShard[row]}`,
    ...(id?.kind === "utf8" && isValid(id, row) ? { id: utf8String(id, row) } : {}),
    text: utf8String(batch.text, row),
    ...(verdict === undefined ? {} : { verdict }),
  };
}

export interface PeekDroppedOptions {
  readonly count: number;
  readonly source?: string;
  /** `all`, a stage id, or `stage:reason`; absent shows kept documents. */
  readonly which?: string | undefined;
  /** Where relative patterns of the recipe start. */
  readonly dataRoot?: string;
}

/** Documents of a run with the verdict recorded for each, or kept ones, as they were before any rewrite. */
export async function peekDropped(run: OpenRun, options: PeekDroppedOptions): Promise<readonly PeekedDocument[]> {
  const registry = await planRegistry(run.plan);
  const environment = createIoEnvironment({ root: options.dataRoot ?? "." });
  const found: PeekedDocument[] = [];
  for (const source of chosenSources(run, options.source)) {
    const reader = registry.findStage(source.reader.use).create(source.reader.options, NO_RESOURCES);
    if (reader.kind !== "source") continue;
    const context: ReadContext = {
      source: source.name,
      shards: source.shards,
      open: (shard) => openShard(shard, environment),
      problem: () => {},
    };
    for (const [span, extents] of (recordedSpans(firstPass(run, source)) ?? []).entries()) {
      if (found.length >= options.count) break;
      const wanted = wantedRows(run, source, span, options);
      if (wanted.size > 0) await collect(reader, extents, context, source, wanted, options.count, found);
    }
  }
  return found;
}

/** Folder of a source's first pass, which says how the source is cut. */
function firstPass({ layout }: OpenRun, source: SourcePlan): string {
  return layout.ingest(entryAt(source.passes, 0, "pass").fingerprint);
}

type Wanted = ReadonlyMap<string, PeekedDocument["verdict"]>;

function wantedRows(run: OpenRun, source: SourcePlan, span: number, options: PeekDroppedOptions): Wanted {
  const folder = run.layout.ingest(source.ingest);
  const wanted = new Map<string, PeekedDocument["verdict"]>();
  if (options.which === undefined) {
    const kept = readTable(join(folder, spanFiles.documents(span)));
    for (let row = 0; row < Math.min(kept.rows, options.count); row++)
      wanted.set(`${kept.int("shard", row)}#${kept.int("row", row)}`, undefined);
    return wanted;
  }
  const [stageId = "", reason] = options.which.split(":");
  for (const { fingerprint } of source.passes) {
    const ledger = readTable(join(run.layout.ingest(fingerprint), spanFiles.ledger(span)));
    for (let row = 0; row < ledger.rows && wanted.size < options.count; row++) {
      const stage = entryAt(source.stages, ledger.int("stage", row), "stage");
      const why = entryAt(stage.reasons, ledger.int("reason", row), "reason");
      const value = ledger.float("value", row);
      if (stageId !== "all" && stageId !== stage.id) continue;
      if (reason !== undefined && reason !== why) continue;
      const detail = ledger.text("detail", row);
      wanted.set(`${ledger.int("shard", row)}#${ledger.int("row", row)}`, {
        stage: stage.id,
        reason: why,
        ...(Number.isNaN(value) ? {} : { value }),
        ...(detail === undefined ? {} : { detail }),
      });
    }
  }
  addDuplicates(run, source, span, options, stageId, reason, wanted);
  return wanted;
}

/** Rows that barriers took away lie in ledgers beside the token store, or the verdicts of a source that has none, by absolute row. */
function addDuplicates(
  run: OpenRun,
  source: SourcePlan,
  span: number,
  options: PeekDroppedOptions,
  stageId: string,
  reason: string | undefined,
  wanted: Map<string, PeekedDocument["verdict"]>,
): void {
  if (source.barriers.length === 0) return;
  const folder = source.tokenized ? run.layout.tokens(source.tokens) : run.layout.verdicts(source.verdicts);
  if (!fs.existsSync(folder)) return;
  const bases = rowBases(run, source, span);
  const kept = readTable(join(run.layout.ingest(source.ingest), spanFiles.documents(span)));
  const inSpan = new Set<string>();
  for (let row = 0; row < kept.rows; row++) inSpan.add(`${kept.int("shard", row)}#${kept.int("row", row)}`);
  for (const name of fs
    .readdirSync(folder)
    .filter((file) => file.endsWith(".duplicates.arrow"))
    .sort()) {
    const ledger = readTable(join(folder, name));
    for (let row = 0; row < ledger.rows && wanted.size < options.count; row++) {
      const stage = entryAt(source.stages, ledger.int("stage", row), "stage");
      if (stageId !== "all" && stageId !== stage.id) continue;
      const why = stage.exchange?.reason;
      if (reason !== undefined && reason !== why) continue;
      const shard = ledger.int("shard", row);
      const key = `${shard}#${ledger.int("row", row) - (bases.get(shard) ?? 0)}`;
      if (inSpan.has(key)) wanted.set(key, { stage: stage.id, reason: why ?? "" });
    }
  }
}

function rowBases(run: OpenRun, source: SourcePlan, span: number): ReadonlyMap<number, number> {
  const bases = new Map<number, number>();
  const folder = firstPass(run, source);
  const extents = entryAt(recordedSpans(folder) ?? [], span, "span");
  const bytes = new Set(extents.filter((extent) => extent.unit === "bytes").map((extent) => extent.shard));
  if (bytes.size === 0) return bases;
  for (let earlier = 0; earlier < span; earlier++) {
    // Its token file may have been removed since, which does not matter here.
    const marker = markerFacts<IngestMarker>(folder, spanFiles.marker(earlier));
    for (const { shard, rows } of marker?.extents ?? [])
      if (bytes.has(shard)) bases.set(shard, (bases.get(shard) ?? 0) + rows);
  }
  return bases;
}

async function collect(
  reader: SourceOperator,
  span: readonly Extent[],
  context: ReadContext,
  source: SourcePlan,
  wanted: Wanted,
  count: number,
  found: PeekedDocument[],
): Promise<void> {
  let left = wanted.size;
  for await (const batch of reader.read(span, context)) {
    for (let row = 0; row < batch.rows; row++) {
      const key = `${batch.shards[row]}#${batch.rowsInShard[row]}`;
      if (!wanted.has(key)) continue;
      left--;
      found.push(documentAt(batch, row, `${source.name}/${shardKey(source.shards, batch, row)}`, wanted.get(key)));
      if (found.length >= count || left === 0) return;
    }
  }
}

function readTable(path: string): {
  rows: number;
  int: (name: string, row: number) => number;
  /** NaN where the row has none. */
  float: (name: string, row: number) => number;
  /** Undefined where the row has none. */
  text: (name: string, row: number) => string | undefined;
} {
  const { rows, columns } = decodeArrow(fs.readFileSync(path), path);
  return {
    rows,
    int: (name, row) => entryAt(int32Values(columns, name), row, `${name} of row`),
    float: (name, row) => float64Values(columns, name)[row] ?? Number.NaN,
    text: (name, row) => {
      const column = columns.get(name);
      return column?.kind === "utf8" && isValid(column, row) ? utf8String(column, row) : undefined;
    },
  };
}
