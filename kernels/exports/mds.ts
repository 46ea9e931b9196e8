/**
 * MosaicML's MDS: how a sample is encoded and what `index.json` says of a shard. Byte for byte as `MDSWriter` (streaming 0.13).
 *
 * A sample is the u32 sizes of its variable columns, in order of column names, then the columns' bytes. Zero-length arrays are refused by
 * the reader, so they are refused here.
 */
import { type PythonJson, pythonJson } from "./python-json.ts";

/** A column of fixed size has `size_bytes`; a variable one has null. */
export interface MdsColumn {
  readonly name: string;
  readonly encoding: string;
  readonly size_bytes: number | null;
}

/** What MDSWriter adds to a shard's size for a sample beside its bytes: the entry in the table of offsets. */
export const MDS_SAMPLE_EXTRA_BYTES = 4;
export const MDS_SIZE_LIMIT_BYTES = 1 << 26;

export interface MdsFormat {
  /** Sorted by name. */
  readonly columns: readonly MdsColumn[];
  /** `hashes` and `size_limit` of the writer: recorded, and part of the bytes. */
  readonly hashes: readonly string[];
  readonly size_limit: number;
}

export interface MdsShardInfo {
  readonly basename: string;
  readonly bytes: number;
  /** Hexadecimal digests by algorithm. */
  readonly hashes: Readonly<Record<string, string>>;
  readonly samples: number;
}

/** The config every shard carries in front of its samples. */
export function mdsConfig(format: MdsFormat): Uint8Array {
  return new TextEncoder().encode(pythonJson(describe(format)));
}

/** Size MDSWriter starts a shard at when it decides whether another sample fits. */
export function mdsShardBase(config: Uint8Array): number {
  return 4 + 4 + config.length;
}

/** The text of `index.json`. */
export function mdsIndex(format: MdsFormat, shards: readonly MdsShardInfo[]): string {
  return pythonJson({
    version: 2,
    shards: shards.map(({ basename, bytes, hashes, samples }) => ({
      ...describe(format),
      raw_data: { basename, bytes, hashes },
      samples,
      zip_data: null,
    })),
  });
}

function describe({ columns, hashes, size_limit }: MdsFormat): Record<string, PythonJson> {
  return {
    column_encodings: columns.map((column) => column.encoding),
    column_names: columns.map((column) => column.name),
    column_sizes: columns.map((column) => column.size_bytes),
    compression: null,
    format: "mds",
    hashes,
    size_limit,
    version: 2,
  };
}

/** Joins encoded columns, in order of their names, to a sample. */
export function encodeMdsSample(columns: readonly MdsColumn[], values: readonly Uint8Array[]): Uint8Array {
  const variable = columns.filter((column) => column.size_bytes === null).length;
  const sample = new Uint8Array(values.reduce((sum, value) => sum + value.length, 4 * variable));
  const view = new DataView(sample.buffer);
  let size = 0;
  let at = 4 * variable;
  values.forEach((value, i) => {
    if (columns[i].size_bytes === null) {
      view.setUint32(size, value.length, true);
      size += 4;
    }
    sample.set(value, at);
    at += value.length;
  });
  return sample;
}

/** `ndarray:int32`, one dimension: a byte for dimension and width of the shape, the shape, the values. */
export function encodeMdsInt32s(values: Int32Array): Uint8Array {
  if (values.length === 0) throw new RangeError("MDS has no empty arrays");
  const power = values.length < 0x100 ? 0 : values.length < 0x1_0000 ? 1 : 2;
  const head = 1 + (1 << power);
  const bytes = new Uint8Array(head + values.byteLength);
  bytes[0] = (1 << 2) | power;
  for (let i = 0; i < 1 << power; i++) bytes[1 + i] = (values.length >>> (8 * i)) & 0xff;
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), head);
  return bytes;
}
