/**
 * Two-stage tables: one small number per code point, in a few tens of KB.
 *
 * Owns the run-length decoding of generated tables and the lookup. Invariant: blocks of 256 code points that hold a single value share
 * one block. Price: decoding costs one to five milliseconds a table, once; a lookup is two loads.
 */

const BLOCK = 256;
const BLOCKS = 0x110000 / BLOCK;

export interface TwoStageTable<Values extends Uint8Array | Uint16Array> {
  /** Offset of a code point's block in `values`, by `codePoint >> 8`. */
  readonly blocks: Uint32Array;
  readonly values: Values;
}

/** Numbers below 2^28 from base64 of varints, least significant seven bits first. */
function decodeVarints(base64: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const byte of Buffer.from(base64, "base64")) {
    value |= (byte & 0x7f) << shift;
    shift += 7;
    if (byte < 0x80) {
      numbers.push(value);
      value = 0;
      shift = 0;
    }
  }
  return numbers;
}

/** Decodes (length, value) runs that cover U+0000 to U+10FFFF. */
export function decodeRuns<Values extends Uint8Array | Uint16Array>(
  base64: string,
  allocate: (length: number) => Values,
): TwoStageTable<Values> {
  const runs = decodeVarints(base64);
  const blocks = new Uint32Array(BLOCKS);
  const uniform = new Map<number, number>();
  const parts: { readonly at: number; readonly from: number; readonly to: number; readonly value: number }[] = [];
  let used = 0;
  let codePoint = 0;
  let mixed = -1;
  for (let i = 0; i < runs.length; i += 2) {
    const end = codePoint + runs[i];
    const value = runs[i + 1];
    while (codePoint < end) {
      const block = codePoint >> 8;
      const blockStart = block * BLOCK;
      const stop = Math.min(end, blockStart + BLOCK);
      if (codePoint === blockStart && stop === blockStart + BLOCK) {
        let at = uniform.get(value);
        if (at === undefined) {
          at = used;
          used += BLOCK;
          uniform.set(value, at);
          parts.push({ at, from: 0, to: BLOCK, value });
        }
        blocks[block] = at;
      } else {
        if (mixed !== block) {
          mixed = block;
          blocks[block] = used;
          used += BLOCK;
        }
        parts.push({ at: blocks[block], from: codePoint - blockStart, to: stop - blockStart, value });
      }
      codePoint = stop;
    }
  }
  const values = allocate(used);
  for (const part of parts) values.fill(part.value, part.at + part.from, part.at + part.to);
  return { blocks, values };
}

/** The value of a code point, 0 to 0x10FFFF. */
export function lookup(table: TwoStageTable<Uint8Array | Uint16Array>, codePoint: number): number {
  return table.values[table.blocks[codePoint >> 8] + (codePoint & 0xff)];
}
