/** Codes of parquet.thrift, as numbers on the wire. */

export const MAGIC: Uint8Array = new TextEncoder().encode("PAR1");
export const CREATED_BY = "shardmill";

export const Physical = { boolean: 0, int32: 1, int64: 2, float: 4, double: 5, byteArray: 6 } as const;
export type Physical = (typeof Physical)[keyof typeof Physical];

export const Repetition = { required: 0, optional: 1, repeated: 2 } as const;
export const Converted = { utf8: 0, list: 3, int8: 15 } as const;
export const Encoding = { plain: 0, rle: 3, rleDictionary: 8 } as const;
export const Compression = { none: 0, gzip: 2, zstd: 6 } as const;
export const PageType = { data: 0, dictionary: 2 } as const;
export const BoundaryOrder = { unordered: 0, ascending: 1, descending: 2 } as const;
