/**
 * litData's `index.json` for chunks of token ids, and how many rows a chunk takes. The chunks are kernels/exports/offset-shard.ts.
 *
 * `TokensLoader` skips a chunk's table of offsets and cuts the ids after it into blocks, dropping a tail; chunks here hold whole rows.
 */
import { type PythonJson, pythonJson } from "./python-json.ts";

export interface LitdataChunk {
  readonly filename: string;
  readonly chunk_bytes: number;
  /** Items. */
  readonly chunk_size: number;
  /** Tokens. */
  readonly dim: number;
}

/** litData's codes of torch types; uint32 has none, so ids of four bytes are int32. */
const DTYPE_CODES = { 2: 20, 4: 16 } as const;
const DATA_SPEC = '[1, {"type": null, "context": null, "children_spec": []}]';

/** As `BinaryWriter`: a chunk is closed before the item that would take its items above `chunk_bytes`. */
export function litdataRowsPerChunk(rowBytes: number, chunkBytes: number): number {
  return Math.max(1, Math.floor(chunkBytes / rowBytes));
}

/** `version` stands where litData has a time: readers only use it to tell a changed data set from a cached one. */
export function litdataIndex(
  chunks: readonly LitdataChunk[],
  tokenBytes: 2 | 4,
  chunkBytes: number,
  version: string,
): string {
  const config: PythonJson = {
    chunk_bytes: chunkBytes,
    chunk_size: null,
    compression: null,
    data_format: [`no_header_tensor:${DTYPE_CODES[tokenBytes]}`],
    data_spec: DATA_SPEC,
    encryption: null,
    item_loader: "TokensLoader",
  };
  return pythonJson({ chunks: chunks.map((chunk) => ({ ...chunk })), config, updated_at: version });
}
