/**
 * The character tables of the WebAssembly sketches and of the fast family, made from the pinned Unicode tables.
 *
 * A table gives every code point one i32 in two stages (assembly/minhash/characters.ts reads the bytes). Invariant: both
 * tables say what kernels/normalize.ts and kernels/words/unicode.ts say of single characters; what needs neighbours (numbers,
 * final sigma, marks that change places) has a kind of its own. Price: about 10 ms and 150 KB a table, once per sketcher.
 */
import {
  CASE_CONTEXT_RUNS,
  MOVABLE_MAPPINGS,
  NORMALIZE_MAPPINGS,
  NORMALIZE_RUNS,
  WORD_CLASS_RUNS,
} from "../unicode/tables.gen.ts";
import { decodeRuns, lookup, type TwoStageTable } from "../unicode/two-stage.ts";

const BLOCK = 256;
const BLOCK_COUNT = 0x1100;
/** The first blocks are never shared, so that characters of two bytes are found without the first stage. */
const LOW_BLOCKS = 0x800 / BLOCK;
/** Bytes of the first stage: a u16 per block. */
const STAGE_BYTES = 2 * BLOCK_COUNT;

// Actions of the normalizer, in the order of unicode/generate.py.
const ACTION = {
  copy: 0,
  space: 1,
  digit: 2,
  drop: 3,
  drop_starter: 4,
  hangul: 5,
  sigma: 6,
  first_movable: 8,
} as const;
const FIRST_MAPPING = 32;
/** Word classes, in the order of unicode/generate.py. */
const CLASS = { other: 0, letter: 1, number: 2, mark: 3, format: 4, apostrophe: 5, alone: 6 } as const;

/** What the datatrove scan does with a character: a word class, or one of these. */
const KIND = { drop: 7, drop_starter: 8, digit: 9, hangul: 10, sigma: 11, sequence: 12, movable_mark: 13 } as const;
const KIND_BITS = 4;
/** Characters of the longest mapping, one more to end it. */
const SEQUENCE_ITEMS = 4;

/** Kinds of the fast family: between words, left out, in a word, a word by itself. */
export const FAST_KIND = { separator: 0, drop: 1, letter: 2, alone: 3 } as const;
export const FAST_KIND_BITS = 2;

interface Sources {
  readonly actions: TwoStageTable<Uint16Array>;
  readonly classes: TwoStageTable<Uint8Array>;
  /** Code points of every mapping, those that end in movable marks first. */
  readonly mappings: readonly (readonly number[])[];
}

function decodeSources(): Sources {
  const mappings = Buffer.from(NORMALIZE_MAPPINGS, "base64").toString().split("\0");
  return {
    actions: decodeRuns(NORMALIZE_RUNS, (length) => new Uint16Array(length)),
    classes: decodeRuns(WORD_CLASS_RUNS, (length) => new Uint8Array(length)),
    mappings: mappings.map((text) => Array.from(text, (character) => character.codePointAt(0)!)),
  };
}

/** A two-stage table of i32, as bytes. Blocks that have one `blockKey` share the values of the first of them. */
function buildTable(blockKey: (block: number) => number, valueFor: (codePoint: number) => number): Uint8Array {
  const stage = new Uint16Array(BLOCK_COUNT);
  const numbers = new Map<number, number>();
  const firsts: number[] = [];
  for (let block = 0; block < BLOCK_COUNT; block++) {
    const key = block < LOW_BLOCKS ? -1 - block : blockKey(block);
    const number = numbers.get(key) ?? firsts.push(block) - 1;
    numbers.set(key, number);
    stage[block] = number;
  }
  const bytes = new Uint8Array(STAGE_BYTES + 4 * BLOCK * firsts.length);
  bytes.set(new Uint8Array(stage.buffer));
  const values = new Int32Array(bytes.buffer, STAGE_BYTES);
  firsts.forEach((block, number) => {
    for (let i = 0; i < BLOCK; i++) values[number * BLOCK + i] = valueFor(block * BLOCK + i);
  });
  return bytes;
}

/** One number for two blocks of values. */
function blockKeyOf({ blocks: a }: TwoStageTable<Uint16Array>, { blocks: b }: TwoStageTable<Uint8Array>) {
  return (block: number): number => a[block] * 0x110000 + b[block];
}

/** The tables of the scan that normalizes as datatrove does. */
export interface TextTables {
  /** Of a character: kind, and above KIND_BITS what to add to its code point, or its sequence, or its rank as a mark. */
  readonly characters: Uint8Array;
  /** For each sequence SEQUENCE_ITEMS times `code point << KIND_BITS | kind`, 0 after the last. */
  readonly sequences: Uint8Array;
  /** 1: cased, 2: case-ignorable. */
  readonly cases: Uint8Array;
}

export function textTables(): TextTables {
  const { actions, classes, mappings } = decodeSources();
  const contexts = decodeRuns(CASE_CONTEXT_RUNS, (length) => new Uint8Array(length));
  const sequences: number[] = [];
  const addSequence = (codePoints: readonly number[]): number => {
    const number = sequences.length / SEQUENCE_ITEMS;
    for (const codePoint of codePoints) {
      const kind = isMovable(lookup(actions, codePoint)) ? KIND.movable_mark : lookup(classes, codePoint);
      sequences.push((codePoint << KIND_BITS) | kind);
    }
    while (sequences.length % SEQUENCE_ITEMS !== 0) sequences.push(0);
    return number;
  };
  const valueFor = (codePoint: number): number => {
    const action = lookup(actions, codePoint);
    if (action >= FIRST_MAPPING) {
      const mapping = mappings[action - FIRST_MAPPING];
      if (mapping.length === 1 && action - FIRST_MAPPING >= MOVABLE_MAPPINGS) {
        return ((mapping[0] - codePoint) << KIND_BITS) | lookup(classes, mapping[0]);
      }
      return (addSequence(mapping) << KIND_BITS) | KIND.sequence;
    }
    if (isMovable(action)) return (action << KIND_BITS) | KIND.movable_mark;
    switch (action) {
      case ACTION.copy:
        return lookup(classes, codePoint);
      case ACTION.space:
        return CLASS.other;
      case ACTION.digit:
        return KIND.digit;
      case ACTION.drop:
        return KIND.drop;
      case ACTION.drop_starter:
        return KIND.drop_starter;
      case ACTION.hangul:
        return KIND.hangul;
      case ACTION.sigma:
        return KIND.sigma;
      default:
        throw new Error(`the normalizer knows no action ${action}`);
    }
  };
  const characters = buildTable(blockKeyOf(actions, classes), valueFor);
  return {
    characters,
    sequences: new Uint8Array(Int32Array.from(sequences).buffer),
    cases: buildTable(
      (block) => contexts.blocks[block],
      (codePoint) => lookup(contexts, codePoint),
    ),
  };
}

function isMovable(action: number): boolean {
  return action >= ACTION.first_movable && action < FIRST_MAPPING;
}

/**
 * The table of the fast family: FAST_KIND, and above FAST_KIND_BITS what to add to the code point to fold it.
 *
 * A letter folds to what the normalizer makes of it where that is one character, else to itself: lower case, no
 * diacritics, both small sigmas as one, every decimal digit as 0. Nonspacing marks and invisible format characters are left
 * out, other marks are as letters. The rest, malformed bytes among it, is between words.
 */
export function fastTable(): Uint8Array {
  const { actions, classes, mappings } = decodeSources();
  const fold = (codePoint: number): number => {
    const action = lookup(actions, codePoint);
    if (action === ACTION.digit) return 0x30;
    if (action === ACTION.sigma || codePoint === 0x3c2) return 0x3c3;
    if (action < FIRST_MAPPING) return codePoint;
    const mapping = mappings[action - FIRST_MAPPING];
    return mapping.length === 1 ? mapping[0] : codePoint;
  };
  const valueFor = (codePoint: number): number => {
    const action = lookup(actions, codePoint);
    if (action === ACTION.space) return FAST_KIND.separator;
    if (action === ACTION.drop || action === ACTION.drop_starter) return FAST_KIND.drop;
    const folded = fold(codePoint);
    switch (lookup(classes, folded)) {
      case CLASS.letter:
      case CLASS.number:
      case CLASS.mark:
        return ((folded - codePoint) << FAST_KIND_BITS) | FAST_KIND.letter;
      case CLASS.alone:
        return ((folded - codePoint) << FAST_KIND_BITS) | FAST_KIND.alone;
      case CLASS.format:
        return FAST_KIND.drop;
      default:
        return FAST_KIND.separator;
    }
  };
  return buildTable(blockKeyOf(actions, classes), valueFor);
}

/** The two stages of a table: block number by `code point >> 8`, and values by `block * 256 + (code point & 255)`. */
export function tableViews(table: Uint8Array): { readonly stage: Uint16Array; readonly values: Int32Array } {
  return {
    stage: new Uint16Array(table.buffer, 0, BLOCK_COUNT),
    values: new Int32Array(table.buffer, STAGE_BYTES),
  };
}
