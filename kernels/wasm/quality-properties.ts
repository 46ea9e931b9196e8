/**
 * What the quality kernel asks about a character, in one byte.
 *
 * Owns the table that `kernels/wasm/quality.ts` copies into its instances; the bits are those of assembly/quality-text.ts. Invariant: equal
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

/** Builds the table. */
export function characterProperties(): CharacterProperties {
  const classes = decodeRuns(WORD_CLASS_RUNS, (length) => new Uint8Array(length));
  const blocks = new Uint16Array(BLOCKS);
  const rows = new Map<string, number>();
  const row = new Uint8Array(BLOCK);
  const values: number[] = [];
  for (let block = 0; block < BLOCKS; block++) {
    for (let low = 0; low < BLOCK; low++) {
      const codePoint = block * BLOCK + low;
      row[low] = classes.values[classes.blocks[block] + low] | flags(codePoint);
    }
    const key = Buffer.from(row.buffer).toString("latin1");
    let at = rows.get(key);
    if (at === undefined) {
      at = rows.size;
      rows.set(key, at);
      values.push(...row);
    }
    blocks[block] = at;
  }
  return { blocks, values: Uint8Array.from(values) };
}

/** No mark, white space or decimal digit lies behind. */
const LETTERS_ONLY_FROM = 0x20000;

function flags(codePoint: number): number {
  if (codePoint >= LETTERS_ONLY_FROM) return isLetter(codePoint) ? ALPHABETIC : 0;
  const isSymbol = SYMBOL_MARKS.has(codePoint);
  return (
    (isLetter(codePoint) && !isSymbol ? ALPHABETIC : 0) |
    (isSymbol ? SYMBOL : 0) |
    (TERMINAL_MARKS.has(codePoint) ? TERMINAL : 0) |
    (isPythonSpace(codePoint) ? SPACE : 0) |
    (isDecimalDigit(codePoint) ? DECIMAL_DIGIT : 0)
  );
}
