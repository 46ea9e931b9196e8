/**
 * What the quality kernel asks about a character, in one byte.
 *
 * Owns the table that `kernels/wasm/quality.ts` copies into its instances; the bits are those of assembly/quality/text.ts. Invariant: equal
 * to asking kernels/unicode and kernels/quality/marks.ts. Price: 70 KB and a few milliseconds, once a thread.
 */
import { isPythonSpace } from "../lines.ts";
import { SYMBOL_MARKS, TERMINAL_MARKS } from "../quality/marks.ts";
import { WORD_CLASS_RUNS } from "../unicode/tables.gen.ts";
import { isDecimalDigit, isLetter } from "../unicode/tables.ts";
import { decodeRuns } from "../unicode/two-stage.ts";

export interface CharacterProperties {
  /** By `codePoint >> 8`: which row of 256 bytes in `values`. */
  readonly blocks: Uint16Array;
  readonly values: Uint8Array;
}

const ALPHABETIC = 8;
const SYMBOL = 16;
const TERMINAL = 32;
const SPACE = 64;
const DECIMAL_DIGIT = 128;

const BLOCK = 256;
const BLOCKS = 0x110000 / BLOCK;

/** From here on rows of one word class are all letters or hold none, and there is no mark, white space or decimal digit. */
const SIMPLE_FROM = 0x20000 / BLOCK;

/** Builds the table. */
export function characterProperties(): CharacterProperties {
  const classes = decodeRuns(WORD_CLASS_RUNS, (length) => new Uint8Array(length));
  const blocks = new Uint16Array(BLOCKS);
  const rows: Uint8Array[] = [];
  const known = new Map<string | number, number>();
  for (let block = 0; block < BLOCKS; block++) {
    const from = classes.blocks[block];
    let at = block < SIMPLE_FROM ? undefined : known.get(from);
    if (at === undefined) {
      const row = classes.values.slice(from, from + BLOCK);
      for (let low = 0; low < BLOCK; low++) row[low] |= flags(block * BLOCK + low);
      const content = Buffer.from(row.buffer).toString("latin1");
      at = known.get(content) ?? rows.push(row) - 1;
      known.set(content, at);
      if (block >= SIMPLE_FROM) known.set(from, at);
    }
    blocks[block] = at;
  }
  const values = new Uint8Array(rows.length * BLOCK);
  for (const [at, row] of rows.entries()) values.set(row, at * BLOCK);
  return { blocks, values };
}

function flags(codePoint: number): number {
  const isSymbol = SYMBOL_MARKS.has(codePoint);
  return (
    (isLetter(codePoint) && !isSymbol ? ALPHABETIC : 0) |
    (isSymbol ? SYMBOL : 0) |
    (TERMINAL_MARKS.has(codePoint) ? TERMINAL : 0) |
    (isPythonSpace(codePoint) ? SPACE : 0) |
    (isDecimalDigit(codePoint) ? DECIMAL_DIGIT : 0)
  );
}
