/**
 * What repair knows of single characters: their class, what they may ask for, and the automaton that tells text that
 * looks like mojibake.
 *
 * Owns the tables that `generate.py` takes from ftfy 6.3.1. The automaton is its heuristic: {@link BAD} is reached
 * where that would find something. Invariant: no text of ASCII alone is bad. Price: 60 KB, and some milliseconds when
 * they are first asked for.
 */
import { decodeRuns, lookup, type TwoStageTable } from "../unicode/two-stage.ts";
import { ASCII_STATES, CLASS_COUNT, CLASS_REASONS, CLASS_RUNS, STATE_CELLS, STATE_COUNT } from "./tables.gen.ts";

/** What a character may ask for. The order is that of `generate.py`. */
export const CONTROL = 1;
export const ESCAPE = 2;
export const LIGATURE = 4;
export const WIDTH = 8;
export const QUOTE = 16;
export const LINE_BREAK = 32;
/** What normalisation may change, move or join, by form. */
export const FORM_REASONS = { NFC: 64, NFD: 128, NFKC: 256, NFKD: 512 } as const;
export const AMPERSAND = 1024;
export const C1 = 2048;

export type NormalForm = keyof typeof FORM_REASONS;

/**
 * States: where a text begins, inside of it with nothing pending, and the one that says that it looks like mojibake.
 */
export const BEGIN = 0;
export const INSIDE = 1;
export const BAD = STATE_COUNT;

export interface RepairTables {
  readonly classes: TwoStageTable<Uint8Array>;
  /** Next state, by `state * CLASS_COUNT + class`. */
  readonly cells: Uint8Array;
  /** 1 for states in which nothing is pending but the last two characters, which are ASCII. */
  readonly isAsciiState: Uint8Array;
}

let tables: RepairTables | undefined;

export function repairTables(): RepairTables {
  if (tables === undefined) {
    const isAsciiState = new Uint8Array(256);
    for (const state of ASCII_STATES) isAsciiState[state] = 1;
    const classes = decodeRuns(CLASS_RUNS, (length) => new Uint8Array(length));
    tables = { classes, cells: Uint8Array.from(Buffer.from(STATE_CELLS, "base64")), isAsciiState };
  }
  return tables;
}

/** By class: 1 where its characters ask for one of `reasons`, a sum of the bits above. */
export function classesThatAskFor(reasons: number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, each) => Number(((CLASS_REASONS[each] ?? 0) & reasons) !== 0));
}

/** Whether a text looks as if it, or a part of it, were mojibake. */
export function isBad(text: string): boolean {
  const { classes, cells } = repairTables();
  let state = BEGIN;
  for (let i = 0; i < text.length; i++) {
    let codePoint = text.charCodeAt(i);
    if ((codePoint & 0xfc00) === 0xd800) codePoint = text.codePointAt(i++) ?? codePoint;
    state = cells[state * CLASS_COUNT + lookup(classes, codePoint)];
    if (state === BAD) return true;
  }
  return false;
}
