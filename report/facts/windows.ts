/**
 * The first windows of each source as they are, piece by piece: what was cut, and whether it had to be.
 *
 * Price: the first pieces of a shard, and eight bytes of its index for each of their documents.
 */
import fs from "node:fs";
import { join } from "node:path";
import { readPart } from "../../io/local/read-part.ts";
import { PADDING_WORD, PIECE_WORDS, piecesOf } from "../../kernels/pack/fill.ts";
import type { TrainingStageManifest } from "../../manifests/schema.ts";
import { shardFile } from "../../manifests/shard-files.ts";
import { companions, decodePieces } from "../../store/token-file.ts";
import type { WindowStrip } from "./types.ts";

/** Windows that are shown. */
export const STRIP_WINDOWS = 8;
/** Pieces that are looked at: windows of very many documents show fewer. */
const MOST_PIECES = 4096;

/** Of the first training stage: windows of later ones look alike. */
export function stripsOf(manifests: readonly TrainingStageManifest[], store: string): readonly WindowStrip[] {
  const [manifest] = manifests;
  if (manifest === undefined) return [];
  const { name, window_tokens } = manifest.stage;
  return Object.entries(manifest.sources).flatMap(([source, share]): WindowStrip[] => {
    if (share.shard_windows.length === 0) return [];
    const path = join(store, shardFile(share.files, 0).path) + companions.pieces;
    const index = join(store, shardFile(share.token_store.files, 0).path) + companions.index;
    const size = Math.min(fs.statSync(path).size, MOST_PIECES * PIECE_WORDS * 4);
    const words = decodePieces(readPart(path, 0, size), path);
    return [
      { source, stage: name, window_tokens, pieces: firstPieces(words, window_tokens, (at) => lengthAt(index, at)) },
    ];
  });
}

function lengthAt(index: string, document: number): number {
  const first = Math.max(0, document - 1);
  const ends = new BigUint64Array(readPart(index, first * 8, (document - first + 1) * 8).slice().buffer);
  const [one = 0n, other] = ends;
  return Number(other === undefined ? one : other - one);
}

function firstPieces(
  words: Uint32Array,
  windowTokens: number,
  lengthOf: (document: number) => number,
): WindowStrip["pieces"] {
  const pieces: WindowStrip["pieces"][number][] = [];
  let at = 0;
  for (const { document, length } of piecesOf(words)) {
    const window = Math.floor(at / windowTokens);
    if (window >= STRIP_WINDOWS) break;
    const from = at % windowTokens;
    const kind = document === PADDING_WORD ? "padding" : kindOf(length, lengthOf(document), windowTokens);
    pieces.push({ window, from, to: from + length, kind });
    at += length;
  }
  return pieces;
}

function kindOf(length: number, whole: number, windowTokens: number): "whole" | "long" | "cut" {
  if (length === whole) return "whole";
  return whole > windowTokens ? "long" : "cut";
}
