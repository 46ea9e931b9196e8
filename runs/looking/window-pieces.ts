/**
 * What lies in a packed window: the pieces of documents, from the pieces table of its shard.
 *
 * Invariant: windows are numbered through the epochs of a share, as manifests number them. Price: the table of a shard, kept
 * for the last one of every share that is asked for.
 */
import { join } from "node:path";
import { entryAt } from "../../batch/entry.ts";
import { uint32At } from "../../batch/numbers.ts";
import { readPart } from "../../io/local/read-part.ts";
import { PADDING_WORD, type Piece } from "../../kernels/pack/fill.ts";
import { type PackPlan, planFromPieces } from "../../kernels/pack/plan.ts";
import { shardRanges } from "../../kernels/pack/ranges.ts";
import type { SourceManifest } from "../../manifests/schema.ts";
import { shardFile } from "../../manifests/shard-files.ts";
import { companions, decodePieces } from "../../store/token-file.ts";

/** A window of a store, and what lies in it. */
export interface PlacedWindow {
  /** From 0: how often the share has been read before. */
  readonly epoch: number;
  readonly shard: number;
  /** In the shard. */
  readonly window: number;
  /** The shard's `.ds`, from the store's folder. */
  readonly file: string;
}

export class WindowPieces {
  readonly #store: string;
  readonly #share: SourceManifest;
  readonly #windowTokens: number;
  #path = "";
  #plan: PackPlan | undefined;

  constructor(store: string, share: SourceManifest, windowTokens: number) {
    this.#store = store;
    this.#share = share;
    this.#windowTokens = windowTokens;
  }

  /** Where window `window` lies, numbered through the epochs. */
  place(window: number): PlacedWindow {
    const { shard_windows, files } = this.#share;
    const { epoch, shard, start } = entryAt(shardRanges(shard_windows, window, window + 1), 0, "window");
    return { epoch, shard, window: start, file: shardFile(files, shard, epoch).path };
  }

  /** Its pieces in order; padding is of document {@link PADDING_WORD}. */
  pieces({ file, window }: PlacedWindow): readonly Piece[] {
    const plan = this.#planOf(file);
    const pieces: Piece[] = [];
    const end = uint32At(plan.window_pieces, window + 1);
    for (let piece = uint32At(plan.window_pieces, window); piece < end; piece++) {
      const document = (plan.piece_document[piece] ?? -1) >>> 0;
      pieces.push({
        document,
        start: uint32At(plan.piece_start, piece),
        length: uint32At(plan.piece_length, piece),
      });
    }
    return pieces;
  }

  /** Windows of a shard's file that hold tokens of its document `document`, by their numbers in it. */
  holding(file: string, document: number): readonly number[] {
    const { window_pieces, piece_document, windows } = this.#planOf(file);
    const found: number[] = [];
    for (let window = 0; window < windows; window++) {
      const [from, to] = [uint32At(window_pieces, window), uint32At(window_pieces, window + 1)];
      if (piece_document.subarray(from, to).includes(document)) found.push(window);
    }
    return found;
  }

  #planOf(file: string): PackPlan {
    const path = join(this.#store, file) + companions.pieces;
    if (this.#plan === undefined || this.#path !== path) {
      this.#plan = planFromPieces(decodePieces(readPart(path), path), this.#windowTokens);
      this.#path = path;
    }
    return this.#plan;
  }
}

/** Whether a piece is padding. */
export function isPadding({ document }: Piece): boolean {
  return document === PADDING_WORD;
}
