/** What compresses outputs: whole blocks in, whole blocks out. */

export const OUTPUT_CODECS = ["zstd", "gzip", "none"] as const;
export type OutputCodec = (typeof OUTPUT_CODECS)[number];

/** Both calls return memory of their own. */
export interface BlockEncoder {
  readonly codec: OutputCodec;
  /** A block whose length and checksum are kept elsewhere. */
  block(bytes: Uint8Array): Uint8Array;
  /** A block that stands alone, with a checksum of its content. Frames back to back are a file. */
  frame(bytes: Uint8Array): Uint8Array;
}
