/**
 * Packed rows without their padding, for trainers that take short rows: ids, which of them are trained, the lengths of
 * the pieces, and the Parquet files that such rows are written to.
 *
 * Invariant: the lengths of a row add up to its ids; the first id of a piece is not trained, because nothing before it
 * can predict it.
 * Price: five bytes a token of one block, and four a piece.
 */
import { PADDING_WORD, PIECE_WORDS, piecesOf } from "../../kernels/pack/fill.ts";
import { type ListColumn, type ListField, ParquetListWriter } from "../../kernels/parquet/int-lists.ts";
import { numbered } from "./define.ts";
import type { ExportFolder } from "./folder.ts";
import { type RowBlock, rowBlocks, type SourceRows, signedTokens } from "./views.ts";

export interface UnpaddedRows {
  readonly ids: Int32Array;
  /** One byte an id: 1 where it is trained as a label. */
  readonly trained: Uint8Array;
  /** Exclusive end of each row in `ids`. */
  readonly ends: Int32Array;
  /** Ids of each piece. */
  readonly lengths: Int32Array;
  /** Exclusive end of each row in `lengths`. */
  readonly length_ends: Int32Array;
}

function unpaddedRows({ tokens, loss, pieces }: RowBlock, rowTokens: number): UnpaddedRows {
  const stored = signedTokens(tokens);
  const ids = new Int32Array(stored.length);
  const trained = new Uint8Array(stored.length).fill(1);
  const lengths = new Int32Array(pieces.length / PIECE_WORDS);
  const ends = new Int32Array(tokens.length / rowTokens);
  const length_ends = new Int32Array(ends.length);
  let read = 0;
  let written = 0;
  let kept = 0;
  let row = 0;
  for (const { document, length } of piecesOf(pieces)) {
    if (document !== PADDING_WORD) {
      ids.set(stored.subarray(read, read + length), written);
      if (loss !== undefined) trained.set(loss.subarray(read, read + length), written);
      trained[written] = 0;
      lengths[kept++] = length;
      written += length;
    }
    read += length;
    if (read === (row + 1) * rowTokens) {
      ends[row] = written;
      length_ends[row++] = kept;
    }
  }
  return {
    ids: ids.subarray(0, written),
    trained: trained.subarray(0, written),
    ends,
    lengths: lengths.subarray(0, kept),
    length_ends,
  };
}

/** One Parquet file for every range of a source's rows, its columns made of the rows by `columnsOf`. Returns their paths. */
export function writeUnpadded(
  folder: ExportFolder,
  stage: string,
  source: SourceRows,
  columns: readonly ListField[],
  columnsOf: (rows: UnpaddedRows) => readonly ListColumn[],
): string[] {
  return source.ranges.map((range, i) => {
    const path = `${stage}/${source.source}-${numbered(i)}.parquet`;
    folder.file(path, (file) => {
      const parquet = new ParquetListWriter(columns, (bytes) => file.write(bytes));
      for (const block of rowBlocks(source, range)) parquet.rowGroup(columnsOf(unpaddedRows(block, source.row_tokens)));
      parquet.finish();
    });
    return path;
  });
}
