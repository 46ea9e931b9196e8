/**
 * The tokens of a finished run, for programs: documents of its token stores and windows of its training stages, as typed arrays.
 *
 * Invariant: in the order they lie in the store; a window's order among those of other sources is the trainer's. Price: blocks of about a million
 * tokens are read at a time; what is handed out is a view of a block, so keep a copy (`tokens.slice()`) of what is to stay.
 */
import { join } from "node:path";
import { entryAt, entryOf } from "../batch/entry.ts";
import { RunError } from "../batch/errors.ts";
import { PADDING_WORD, piecesOf, type TokenArray } from "../kernels/pack/fill.ts";
import { documentBlocks, type RowBlock, rowBlocks, type SourceRows } from "../manifests/exports/views.ts";
import { readManifests } from "../manifests/read.ts";
import type { TrainingStageManifest } from "../manifests/schema.ts";
import { sourceOfShare } from "../mixtures/sub-sources.ts";
import { runFiles } from "../store/layout.ts";
import type { TokenBytes } from "../store/token-file.ts";
import { storeShards } from "./export-documents.ts";
import { windowStages } from "./export-rows.ts";
import type { OpenRun } from "./status.ts";

/** A document of a token store. */
export interface TokenDocument {
  readonly source: string;
  /** Whether it is held out for validation: no training stage reads it. */
  readonly held_out: boolean;
  /** Shard of the token store, and number in it. */
  readonly shard: number;
  readonly document: number;
  /** With its EOS. A view, good until the next document is asked for. */
  readonly tokens: TokenArray;
  /** One byte a token, 1 where it is trained; absent where all are. */
  readonly loss?: Uint8Array;
}

/** A window of a training stage. */
export interface TokenWindow {
  readonly training_stage: string;
  readonly source: string;
  /** How often the source has been read before, in this stage and those before it. */
  readonly epoch: number;
  /** Shard of the packed store, and number in it. */
  readonly shard: number;
  readonly window: number;
  /** `sequence_length + 1` of them. A view, good until the next window is asked for. */
  readonly tokens: TokenArray;
  /** One byte a token, 1 where it is trained; absent where all but padding are. */
  readonly loss?: Uint8Array;
  /** Exclusive ends of its pieces of documents, in tokens: where attention and positions restart. */
  readonly document_ends: readonly number[];
  /** Tokens of padding, at the end. */
  readonly padding_tokens: number;
}

/**
 * The manifest of a training stage; of the only one, where there is one and none is named.
 *
 * @throws RunError `run/not-a-run` where the run is not finished, `run/no-such-training-stage`
 */
export async function readManifest(run: OpenRun, trainingStage?: string): Promise<TrainingStageManifest> {
  const manifests = await allManifests(run);
  const chosen =
    trainingStage === undefined ? manifests : manifests.filter(({ stage }) => stage.name === trainingStage);
  const [manifest, another] = chosen;
  if (manifest !== undefined && another === undefined) return manifest;
  throw new RunError({
    code: "run/no-such-training-stage",
    what:
      trainingStage === undefined
        ? "the run has several training stages, and none is named"
        : `the run has no training stage ${trainingStage}`,
    fix: `its training stages are ${manifests.map(({ stage }) => stage.name).join(", ")}`,
  });
}

/**
 * All documents of the run's token stores, or those of one source; of a source, the held-out ones come last.
 *
 * @throws RunError `run/not-a-run`, `run/no-such-source`
 */
export async function* readDocuments(
  run: OpenRun,
  options: { readonly source?: string } = {},
): AsyncGenerator<TokenDocument> {
  const manifests = await allManifests(run);
  const sources = new Map(
    manifests.flatMap((manifest) =>
      Object.entries(manifest.sources).map(([share, source]) => [sourceOfShare(share), source] as const),
    ),
  );
  const width = entryAt(manifests, 0, "manifest").tokenizer.token_bytes;
  for (const name of chosenNames([...sources.keys()], options.source)) {
    const { token_store, validation } = entryOf(Object.fromEntries(sources), name, "source");
    yield* documentsOf(name, false, storeShards({ token_store }, run.layout.store, width), width);
    if (validation !== undefined) {
      yield* documentsOf(name, true, storeShards(validation, run.layout.store, width), width);
    }
  }
}

function* documentsOf(
  source: string,
  held_out: boolean,
  shards: ReturnType<typeof storeShards>,
  width: TokenBytes,
): Generator<TokenDocument> {
  for (const { at, documents, tokens } of shards) {
    let document = 0;
    for (const block of documentBlocks({ ...at, epoch: 0, first_document: 0, documents, tokens }, width)) {
      let start = 0;
      for (const end of block.ends) {
        yield {
          source,
          held_out,
          shard: at.shard,
          document: document++,
          tokens: block.tokens.subarray(start, end),
          ...(block.loss && { loss: block.loss.subarray(start, end) }),
        };
        start = end;
      }
    }
  }
}

/**
 * The windows that a training stage reads, source by source, epoch by epoch; a window of a later epoch comes again.
 *
 * @throws RunError `run/not-a-run`, `run/no-such-training-stage`, `run/no-such-source`
 */
export async function* readWindows(
  run: OpenRun,
  options: { readonly training_stage?: string; readonly source?: string } = {},
): AsyncGenerator<TokenWindow> {
  const manifest = await readManifest(run, options.training_stage);
  const names = chosenNames(Object.keys(manifest.sources), options.source);
  for (const { sources, name } of windowStages([manifest], run.layout.store)) {
    for (const rows of sources.filter(({ source }) => names.includes(source))) yield* windowsOf(name, rows);
  }
}

function* windowsOf(training_stage: string, rows: SourceRows): Generator<TokenWindow> {
  for (const range of rows.ranges) {
    let window = range.start;
    for (const block of rowBlocks(rows, range)) {
      for (const row of rowsOf(block, rows.row_tokens)) {
        yield { training_stage, source: rows.source, epoch: range.epoch, shard: range.shard, window: window++, ...row };
      }
    }
  }
}

type Row = Pick<TokenWindow, "tokens" | "loss" | "document_ends" | "padding_tokens">;

function* rowsOf({ tokens, loss, pieces }: RowBlock, rowTokens: number): Generator<Row> {
  let document_ends: number[] = [];
  let padding_tokens = 0;
  let start = 0;
  let end = 0;
  for (const { document, length } of piecesOf(pieces)) {
    end += length;
    if (document === PADDING_WORD) padding_tokens += length;
    else document_ends.push(end - start);
    if (end - start < rowTokens) continue;
    const row = { tokens: tokens.subarray(start, end), document_ends, padding_tokens };
    yield loss === undefined ? row : { ...row, loss: loss.subarray(start, end) };
    document_ends = [];
    padding_tokens = 0;
    start = end;
  }
}

async function allManifests({ plan, layout }: OpenRun): Promise<readonly TrainingStageManifest[]> {
  const { manifests, problems } = await readManifests(join(layout.run(plan.name), runFiles.manifests));
  const [problem] = problems;
  if (problem === undefined) return manifests;
  throw new RunError({
    code: "run/bad-manifest",
    what: `${problem.file} ${problem.what}`,
    fix: "`shardmill verify` says what else is wrong; running the recipe again writes manifests anew",
  });
}

/** All names, or the one that is asked for. */
function chosenNames(names: readonly string[], name: string | undefined): readonly string[] {
  if (name === undefined) return names;
  if (names.includes(name)) return [name];
  throw new RunError({
    code: "run/no-such-source",
    what: `there are no tokens of a source ${name}`,
    fix: `there are those of ${names.join(", ")}`,
  });
}
