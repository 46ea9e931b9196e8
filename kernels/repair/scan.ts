/**
 * Finds where a text may need repair, so that all other text passes as it is.
 *
 * Owns the rule what may need it: a character that an option asks about, something shaped like an entity, a run of
 * characters that looks like mojibake, bytes that are no UTF-8. Invariant: a line without a finding comes out of the
 * repair as it went in; one with a finding may. Price: a nanosecond a byte of ASCII, 5 a character of others; the
 * WebAssembly twin (assembly/repair) a tenth of that for ASCII.
 */
import { CODE_POINT_MASK, decodeAt, LENGTH_SHIFT } from "../unicode/utf8.ts";
import { BAD, BEGIN, INSIDE, repairTables } from "./classes.ts";
import { CLASS_COUNT } from "./tables.gen.ts";

/** Looks through texts, each of them lines that are judged apart. */
export interface RepairScanner {
  /** Makes `bytes[start, end)` the text, which begins a line. */
  readonly open: (bytes: Uint8Array, start: number, end: number) => void;
  /**
   * Position of the first byte from `from` on, the start of a line, at which repair may be needed; the end of the text
   * where there is none. Entities are looked for where `entities` says so.
   */
  readonly next: (from: number, entities: boolean) => number;
}

export interface RepairRules {
  /** By class: 1 where characters of it are to be found. */
  readonly sought: Uint8Array;
  /** Whether what looks like mojibake is to be found. */
  readonly encoding: boolean;
}

const LINE_FEED = 0x0a;
const AMPERSAND = 0x26;
const NUMBER_SIGN = 0x23;
const SEMICOLON = 0x3b;
/** Letters and digits of an entity. */
const MAX_ENTITY = 24;

const isAlphanumeric = new Uint8Array(256);
for (const [first, last] of [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x61, 0x7a],
])
  isAlphanumeric.fill(1, first, last + 1);

/** The twin of `WasmRepairScanner`. */
export class PlainRepairScanner implements RepairScanner {
  readonly #rules: RepairRules;
  readonly #tables = repairTables();
  readonly #asciiClasses: Uint8Array;
  /** 1 for bytes that end a run of which nothing has to be known. */
  readonly #stops = new Uint8Array(256).fill(1, 0x80);
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;

  constructor(rules: RepairRules) {
    this.#rules = rules;
    const { blocks, values } = this.#tables.classes;
    this.#asciiClasses = values.slice(blocks[0], blocks[0] + 0x80);
    for (let byte = 0; byte < 0x80; byte++) this.#stops[byte] = rules.sought[this.#asciiClasses[byte]];
    this.#stops[AMPERSAND] = 1;
  }

  open(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  next(from: number, entities: boolean): number {
    const bytes = this.#bytes;
    const end = this.#end;
    for (let at = from; ; ) {
      while (at < end && this.#stops[bytes[at]] === 0) at++;
      if (at >= end) return end;
      if (bytes[at] >= 0x80) {
        at = this.#walk(at, entities);
        if (at < 0) return ~at;
      } else {
        if (bytes[at] !== AMPERSAND || (entities && isEntity(bytes, at, end))) return at;
        at++;
      }
    }
  }

  /** Goes on from a byte that is not ASCII until nothing is pending: the position then, or `~position` of a finding. */
  #walk(at: number, entities: boolean): number {
    const bytes = this.#bytes;
    const { classes, cells, isAsciiState } = this.#tables;
    const { sought, encoding } = this.#rules;
    let p = this.#context(at);
    let state = this.#beginsLine(p) ? BEGIN : INSIDE;
    while (p < this.#end) {
      const byte = bytes[p];
      let found = 0;
      let length = 1;
      if (byte < 0x80) {
        if (p > at && isAsciiState[state] === 1) return p;
        found = this.#asciiClasses[byte];
        if (byte === AMPERSAND ? entities && isEntity(bytes, p, this.#end) : sought[found] === 1) return ~p;
      } else {
        const decoded = decodeAt(bytes, p, this.#end);
        length = decoded >> LENGTH_SHIFT;
        if (length === 1) return ~p;
        const codePoint = decoded & CODE_POINT_MASK;
        found = classes.values[classes.blocks[codePoint >> 8] + (codePoint & 0xff)];
        if (sought[found] === 1) return ~p;
      }
      state = cells[state * CLASS_COUNT + found];
      if (state === BAD) {
        if (encoding) return ~p;
        state = INSIDE;
      }
      p += length;
      if (byte === LINE_FEED) return p;
    }
    return p;
  }

  /** Where to begin so that what may matter before `at`, at most two characters of ASCII, is seen. */
  #context(at: number): number {
    let p = at;
    while (p > at - 2 && !this.#beginsLine(p) && this.#bytes[p - 1] < 0x80) p--;
    return p;
  }

  #beginsLine(at: number): boolean {
    return at === this.#start || this.#bytes[at - 1] === LINE_FEED;
  }
}

/** Whether something shaped like an entity begins at `at`: `&`, perhaps `#`, 1 to 24 letters and digits, `;`. */
function isEntity(bytes: Uint8Array, at: number, end: number): boolean {
  let p = at + 1;
  if (p < end && bytes[p] === NUMBER_SIGN) p++;
  const first = p;
  while (p < end && p - first < MAX_ENTITY && isAlphanumeric[bytes[p]] === 1) p++;
  return p > first && p < end && bytes[p] === SEMICOLON;
}
