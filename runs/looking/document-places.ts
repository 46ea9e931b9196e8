/**
 * Where a document of a run came to lie: in which token store, in which windows or packed rows, read in which training steps.
 *
 * Invariant: what {@link StageReader}s say the other way round. Price: the documents tables of its source, the pieces tables of the
 * document's shard; for Megatron its order; for stages of rows their index.
 */
import { join } from "node:path";
import { entryAt, ownOf } from "../../batch/entry.ts";
import { float64At } from "../../batch/numbers.ts";
import { readPart } from "../../io/local/read-part.ts";
import type { RowManifest } from "../../manifests/row-schema.ts";
import { sourceOfShare } from "../../mixtures/sub-sources.ts";
import { barrierColumns, type SourcePlan } from "../../plan/plan.ts";
import { rowFiles, tokenFiles } from "../../store/layout.ts";
import { decodeRowPlan } from "../../store/row-plan.ts";
import { companions, decodeEnds } from "../../store/token-file.ts";
import { SideTable } from "../peek/tables.ts";
import { stageManifests, trains } from "../run-manifests.ts";
import type { OpenRun } from "../status.ts";
import { type StoredDocument, StoreRows } from "./store-rows.ts";
import { TrainedRun, type TrainerOptions } from "./trainer.ts";

/** A document in its token store. */
export interface PlacedDocument extends StoredDocument {
  readonly held_out: boolean;
  readonly tokens: number;
  /** By the stage of a barrier: documents of its cluster, it included, of which it is the survivor. */
  readonly cluster_documents: Readonly<Record<string, number>>;
}

/** One sequence of a training stage that holds tokens of the document. */
export interface DocumentSequence {
  readonly training_stage: string;
  readonly sequence_length: number;
  /** A source or a part of one. */
  readonly source: string;
  /** Of trainers that read packed windows: numbered through the epochs of the source. */
  readonly window?: number;
  /** Of a stage that mixes rows. */
  readonly packed_row?: number;
  /** From 1, in the stage; absent where it fills no step, and of packed rows, which their trainer orders. */
  readonly step?: number;
  readonly sample?: number;
}

/** The document of row `row` of input file `file`, where it is in the store. */
export function placedDocument(
  { layout }: OpenRun,
  source: SourcePlan,
  file: number,
  row: number,
): PlacedDocument | undefined {
  for (const held_out of [false, true]) {
    const found = new StoreRows(layout, source, held_out).find(file, row);
    if (found === undefined) continue;
    const folder = held_out ? layout.validation(source.tokens) : layout.tokens(source.tokens);
    const table = SideTable.read(folder, tokenFiles.documents(found.shard, source.name));
    const sizes = barrierColumns(source).flatMap(({ name, barrier, holds }): [string, number][] => {
      if (holds !== "cluster_size") return [];
      const { stage } = entryAt(source.barriers, barrier, "barrier");
      const size = table?.number(name, found.document) ?? Number.NaN;
      return size >= 1 ? [[entryAt(source.stages, stage, "stage").id, size]] : [];
    });
    const tokens = table?.number("tokens", found.document) ?? 0;
    return { ...found, held_out, tokens, cluster_documents: Object.fromEntries(sizes) };
  }
  return undefined;
}

/**
 * Everything that training stages read of a document, in their order. Throws RunError `run/not-a-run` where the run is not finished, and
 * what {@link TrainedRun.of} throws.
 */
export async function documentSequences(
  run: OpenRun,
  source: SourcePlan,
  document: StoredDocument,
  options: TrainerOptions,
): Promise<readonly DocumentSequence[]> {
  if (!trains(run.plan.recipe)) return [];
  const { windows, rows } = await stageManifests(run);
  const found: DocumentSequence[] = [];
  const trained = windows.length === 0 ? undefined : TrainedRun.of(run, windows, options);
  for (const stage of trained?.stages ?? []) {
    const { reader } = stage;
    const { training_stage, sequence_length } = reader;
    reader.shares.forEach((share, index) => {
      if (sourceOfShare(share) !== source.name) return;
      for (const turn of reader.turnsOf(index, document)) {
        const sample = stage.sampleOf(index, turn);
        const { window } = reader.sequence(index, turn);
        found.push({
          training_stage,
          sequence_length,
          source: share,
          ...(window && { window: window.number }),
          ...(sample === undefined ? {} : { step: stage.stepOf(sample), sample }),
        });
      }
    });
  }
  for (const manifest of rows) found.push(...packedRows(run, manifest, source, document));
  return found;
}

function packedRows(
  { layout }: OpenRun,
  manifest: RowManifest,
  source: SourcePlan,
  { shard, document }: StoredDocument,
): readonly DocumentSequence[] {
  const share = ownOf(manifest.sources, source.name);
  const path = share?.token_store.files.find((file) => file.shard === shard && file.path.endsWith(".ds"))?.path;
  const file = manifest.token_files.findIndex((candidate) => candidate.path === path);
  if (path === undefined || file < 0) return [];
  const index = join(layout.store, path) + companions.index;
  const ends = decodeEnds(readPart(index), index);
  const [first, end] = [document === 0 ? 0 : float64At(ends, document - 1), float64At(ends, document)];
  const folder = layout.rows(manifest.stage.fingerprint);
  const name = join(folder, rowFiles.ends);
  const plan = decodeRowPlan(readPart(join(folder, rowFiles.pieces)), readPart(name), name);
  const { name: training_stage, sequence_length } = manifest.stage;
  const found: DocumentSequence[] = [];
  for (let row = 0; row < plan.rows; row++) {
    const [from, to] = plan.bounds(row);
    for (let at = from; at < to; at++) {
      const piece = plan.piece(at);
      if (piece.file !== file || piece.first >= end || piece.first + piece.tokens <= first) continue;
      found.push({ training_stage, sequence_length, source: source.name, packed_row: row });
      break;
    }
  }
  return found;
}
