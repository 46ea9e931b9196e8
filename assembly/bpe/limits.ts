/** Sizes that more than one part of the encoder counts on. */

/** Text encoded in one call, all pieces together: also the longest word. */
export const TEXT_BYTES: i32 = 1 << 17;
/** Pieces of text in one call. */
export const PIECES: i32 = 1 << 12;
/** Loads run past a text, and stores past its ids, by less. */
export const PADDING: i32 = 64;
