/**
 * Packed rows that mix sources, for trainers that read packed rows, and the index that tells them.
 *
 * Invariant: a row is what its plan says, padded to the trainer's row length; the segments of one sequence are one piece of the row, so that positions
 * and attention go through it. Price: a read from disk a piece, two where its source has a loss lane; every token file is opened once.
 */
import fs from "node:fs";
import { join } from "node:path";
import { entryAt } from "../batch/entry.ts";
import { readPart } from "../io/local/read-part.ts";
import { PADDING_WORD, type TokenArray } from "../kernels/pack/fill.ts";
import type { ShardRange } from "../kernels/pack/ranges.ts";
import type {
  RowBlock,
  RowReader,
  StoreFile,
  TokenFiles,
  TrainingStageRowPlan,
  TrainingStageRows,
} from "../manifests/exports/views.ts";
import type { RowManifest } from "../manifests/row-schema.ts";
import type { StoredFile } from "../manifests/schema.ts";
import { lossFile } from "../manifests/shard-files.ts";
import { rowFiles } from "../store/layout.ts";
import { decodeRowPlan, type RowPlan } from "../store/row-plan.ts";
import { decodeTokens, type TokenBytes } from "../store/token-file.ts";

/** Tokens in one file of an export, about. */
const FILE_TOKENS = 1 << 26;

/** The index of each stage, as files of the store. */
export function rowPlanStages(manifests: readonly RowManifest[], store: string): TrainingStageRowPlan[] {
  return manifests.map((manifest) => ({
    name: manifest.stage.name,
    sequence_length: manifest.stage.sequence_length,
    rows: manifest.stage.rows,
    pieces: planFile(manifest, rowFiles.pieces, store),
    ends: planFile(manifest, rowFiles.ends, store),
    token_files: tokenFiles(manifest, store),
  }));
}

/** The rows of each stage, `rowTokens` of a sequence length long. `use` gets them; token files are open as long as it runs. */
export function withPackedRows<Result>(
  manifests: readonly RowManifest[],
  store: string,
  rowTokens: (sequenceLength: number) => number,
  use: (stages: readonly TrainingStageRows[]) => Result,
): Result {
  const files = new OpenFiles();
  try {
    return use(manifests.map((manifest) => stageRows(manifest, store, rowTokens, files)));
  } finally {
    files.close();
  }
}

function stageRows(
  manifest: RowManifest,
  store: string,
  rowTokens: (sequenceLength: number) => number,
  open: OpenFiles,
): TrainingStageRows {
  const { name, sequence_length, rows } = manifest.stage;
  const row_tokens = rowTokens(sequence_length);
  const files = tokenFiles(manifest, store);
  const has_loss = files.some(({ loss }) => loss !== undefined);
  let plan: RowPlan | undefined;
  const read = (): RowPlan => {
    plan ??= decodeRowPlan(
      readPart(planFile(manifest, rowFiles.pieces, store).path),
      readPart(planFile(manifest, rowFiles.ends, store).path),
      `the rows of ${name}`,
    );
    return plan;
  };
  const perFile = Math.max(1, Math.floor(FILE_TOKENS / sequence_length));
  const ranges = Array.from({ length: Math.ceil(rows / perFile) }, (_, shard): ShardRange => {
    return { epoch: 0, shard, start: shard * perFile, end: Math.min(rows, (shard + 1) * perFile) };
  });
  const { eos, token_bytes } = manifest.tokenizer;
  return {
    name,
    sequence_length,
    rows,
    sources: [
      {
        source: "rows",
        weight: 1,
        rows,
        row_tokens,
        ranges,
        has_loss,
        open: (): RowReader => {
          const filler = new RowFiller({ plan: read(), files, row_tokens, has_loss, eos: eos.id, token_bytes }, open);
          return { read: (from, to) => filler.rows(from, to) };
        },
      },
    ],
  };
}

interface FillerInput {
  readonly plan: RowPlan;
  readonly files: readonly TokenFiles[];
  readonly row_tokens: number;
  readonly has_loss: boolean;
  readonly eos: number;
  readonly token_bytes: TokenBytes;
}

/** Makes rows of pieces. */
class RowFiller {
  readonly #input: FillerInput;
  readonly #open: OpenFiles;

  constructor(input: FillerInput, open: OpenFiles) {
    this.#input = input;
    this.#open = open;
  }

  rows(from: number, to: number): RowBlock {
    const { plan, row_tokens, has_loss, eos, token_bytes } = this.#input;
    const count = (to - from) * row_tokens;
    const tokens = token_bytes === 2 ? new Uint16Array(count) : new Uint32Array(count);
    const loss = has_loss ? new Uint8Array(count) : undefined;
    const pieces: number[] = [];
    for (let row = from; row < to; row++) {
      const start = (row - from) * row_tokens;
      let at = start;
      const [first, end] = plan.bounds(row);
      for (let index = first; index < end; index++) {
        const piece = plan.piece(index);
        this.#read(piece.file, piece.first, piece.tokens, tokens, loss, at);
        at += piece.tokens;
        if (piece.begins) pieces.push(index, 0, piece.tokens);
        else pieces.push((pieces.pop() as number) + piece.tokens);
      }
      const end_of_row = start + row_tokens;
      tokens.fill(eos, at, end_of_row);
      if (at < end_of_row) pieces.push(PADDING_WORD, 0, end_of_row - at);
    }
    return { tokens, ...(loss && { loss }), pieces: Uint32Array.from(pieces) };
  }

  #read(
    file: number,
    first: number,
    count: number,
    tokens: TokenArray,
    loss: Uint8Array | undefined,
    at: number,
  ): void {
    const { files, token_bytes } = this.#input;
    const stored = entryAt(files, file, "token file");
    const { path } = stored.tokens;
    tokens.set(decodeTokens(this.#open.read(path, first * token_bytes, count * token_bytes), token_bytes, path), at);
    if (loss === undefined) return;
    if (stored.loss === undefined) loss.fill(1, at, at + count);
    else loss.set(this.#open.read(stored.loss.path, first, count), at);
  }
}

/** Files that are read in many places. */
class OpenFiles {
  readonly #descriptors = new Map<string, number>();

  read(path: string, start: number, length: number): Uint8Array {
    const descriptor = this.#descriptors.get(path) ?? fs.openSync(path, "r");
    this.#descriptors.set(path, descriptor);
    return readPart(path, start, length, descriptor);
  }

  close(): void {
    for (const descriptor of this.#descriptors.values()) fs.closeSync(descriptor);
  }
}

function planFile({ files, stage }: RowManifest, name: string, store: string): StoreFile {
  const file = files.find(({ path }) => path.endsWith(`/${name}`));
  if (file === undefined) throw new Error(`${stage.name}: no ${name} in the manifest`);
  return inStore(file, store);
}

function tokenFiles({ token_files, sources }: RowManifest, store: string): TokenFiles[] {
  return token_files.map(({ source, path }) => {
    const { files = [] } = sources[source]?.token_store ?? {};
    const tokens = files.find((file) => file.path === path);
    if (tokens === undefined) throw new Error(`no ${path} in the manifest`);
    const loss = lossFile(files, tokens);
    return { source, tokens: inStore(tokens, store), ...(loss && { loss: inStore(loss, store) }) };
  });
}

function inStore({ path, size_bytes, sha256 }: StoredFile, store: string): StoreFile {
  return { path: join(store, path), size_bytes, sha256 };
}
