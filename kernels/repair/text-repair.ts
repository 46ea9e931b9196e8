/**
 * Repairs the text of documents, line by line, as ftfy 6.3.1 does.
 *
 * Owns the order of repairs and the lines they are made on. A line, with its line feed, is repaired until nothing
 * changes any more, 64 times at most; one of more than a million characters is cut there. Invariant: what comes out is
 * well-formed UTF-8, each malformed sequence U+FFFD, a surrogate pair the character it stands for; a text without a
 * finding of the scanner is not touched. Price: the scan, and strings for lines with a finding.
 */
import {
  splitLigatures,
  standardLineBreaks,
  standardWidth,
  straightenQuotes,
  withoutControlCharacters,
  withoutTerminalEscapes,
} from "./characters.ts";
import {
  AMPERSAND,
  C1,
  CONTROL,
  classesThatAskFor,
  ESCAPE,
  FORM_REASONS,
  LIGATURE,
  LINE_BREAK,
  type NormalForm,
  QUOTE,
  WIDTH,
} from "./classes.ts";
import { unescapeHtml } from "./entities.ts";
import { fixMojibake } from "./mojibake.ts";
import { normalize } from "./normal-forms.ts";
import type { RepairRules, RepairScanner } from "./scan.ts";
import { c1AsWindows1252 } from "./single-byte.ts";

export interface RepairOptions {
  /** `auto`: on lines before the first `<` of a text alone. */
  readonly unescapeHtml: "auto" | "always" | "never";
  readonly removeTerminalEscapes: boolean;
  readonly fixEncoding: boolean;
  readonly restoreByteA0: boolean;
  readonly replaceLossySequences: boolean;
  readonly decodeInconsistentUtf8: boolean;
  readonly fixC1Controls: boolean;
  readonly fixLatinLigatures: boolean;
  readonly fixCharacterWidth: boolean;
  readonly uncurlQuotes: boolean;
  readonly fixLineBreaks: boolean;
  readonly removeControlChars: boolean;
  readonly normalization: NormalForm | null;
}

/** Characters of a line that are repaired at once. */
const MAX_SEGMENT = 1_000_000;
/**
 * Repairs of a line that follow from each other. ftfy goes on for ever, which `&amp;amp;amp;` of a megabyte makes a
 * matter of days.
 */
const MAX_ROUNDS = 64;
const LINE_FEED = 0x0a;
const LESS_THAN = 0x3c;
const AMPERSAND_BYTE = 0x26;

/** What a scanner has to find for `options`. */
export function repairRules(options: RepairOptions): RepairRules {
  const reasons =
    (options.removeControlChars ? CONTROL : 0) |
    (options.removeTerminalEscapes ? ESCAPE : 0) |
    (options.fixLatinLigatures ? LIGATURE : 0) |
    (options.fixCharacterWidth ? WIDTH : 0) |
    (options.uncurlQuotes ? QUOTE : 0) |
    (options.fixLineBreaks ? LINE_BREAK : 0) |
    (options.fixC1Controls ? C1 : 0) |
    (options.normalization === null ? 0 : FORM_REASONS[options.normalization]);
  return { sought: classesThatAskFor(reasons & ~AMPERSAND), encoding: options.fixEncoding };
}

export class TextRepair {
  readonly #options: RepairOptions;
  readonly #scanner: RepairScanner;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #encoder = new TextEncoder();
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  /** Where the first `<` of the text is; undefined as long as nobody has looked. */
  #lessThan: number | undefined;
  #start = 0;
  /** What was written out of the text so far ends here. */
  #done = 0;

  /** `scanner` finds what {@link repairRules} says of the same options. */
  constructor(options: RepairOptions, scanner: RepairScanner) {
    this.#options = options;
    this.#scanner = scanner;
  }

  /** Gives the repaired text to `write`, in parts; false, and nothing given, where it is as it should be. */
  repair(bytes: Uint8Array, start: number, end: number, write: (part: Uint8Array) => void): boolean {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#lessThan = undefined;
    this.#done = start;
    for (let at = start; at < end; ) {
      const stop = this.#chunkEnd(at);
      this.#repairLines(at, stop, write);
      at = stop;
    }
    if (this.#done === start) return false;
    if (this.#done < end) write(bytes.subarray(this.#done, end));
    return true;
  }

  /**
   * The end of whole lines from `at` on of no more characters than a segment, or of a segment of one that is longer.
   */
  #chunkEnd(at: number): number {
    if (this.#end - at <= MAX_SEGMENT) return this.#end;
    const last = this.#bytes.lastIndexOf(LINE_FEED, at + MAX_SEGMENT - 1);
    if (last >= at) return last + 1;
    let characters = 0;
    for (let to = at; to < this.#end; to++) {
      const byte = this.#bytes[to];
      if ((byte & 0xc0) !== 0x80 && characters++ === MAX_SEGMENT) return to;
      if (byte === LINE_FEED) return to + 1;
    }
    return this.#end;
  }

  #repairLines(from: number, stop: number, write: (part: Uint8Array) => void): void {
    const bytes = this.#bytes;
    const scanner = this.#scanner;
    let entities = this.#options.unescapeHtml !== "never";
    scanner.open(bytes, from, stop);
    for (let line = from; line < stop; ) {
      const found = scanner.next(line, entities);
      if (found >= stop) return;
      line = lineStart(bytes, line, found);
      const end = lineEnd(bytes, found, stop);
      if (entities && !this.#readsEntities(end)) {
        // From this line on they are text; the line may have something else.
        entities = false;
        if (bytes[found] === AMPERSAND_BYTE) continue;
      }
      this.#repairLine(line, end, entities, write);
      line = end;
    }
  }

  /** Whether entities of a line that ends at `end` are read: not where HTML has begun. */
  #readsEntities(end: number): boolean {
    if (this.#options.unescapeHtml === "always") return true;
    if (this.#lessThan === undefined) {
      const found = this.#bytes.subarray(this.#start, this.#end).indexOf(LESS_THAN);
      this.#lessThan = found < 0 ? this.#end : this.#start + found;
    }
    return this.#lessThan >= end;
  }

  #repairLine(start: number, end: number, entities: boolean, write: (part: Uint8Array) => void): void {
    const line = this.#bytes.subarray(start, end);
    const repaired = this.#encoder.encode(this.#fix(this.#decode(line), entities));
    if (Buffer.compare(line, repaired) === 0) return;
    if (this.#done < start) write(this.#bytes.subarray(this.#done, start));
    write(repaired);
    this.#done = end;
  }

  /**
   * The text of a line: a surrogate pair in it is a character, a single surrogate and what else is malformed U+FFFD.
   */
  #decode(line: Uint8Array): string {
    return this.#decoder.decode(line.includes(0xed) ? withoutSurrogates(line) : line);
  }

  #fix(line: string, entities: boolean): string {
    const options = this.#options;
    let text = line;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = text;
      if (entities) text = unescapeHtml(text);
      if (options.fixEncoding) text = fixMojibake(text, options);
      if (options.fixC1Controls) text = c1AsWindows1252(text);
      if (options.fixLatinLigatures) text = splitLigatures(text);
      if (options.fixCharacterWidth) text = standardWidth(text);
      if (options.uncurlQuotes) text = straightenQuotes(text);
      if (options.fixLineBreaks) text = standardLineBreaks(text);
      if (options.removeTerminalEscapes) text = withoutTerminalEscapes(text);
      if (options.removeControlChars) text = withoutControlCharacters(text);
      if (options.normalization !== null) text = normalize(text, options.normalization);
      if (text === before) break;
    }
    return text;
  }
}

/** The start of the line that `at` is in, no line before `from`. */
function lineStart(bytes: Uint8Array, from: number, at: number): number {
  let start = at;
  while (start > from && bytes[start - 1] !== LINE_FEED) start--;
  return start;
}

/** The end of the line that `at` is in, its line feed included. */
function lineEnd(bytes: Uint8Array, at: number, stop: number): number {
  let end = at;
  while (end < stop && bytes[end] !== LINE_FEED) end++;
  return Math.min(end + 1, stop);
}

/**
 * `line` with pairs of surrogates, each of them three bytes, as the character that they stand for, and single ones as
 * one U+FFFD.
 */
function withoutSurrogates(line: Uint8Array): Uint8Array {
  const units = Buffer.from(line).toString("latin1");
  const fixed = units.replace(
    /\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]|\xed[\xa0-\xbf][\x80-\xbf]/g,
    (found) => {
      const unit = (at: number) => 0xd000 | ((found.charCodeAt(at) & 0x3f) << 6) | (found.charCodeAt(at + 1) & 0x3f);
      const character = found.length === 3 ? "\ufffd" : String.fromCharCode(unit(1), unit(4));
      return Buffer.from(character).toString("latin1");
    },
  );
  return fixed === units ? line : Buffer.from(fixed, "latin1");
}
