/**
 * Splits one chunk (text between white space) into spaCy's English tokens: exceptions, prefixes, suffixes, infixes.
 *
 * Also owns the lexicon: the exceptions, and the tokens that may begin or continue a sequence the document-wide pass (spacy-en-merge.ts)
 * looks for. Invariant: the tokens of a chunk, put together, are the chunk. Price: linear in the chunk, about a microsecond for a word.
 */

import { EXCEPTIONS } from "./spacy-en.gen.ts";
import { type Chunk, infixLength, isUrl, prefixLength, suffixLength } from "./spacy-en-rules.ts";

/** What is known of a text: the tokens it is an exception for, and its number as a part of a sequence. */
interface Entry {
  readonly codePoints: Int32Array;
  /** Token lengths in characters when the text is an exception. */
  exception: readonly number[] | undefined;
  /** Number of the token in sequences, from 1; 0 when it is in none. */
  part: number;
}

/** Texts by content, found in a decoded chunk without making a string. */
export class Lexicon {
  readonly #entries = new Map<number, Entry>();
  readonly #firsts = new Set<number>();
  #longest = 0;

  /** Finds the entry of `codePoints[from, to)`. */
  find(codePoints: Int32Array, from: number, to: number): Entry | undefined {
    if (to - from > this.#longest || from >= to || !this.#firsts.has(codePoints[from])) return undefined;
    const entry = this.#entries.get(hash(codePoints, from, to));
    if (entry === undefined || entry.codePoints.length !== to - from) return undefined;
    for (let i = from; i < to; i++) if (entry.codePoints[i - from] !== codePoints[i]) return undefined;
    return entry;
  }

  /** The entry of a text, made when it is new. */
  entry(text: string): Entry {
    const codePoints = Int32Array.from(text, (character) => character.codePointAt(0)!);
    const known = this.find(codePoints, 0, codePoints.length);
    if (known !== undefined) return known;
    const key = hash(codePoints, 0, codePoints.length);
    if (this.#entries.has(key)) throw new Error(`two texts of the lexicon share a hash: ${text}`);
    const entry: Entry = { codePoints, exception: undefined, part: 0 };
    this.#entries.set(key, entry);
    this.#firsts.add(codePoints[0]);
    this.#longest = Math.max(this.#longest, codePoints.length);
    return entry;
  }
}

function hash(codePoints: Int32Array, from: number, to: number): number {
  let value = 0x811c9dc5;
  for (let i = from; i < to; i++) value = Math.imul(value ^ codePoints[i], 0x01000193) ^ (value >>> 15);
  return value | 0;
}

/** The exceptions of the tokenizer, each as its tokens. */
export const exceptions: readonly (readonly string[])[] = EXCEPTIONS.split("\n").map((line) => line.split("\t"));

/** A lexicon that holds the exceptions and no sequences. */
export function exceptionLexicon(): Lexicon {
  const lexicon = new Lexicon();
  for (const tokens of exceptions) lexicon.entry(tokens.join("")).exception = tokens.map((token) => [...token].length);
  return lexicon;
}

/** Splits chunks; holds the tokens of the last one. */
export class ChunkSplitter {
  /** End of each token, in characters of the chunk. */
  ends = new Int32Array(256);
  count = 0;
  readonly #lexicon: Lexicon;
  /** Starts of the suffixes split off so far, the last character's first. */
  #suffixes = new Int32Array(256);
  #suffixCount = 0;

  constructor(lexicon: Lexicon) {
    this.#lexicon = lexicon;
  }

  /** Splits a chunk. Without `useExceptions`, as if there were none: what sequences are made of. */
  split(chunk: Chunk, useExceptions = true): void {
    if (chunk.length > this.ends.length) {
      this.ends = new Int32Array(chunk.length * 2);
      this.#suffixes = new Int32Array(chunk.length * 2);
    }
    this.count = 0;
    this.#suffixCount = 0;
    const lexicon = useExceptions ? this.#lexicon : undefined;
    const { codePoints } = chunk;
    const isException = (from: number, to: number): boolean =>
      lexicon?.find(codePoints, from, to)?.exception !== undefined;
    let from = 0;
    let to = chunk.length;
    let lastSize = -1;
    while (from < to && to - from !== lastSize) {
      if (isException(from, to)) break;
      lastSize = to - from;
      const prefix = prefixLength(chunk, from, to);
      if (prefix > 0 && isException(from + prefix, to)) {
        from += prefix;
        this.#push(from);
        break;
      }
      const suffix = suffixLength(chunk, from + prefix, to);
      if (suffix > 0 && isException(from, to - suffix)) {
        to -= suffix;
        this.#suffixes[this.#suffixCount++] = to;
        break;
      }
      if (prefix > 0) {
        from += prefix;
        this.#push(from);
      }
      if (suffix > 0) {
        to -= suffix;
        this.#suffixes[this.#suffixCount++] = to;
      }
    }
    if (from < to) this.#splitMiddle(chunk, from, to, lexicon);
    for (let i = this.#suffixCount - 1; i >= 0; i--) this.#push(i === 0 ? chunk.length : this.#suffixes[i - 1]);
  }

  #push(end: number): void {
    this.ends[this.count++] = end;
  }

  #splitMiddle(chunk: Chunk, from: number, to: number, lexicon: Lexicon | undefined): void {
    const exception = lexicon?.find(chunk.codePoints, from, to)?.exception;
    if (exception !== undefined) {
      let end = from;
      for (const length of exception) {
        end += length;
        this.#push(end);
      }
      return;
    }
    if (!isUrl(chunk, from, to)) {
      let start = from;
      for (let at = from; at < to; ) {
        const length = infixLength(chunk, from, to, at);
        if (length === 0) {
          at++;
          continue;
        }
        // An infix at the very front is part of the token that follows.
        if (at > from) {
          if (at > start) this.#push(at);
          this.#push(at + length);
          start = at + length;
        }
        at += length;
      }
      if (start < to) this.#push(to);
      return;
    }
    this.#push(to);
  }
}
