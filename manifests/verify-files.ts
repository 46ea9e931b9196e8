/**
 * Checks of stored bytes: hashes, and everything a trainer relies on inside token files.
 *
 * Invariant checked: documents begin with BOS where there is one, end with EOS where it is appended and hold neither inside unless special
 * tokens are parsed, ids are below the vocabulary and as often there as is said, windows are whole, and positions come
 * out the same from EOS ids, unless those are parsed or not appended, and from the index. Price: files are read once, token files in pieces
 * of a few MiB; the index and the pieces table of one shard are held in memory.
 */

import { createHash } from "node:crypto";
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { entryAt } from "../batch/entry.ts";
import { ShardmillError } from "../batch/errors.ts";
import { exactly } from "../batch/plural.ts";
import { indexEntries, PADDING_WORD, piecesOf, type TokenArray } from "../kernels/pack/fill.ts";
import { type PackPlan, planFromPieces, planProblem } from "../kernels/pack/plan.ts";
import { positionsFromEos, positionsFromIndex } from "../kernels/pack/positions.ts";
import type { DocumentSelection, SelectedDocuments } from "../kernels/pack/select.ts";
import { selectInShard } from "../store/shard-scores.ts";
import {
  companions,
  decodeEnds,
  decodePieces,
  decodeTokens,
  encodeCounts,
  encodeEnds,
  lossProblem,
  type TokenFormat,
} from "../store/token-file.ts";
import type { StoredFile } from "./schema.ts";

const CHUNK_BYTES = 4 * 1024 * 1024;
/** Stands for a document that a selection does not have. */
const NOBODY = -2;

/** Why a file is not what the manifest says, or undefined. */
export async function fileProblem(store: string, file: StoredFile): Promise<string | undefined> {
  const path = join(store, file.path);
  try {
    const { size } = await stat(path);
    if (size !== file.size_bytes) return `has ${exactly(size, "byte")} instead of ${file.size_bytes}`;
    const hash = createHash("sha256");
    await readChunks(path, CHUNK_BYTES, (chunk) => void hash.update(chunk));
    return hash.digest("hex") === file.sha256 ? undefined : "has other content than its sha256 says";
  } catch (error) {
    return `cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
  }
}

/** What the documents of a shard hold, counted again. */
export interface ShardCounts {
  readonly counts: Uint32Array;
  readonly documents_with_eos_inside: number;
  readonly documents_with_bos_inside: number;
}

/**
 * What breaks the contract in a shard of a token store, or undefined. `path` is that of its `.ds`. `report` is told of
 * what a whole shard holds.
 */
export async function tokenShardProblem(
  store: string,
  path: string,
  format: TokenFormat,
  report: (found: ShardCounts) => void = () => {},
): Promise<string | undefined> {
  return asProblem(async () => {
    const ends = decodeEnds(await readFile(join(store, path + companions.index)), path + companions.index);
    const { vocab_size, eos, appends_eos, bos = -1, parses_special = false } = format;
    const counts = new Uint32Array(vocab_size);
    const inside = { eos: 0, bos: 0 };
    let [eosInside, bosInside] = [0, 0];
    let at = 0;
    let start = 0;
    let document = 0;
    let problem: string | undefined;
    await readTokens(store, path, format, CHUNK_BYTES, (ids) => {
      // By index: an iterator takes four times as long a token.
      for (let i = 0; i < ids.length && problem === undefined; i++, at++) {
        const id = ids[i] ?? 0;
        if (id >= vocab_size) {
          problem = `token ${at} is ${id}, and the vocabulary has ${vocab_size}`;
          return;
        }
        counts[id] = (counts[id] ?? 0) + 1;
        const isLast = ends[document] === at + 1;
        if (bos !== -1 && (at === start) !== (id === bos)) {
          if (at === start) problem = `document ${document} does not begin with BOS`;
          else if (parses_special) bosInside = 1;
          else problem = `token ${at} is BOS inside document ${document}`;
        }
        if (isLast !== (id === eos) && (appends_eos || !isLast)) {
          if (isLast) problem = `document ${document} does not end with EOS`;
          else if (parses_special) eosInside = 1;
          else problem = `token ${at} is EOS inside document ${document}`;
        }
        if (!isLast) continue;
        inside.eos += eosInside;
        inside.bos += bosInside;
        [eosInside, bosInside] = [0, 0];
        start = at + 1;
        document++;
      }
    });
    if (problem !== undefined) return problem;
    if (document !== ends.length || at !== (ends.at(-1) ?? 0))
      return `has ${exactly(at, "token")}, and its index ends elsewhere`;
    report({ counts, documents_with_eos_inside: inside.eos, documents_with_bos_inside: inside.bos });
    return undefined;
  });
}

/** Why the `.ds.counts` of a shard is not what was counted, or undefined. */
export async function countsProblem(store: string, path: string, { counts }: ShardCounts): Promise<string | undefined> {
  return asProblem(async () => {
    const said = await readFile(join(store, path + companions.counts));
    return said.equals(encodeCounts(counts)) ? undefined : "counts other tokens than its shard holds";
  });
}

/**
 * What breaks the contract in a loss lane, or undefined. `path` is that of its `.ds`; `pieces` says that this lies in
 * windows, with padding.
 */
export async function lossLaneProblem(
  store: string,
  path: string,
  tokenBytes: number,
  pieces: boolean,
): Promise<string | undefined> {
  return asProblem(async () => {
    const loss = await readFile(join(store, path + companions.loss));
    const problem = lossProblem(loss, (await stat(join(store, path))).size / tokenBytes);
    if (problem !== undefined) return problem;
    if (!pieces) return undefined;
    const words = decodePieces(await readFile(join(store, path + companions.pieces)), path + companions.pieces);
    let at = 0;
    for (const { document, length } of piecesOf(words)) {
      const end = at + length;
      if (document === PADDING_WORD && loss.subarray(at, end).includes(1))
        return `padding at token ${at} is said to be trained`;
      at = end;
    }
    return undefined;
  });
}

/** A selection of documents and the token store shard it is of. */
export interface ShardSelection {
  readonly selection: DocumentSelection;
  readonly shard: number;
  /** Its token file. */
  readonly stored: string;
}

/**
 * What breaks the contract in a shard of a packed store, or undefined. Windows of a selection must hold its documents
 * and no others; without one, all that the pieces table speaks of.
 */
export async function windowShardProblem(
  store: string,
  path: string,
  windows: number,
  windowTokens: number,
  format: TokenFormat,
  from?: ShardSelection,
): Promise<string | undefined> {
  return asProblem(async () => {
    const { size } = await stat(join(store, path));
    const windowBytes = windowTokens * format.token_bytes;
    if (size !== windows * windowBytes)
      return `has ${exactly(size, "byte")}, which is not ${exactly(windows, "window")} of ${exactly(windowBytes, "byte")}`;
    const indexBytes = await readFile(join(store, path + companions.index));
    const words = decodePieces(await readFile(join(store, path + companions.pieces)), path + companions.pieces);
    const selected = from && (await selectedOf(store, from));
    const layout = layoutOf(words, windowTokens, selected);
    if (typeof layout === "string") return layout;
    if (layout.plan.windows !== windows)
      return `its pieces table is of ${exactly(layout.plan.windows, "window")}, not ${windows}`;
    const broken = planProblem(layout.plan, layout.documentEnds, windowTokens);
    if (broken !== undefined) return `its pieces table does not add up: ${broken}`;
    if (!expectedIndex(layout, windowTokens).equals(indexBytes)) return "its index and its pieces table disagree";

    const ends = decodeEnds(indexBytes, path + companions.index);
    const checker = new WindowChecker(layout, ends, windowTokens, format);
    const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / windowBytes)) * windowBytes;
    await readTokens(store, path, format, perChunk, (ids) => checker.take(ids));
    return checker.problem;
  });
}

async function selectedOf(store: string, { selection, shard, stored }: ShardSelection): Promise<SelectedDocuments> {
  const index = stored + companions.index;
  const ends = decodeEnds(await readFile(join(store, index)), index);
  return selectInShard(ends, selection, { shard, path: join(store, stored) });
}

interface ShardLayout {
  readonly plan: PackPlan;
  readonly documentEnds: Float64Array;
}

/**
 * The plan a pieces table stands for, and the document lengths it implies; of a selection, its own, by position in it.
 */
function layoutOf(words: Uint32Array, windowTokens: number, selected?: SelectedDocuments): ShardLayout | string {
  const inShard = planOf(words, windowTokens);
  if (typeof inShard === "string") return inShard;
  const positions = selected && new Map([...selected.documents].map((document, position) => [document, position]));
  const piece_document = inShard.piece_document.map((named) =>
    named < 0 || positions === undefined ? named : (positions.get(named) ?? NOBODY),
  );
  const pieces = piece_document.length;
  const wrong = piece_document.findIndex((document) => document >= pieces || document < -1);
  if (wrong >= 0) return `its pieces table names document ${inShard.piece_document[wrong]}`;
  const plan = { ...inShard, piece_document };
  return { plan, documentEnds: selected?.ends ?? impliedEnds(plan) };
}

function planOf(words: Uint32Array, windowTokens: number): PackPlan | string {
  try {
    return planFromPieces(words, windowTokens);
  } catch (error) {
    if (error instanceof RangeError) return `its pieces table does not add up: ${error.message}`;
    throw error;
  }
}

/** Document ends as if every document ended with the last of its pieces. */
function impliedEnds({ piece_document, piece_start, piece_length }: PackPlan): Float64Array {
  const lengths = new Float64Array(piece_document.length);
  let documents = 0;
  piece_document.forEach((document, piece) => {
    if (document < 0) return;
    documents = Math.max(documents, document + 1);
    const end = entryAt(piece_start, piece, "piece") + entryAt(piece_length, piece, "piece");
    lengths[document] = Math.max(lengths[document] ?? 0, end);
  });
  let tokens = 0;
  return lengths.subarray(0, documents).map((length) => {
    tokens += length;
    return tokens;
  });
}

function expectedIndex({ plan }: ShardLayout, windowTokens: number): Buffer {
  const ends = new Float64Array(indexEntries(plan, 0, plan.windows));
  let entry = 0;
  let at = 0;
  for (const [piece, length] of plan.piece_length.entries()) {
    if (entryAt(plan.piece_document, piece, "piece") < 0)
      for (let pad = 1; pad < length; pad++) ends[entry++] = at + pad;
    at += length;
    ends[entry++] = at;
  }
  if (at !== plan.windows * windowTokens) throw new Error("a plan that passed its check has windows of another length");
  return Buffer.from(encodeEnds(ends));
}

/** Walks the windows of a shard in order, chunk by chunk. */
class WindowChecker {
  problem: string | undefined;
  #window = 0;
  readonly #layout: ShardLayout;
  readonly #ends: Float64Array;
  readonly #format: TokenFormat;
  readonly #byEos: Int32Array;
  readonly #byIndex: Int32Array;

  constructor(layout: ShardLayout, ends: Float64Array, windowTokens: number, format: TokenFormat) {
    this.#layout = layout;
    this.#ends = ends;
    this.#format = format;
    this.#byEos = new Int32Array(windowTokens);
    this.#byIndex = new Int32Array(windowTokens);
  }

  take(ids: TokenArray): void {
    const windowTokens = this.#byEos.length;
    for (let at = 0; at < ids.length && this.problem === undefined; at += windowTokens, this.#window++) {
      this.problem = this.#windowProblem(ids.subarray(at, at + windowTokens));
    }
  }

  #windowProblem(ids: TokenArray): string | undefined {
    const { plan, documentEnds } = this.#layout;
    const { eos, appends_eos, vocab_size, bos = -1, parses_special = false } = this.#format;
    let parsed = false;
    const window = this.#window;
    let at = 0;
    const firstPiece = entryAt(plan.window_pieces, window, "window");
    const endPiece = entryAt(plan.window_pieces, window + 1, "window");
    for (let piece = firstPiece; piece < endPiece; piece++) {
      const document = entryAt(plan.piece_document, piece, "piece");
      const length = entryAt(plan.piece_length, piece, "piece");
      const documentStart = document <= 0 ? 0 : entryAt(documentEnds, document - 1, "document");
      const documentLength = document < 0 ? 0 : entryAt(documentEnds, document, "document") - documentStart;
      const last = entryAt(plan.piece_start, piece, "piece") + length === documentLength ? at + length - 1 : -1;
      const first = document >= 0 && entryAt(plan.piece_start, piece, "piece") === 0 ? at : -1;
      for (const end = at + length; at < end; at++) {
        const id = ids[at] ?? 0;
        const isEos = id === eos;
        if (id >= vocab_size) return `token ${at} of window ${window} is ${id}, and the vocabulary has ${vocab_size}`;
        if (document < 0 && !isEos) return `token ${at} of window ${window} is padding and not EOS`;
        if (document >= 0 && bos !== -1 && (id === bos) !== (at === first)) {
          if (at === first) return `document ${document} begins in window ${window} without BOS`;
          if (!parses_special) return `token ${at} of window ${window} is BOS inside document ${document}`;
        }
        if (document < 0 || (!appends_eos && at === last)) continue;
        if (isEos && at !== last && parses_special) parsed = true;
        else if (isEos !== (at === last)) {
          return isEos
            ? `token ${at} of window ${window} is EOS inside document ${document}`
            : `document ${document} ends in window ${window} without EOS`;
        }
      }
    }
    // A trainer that goes by EOS sees documents end there, which exports warn of, and none where EOS is not appended: those are refused.
    if (parsed || !appends_eos) return undefined;
    positionsFromEos(ids, eos, this.#byEos);
    positionsFromIndex(this.#ends, window, this.#byIndex);
    for (let i = 0; i < this.#byEos.length; i++) {
      if (this.#byEos[i] !== this.#byIndex[i])
        return `positions of window ${window} differ between EOS ids and index at token ${i}`;
    }
    return undefined;
  }
}

async function readTokens(
  store: string,
  path: string,
  format: TokenFormat,
  chunkBytes: number,
  visit: (ids: TokenArray) => void,
): Promise<void> {
  await readChunks(join(store, path), chunkBytes, (chunk) => visit(decodeTokens(chunk, format.token_bytes, path)));
}

/** Visits a file in pieces of exactly `chunkBytes`, the last one shorter. A piece is only valid during its visit. */
async function readChunks(path: string, chunkBytes: number, visit: (chunk: Uint8Array) => void): Promise<void> {
  const file = await open(path, "r");
  try {
    const buffer = new Uint8Array(chunkBytes);
    for (;;) {
      let filled = 0;
      while (filled < chunkBytes) {
        const { bytesRead } = await file.read(buffer, filled, chunkBytes - filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      if (filled > 0) visit(buffer.subarray(0, filled));
      if (filled < chunkBytes) return;
    }
  } finally {
    await file.close();
  }
}

/** A file that is not there or not decodable is a finding, not a reason to stop. */
async function asProblem(check: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof ShardmillError) return error.details.what;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return `cannot be read: ${code}`;
  }
}
