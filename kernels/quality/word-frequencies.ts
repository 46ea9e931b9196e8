/**
 * A table of how often words occur, and the logarithm of each word's share, looked up by bytes.
 *
 * Owns the reading of the file (a header with `word` and `count`, a word a line, commas between) and the layout of the
 * index, which threads share. Invariant: a word's share is its count over the sum of all counts; of equal words the
 * last counts, as in a dictionary that is filled in order. Memory: 24 to 36 bytes a word beside the file. Price: a hash
 * and a comparison of the word.
 */

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const HASH_FACTOR = 0x01000193;

/** Says what is wrong with a file, and in which line of it. */
export class BadFrequencies extends Error {}

/** Fields of a line of the file: the word's bytes and the count's. */
interface Fields {
  wordStart: number;
  wordEnd: number;
  count: number;
}

interface Layout {
  readonly slots: number;
  readonly size_bytes: number;
  readonly logs: number;
  readonly starts: number;
  readonly lengths: number;
  readonly index: number;
}

function layoutOf(bytes: Uint8Array): Layout {
  let lines = 1;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  let slots = 16;
  while (slots < 2 * lines) slots *= 2;
  const starts = 8 * lines;
  const lengths = starts + 4 * lines;
  const index = lengths + 4 * lines;
  return { slots, logs: 0, starts, lengths, index, size_bytes: index + 4 * slots };
}

export class WordFrequencies {
  readonly #bytes: Uint8Array;
  readonly #logs: Float64Array;
  readonly #starts: Uint32Array;
  readonly #lengths: Uint32Array;
  /** Line of a word by hash, 0 where the slot is free: line 0 is the header. */
  readonly #index: Int32Array;
  readonly #unseen: number;

  static bytesFor(file: Uint8Array): number {
    return layoutOf(file).size_bytes;
  }

  /**
   * The index of `file` as it lies in `buffer` from `start` on, or will when {@link fill} was called. `unseen` is the
   * share of other words.
   */
  constructor(file: Uint8Array, unseen: number, buffer: ArrayBufferLike, start: number) {
    const { slots, logs, starts, lengths, index } = layoutOf(file);
    this.#bytes = file;
    this.#unseen = Math.log(unseen);
    this.#logs = new Float64Array(buffer, start + logs, (starts - logs) / 8);
    this.#starts = new Uint32Array(buffer, start + starts, (lengths - starts) / 4);
    this.#lengths = new Uint32Array(buffer, start + lengths, (index - lengths) / 4);
    this.#index = new Int32Array(buffer, start + index, slots);
  }

  /** Reads the file. Throws BadFrequencies. */
  fill(): void {
    const bytes = this.#bytes;
    this.#index.fill(0);
    const header = headerOf(bytes);
    const fields: Fields = { wordStart: 0, wordEnd: 0, count: 0 };
    let total = 0;
    let line = 0;
    for (let at = header.end; at < bytes.length; ) {
      const next = readLine(bytes, at, header, line + 2, fields);
      if (next.isEmpty) {
        at = next.at;
        continue;
      }
      line++;
      total += fields.count;
      this.#logs[line] = fields.count;
      this.#starts[line] = fields.wordStart;
      this.#lengths[line] = fields.wordEnd - fields.wordStart;
      this.#index[this.#slot(bytes, fields.wordStart, fields.wordEnd)] = line;
      at = next.at;
    }
    if (!(total > 0)) throw new BadFrequencies("no word has a count");
    for (let i = 1; i <= line; i++) this.#logs[i] = Math.log(this.#logs[i] / total);
  }

  /** The natural logarithm of the share of the word `bytes[start, end)`. */
  log(bytes: Uint8Array, start: number, end: number): number {
    const line = this.#index[this.#slot(bytes, start, end)];
    return line === 0 ? this.#unseen : this.#logs[line];
  }

  #slot(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, HASH_FACTOR) + bytes[at] + 1) | 0;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash ^= hash >>> 13;
    const mask = this.#index.length - 1;
    let slot = hash & mask;
    while (this.#index[slot] !== 0 && !this.#equals(this.#index[slot], bytes, start, end)) slot = (slot + 1) & mask;
    return slot;
  }

  #equals(line: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#lengths[line] !== end - start) return false;
    const from = this.#starts[line];
    for (let at = 0; at < end - start; at++) if (this.#bytes[from + at] !== bytes[start + at]) return false;
    return true;
  }
}

interface Header {
  readonly word: number;
  readonly count: number;
  /** Where the line behind it begins. */
  readonly end: number;
}

function headerOf(bytes: Uint8Array): Header {
  const found = bytes.indexOf(NEWLINE);
  const end = found < 0 ? bytes.length : found;
  const names = Buffer.from(bytes.subarray(0, end))
    .toString("utf8")
    .replace(/\r$/, "")
    .replace(/^\ufeff/, "");
  const [word, count] = [names.split(",").indexOf("word"), names.split(",").indexOf("count")];
  if (word < 0 || count < 0) throw new BadFrequencies("its first line does not name the columns `word` and `count`");
  return { word, count, end: end + 1 };
}

/** Reads the line at `from` into `fields`; where the next one begins, and whether this one was empty. */
function readLine(
  bytes: Uint8Array,
  from: number,
  header: Header,
  line: number,
  fields: Fields,
): { readonly at: number; readonly isEmpty: boolean } {
  const found = bytes.indexOf(NEWLINE, from);
  const lineEnd = found < 0 ? bytes.length : found;
  const end = lineEnd > from && bytes[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
  if (end === from) return { at: lineEnd + 1, isEmpty: true };
  let column = 0;
  let count = "";
  let hasWord = false;
  for (let start = from; start <= end; column++) {
    if (bytes[start] === QUOTE) throw new BadFrequencies(`line ${line} has a field in quotes, and words need none`);
    let at = start;
    while (at < end && bytes[at] !== COMMA) at++;
    if (column === header.word) {
      fields.wordStart = start;
      fields.wordEnd = at;
      hasWord = true;
    } else if (column === header.count) count = Buffer.from(bytes.subarray(start, at)).toString("latin1");
    start = at + 1;
  }
  if (!hasWord || !/^\s*\d+\s*$/.test(count)) throw new BadFrequencies(`line ${line} has no word with a whole number`);
  fields.count = Number(count);
  return { at: lineEnd + 1, isEmpty: false };
}
