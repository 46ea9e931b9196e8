/** What rewrites text before it is cut into words. */
export interface Normalizer {
  /** The most bytes that one byte of text becomes. */
  readonly growth: number;
  /** The normal form of `bytes[start, end)`, undefined where it is those bytes. */
  normalize(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined;
  /** Whether every part of `bytes[start, end)` is its own normal form; absent where that is not told faster than part by part. */
  leaves?(bytes: Uint8Array, start: number, end: number): boolean;
}
