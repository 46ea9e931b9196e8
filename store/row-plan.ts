/**
 * The packed rows of a training stage as an index: which tokens of which token store stand in which row. No token is in it.
 *
 * `rows.pieces`: four u32, little-endian, for each piece: token file, first token in it, tokens, and 1 where the piece begins a sequence or 0 where it
 * goes on with the one before. `rows.ends`: the exclusive end of every row in pieces, u64 little-endian. Token files are numbered through the
 * shards of the stage's sources, in the order of the stage.
 * Invariant: pieces lie inside their files; a row has a piece, and its first one begins a sequence. Price: 16 bytes a piece, 8 a row.
 */
import { uint32At } from "../batch/numbers.ts";
import type { RowPieces } from "../kernels/pack/sequences.ts";
import { bytesOf, decodeEnds, encodeEnds } from "./token-file.ts";

export const ROW_PIECE_WORDS = 4;

/** A piece of a row. */
export interface RowPiece {
  readonly file: number;
  readonly first: number;
  readonly tokens: number;
  readonly begins: boolean;
}

export interface RowPlan {
  readonly rows: number;
  readonly pieces: number;
  /** Pieces of row `row`: `[from, to)`. */
  readonly bounds: (row: number) => readonly [from: number, to: number];
  readonly piece: (index: number) => RowPiece;
}

/** The bytes of both files. `file` and `first` are those of whole rows, by row of the mixture. */
export function encodeRowPlan(
  { packed_pieces, row, start, length, begins }: RowPieces,
  file: Uint16Array,
  first: Uint32Array,
): { readonly pieces: Uint8Array; readonly ends: Uint8Array } {
  const words = new Uint32Array(ROW_PIECE_WORDS * row.length);
  let word = 0;
  row.forEach((source, piece) => {
    words[word++] = file[source] ?? 0;
    words[word++] = uint32At(first, source) + uint32At(start, piece);
    words[word++] = uint32At(length, piece);
    words[word++] = begins[piece] ?? 0;
  });
  return { pieces: bytesOf(words), ends: encodeEnds(Float64Array.from(packed_pieces.subarray(1))) };
}

/** Both files, looked at in place. Throws DataError where ends do not ascend. */
export function decodeRowPlan(pieces: Uint8Array, ends: Uint8Array, name: string): RowPlan {
  const aligned = pieces.byteOffset % 4 === 0 ? pieces : pieces.slice();
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / 4));
  const row_ends = decodeEnds(ends, name);
  return {
    rows: row_ends.length,
    pieces: Math.floor(words.length / ROW_PIECE_WORDS),
    bounds: (row) => [row === 0 ? 0 : (row_ends[row - 1] ?? 0), row_ends[row] ?? 0],
    piece: (index) => {
      const at = ROW_PIECE_WORDS * index;
      return {
        file: uint32At(words, at),
        first: uint32At(words, at + 1),
        tokens: uint32At(words, at + 2),
        begins: uint32At(words, at + 3) === 1,
      };
    },
  };
}

/** What keeps a plan from being packed rows of `capacity` tokens at most, cut from files of `fileTokens` tokens; or undefined. */
export function rowPlanProblem(plan: RowPlan, capacity: number, fileTokens: readonly number[]): string | undefined {
  if (plan.rows > 0 && plan.bounds(plan.rows - 1)[1] !== plan.pieces)
    return `its rows end at piece ${plan.bounds(plan.rows - 1)[1]} of ${plan.pieces}`;
  for (let row = 0; row < plan.rows; row++) {
    const [from, to] = plan.bounds(row);
    let tokens = 0;
    for (let index = from; index < to; index++) {
      const piece = plan.piece(index);
      const inFile = fileTokens[piece.file];
      if (inFile === undefined) return `piece ${index} is of token file ${piece.file}, which is not there`;
      if (piece.tokens === 0 || piece.first + piece.tokens > inFile)
        return `piece ${index} is of tokens ${piece.first} to ${piece.first + piece.tokens} of a file of ${inFile}`;
      if (index === from && !piece.begins) return `row ${row} goes on with a sequence of the row before`;
      tokens += piece.tokens;
    }
    if (tokens > capacity) return `row ${row} holds ${tokens} tokens, and may hold ${capacity}`;
  }
  return undefined;
}
