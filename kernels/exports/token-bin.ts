/**
 * The `.bin` of llm.c, modded-nanogpt and NeMo AutoModel: 256 little-endian i32 of header (magic, version, tokens), then ids.
 *
 * Three layouts: GPT-2's with ids of two bytes, llm.c's llama layout with ids of four, and AutoModel's, whose fourth word says which.
 * Documents *start* with the token by which readers find them.
 */

const HEADER_BYTES = 1024;
/** The header counts tokens in an i32. */
export const TOKEN_BIN_MAX_TOKENS = 0x7fff_ffff;

const LAYOUTS = { 2: { magic: 20240520, version: 1 }, 4: { magic: 20240801, version: 7 } } as const;

const AUTOMODEL = { magic: 278895051, version: 1 } as const;

/** Throws a RangeError for more tokens than the header can count. `automodel`: NeMo AutoModel's layout. */
export function tokenBinHeader(tokenBytes: 2 | 4, tokens: number, automodel = false): Uint8Array {
  if (tokens > TOKEN_BIN_MAX_TOKENS) throw new RangeError(`${tokens} tokens in one file`);
  const { magic, version } = automodel ? AUTOMODEL : LAYOUTS[tokenBytes];
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, magic, true);
  view.setInt32(4, version, true);
  view.setInt32(8, tokens, true);
  if (automodel) view.setInt32(12, tokenBytes, true);
  return bytes;
}
