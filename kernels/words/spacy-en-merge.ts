/**
 * The document-wide pass of spaCy's English tokenizer: sequences of tokens that spell an exception become its tokens.
 *
 * "foo:)" is split into foo, ":" and ")"; this pass finds that ":" and ")" spell an emoticon. As in spaCy, a sequence may also match
 * across single spaces; such a match changes nothing but keeps shorter matches inside it from counting. Longer matches go first, then
 * earlier ones, and every match, taken or not, blocks the tokens it covers from beginning or ending another.
 * Invariant: the tokens keep covering the same bytes. Price: a comparison a token, and a few hundred ns a match.
 */

import { Chunk, infixLength, prefixLength, suffixLength } from "./spacy-en-rules.ts";
import { ChunkSplitter, exceptions, type Lexicon } from "./spacy-en-split.ts";
import type { WordRanges } from "./types.ts";

/** Set in a part number when the token does not follow the one before it directly or after one space. */
export const GAP = 1 << 16;
const PART_MASK = GAP - 1;

interface Node {
  readonly next: Map<number, Node>;
  /** Byte lengths of the tokens of the exception spelled by the path to this node. */
  tokens: readonly number[] | undefined;
}

export class SequenceMerger {
  readonly #root: Node = { next: new Map(), tokens: undefined };
  #longest = 0;
  #matchStarts: number[] = [];
  #matchLengths: number[] = [];
  #matchTokens: (readonly number[])[] = [];

  /** Numbers the parts of sequences in `lexicon`. */
  constructor(lexicon: Lexicon) {
    const chunk = new Chunk();
    const splitter = new ChunkSplitter(lexicon);
    let parts = 0;
    for (const tokens of exceptions) {
      const bytes = Buffer.from(tokens.join(""));
      chunk.decode(bytes, 0, bytes.length);
      if (!hasAffix(chunk)) continue;
      splitter.split(chunk, false);
      // A sequence of one token is an exception that is one token as well: nothing to do.
      if (splitter.count < 2) continue;
      let node = this.#root;
      for (let i = 0; i < splitter.count; i++) {
        const from = i === 0 ? 0 : chunk.byteAt[splitter.ends[i - 1]];
        const entry = lexicon.entry(bytes.toString("utf8", from, chunk.byteAt[splitter.ends[i]]));
        if (entry.part === 0) entry.part = ++parts;
        let next = node.next.get(entry.part);
        if (next === undefined) {
          next = { next: new Map(), tokens: undefined };
          node.next.set(entry.part, next);
        }
        node = next;
      }
      node.tokens = tokens.map((token) => Buffer.byteLength(token));
      this.#longest = Math.max(this.#longest, splitter.count);
    }
  }

  /** Merges in place. `parts[i]` is the part number of token `i`, with GAP. */
  merge(spans: WordRanges, parts: Int32Array): void {
    const { count } = spans;
    this.#matchStarts.length = 0;
    this.#matchLengths.length = 0;
    this.#matchTokens.length = 0;
    let before = 0;
    for (let i = 0; i < count; i++) {
      const part = parts[i];
      // Two parts in a row, the second without a gap before it; one test, because either alone is frequent and hard to predict.
      if (((part - 1) | (before - 1)) >= 0 && part < GAP) this.#matchFrom(i - 1, count, parts);
      before = part & PART_MASK;
    }
    if (this.#matchStarts.length === 0) return;
    const chosen = this.#choose(spans);
    if (chosen.size > 0) this.#apply(spans, chosen);
  }

  #matchFrom(start: number, count: number, parts: Int32Array): void {
    let node = this.#root.next.get(parts[start] & PART_MASK);
    for (let i = start + 1; node !== undefined && i < count; i++) {
      // A part behind a gap carries GAP and so is no key of any node.
      node = node.next.get(parts[i]);
      if (node?.tokens === undefined) continue;
      this.#matchStarts.push(start);
      this.#matchLengths.push(i + 1 - start);
      this.#matchTokens.push(node.tokens);
    }
  }

  /** Which matches count, by their first token; those that span a space are left out, having blocked what they cover. */
  #choose(spans: WordRanges): Map<number, number> {
    const chosen = new Map<number, number>();
    const seen = new Set<number>();
    for (let length = this.#longest; length >= 2; length--) {
      for (let m = 0; m < this.#matchStarts.length; m++) {
        if (this.#matchLengths[m] !== length) continue;
        const start = this.#matchStarts[m];
        const last = start + length - 1;
        if (!seen.has(start) && !seen.has(last) && isContiguous(spans, start, last)) chosen.set(start, m);
        for (let i = start; i <= last; i++) seen.add(i);
      }
    }
    return chosen;
  }

  /** Replaces the chosen sequences; what stands before the first stays as it is. */
  #apply(spans: WordRanges, chosen: ReadonlyMap<number, number>): void {
    let first = spans.count;
    for (const start of chosen.keys()) first = Math.min(first, start);
    const starts = spans.starts.slice(first, spans.count);
    const ends = spans.ends.slice(first, spans.count);
    spans.count = first;
    for (let i = 0; i < starts.length; ) {
      const match = chosen.get(first + i);
      if (match === undefined) {
        spans.push(starts[i], ends[i]);
        i++;
        continue;
      }
      let at = starts[i];
      for (const length of this.#matchTokens[match]) {
        spans.push(at, at + length);
        at += length;
      }
      i += this.#matchLengths[match];
    }
  }
}

function isContiguous(spans: WordRanges, first: number, last: number): boolean {
  for (let i = first; i < last; i++) if (spans.ends[i] !== spans.starts[i + 1]) return false;
  return true;
}

/** spaCy looks for the sequences of those exceptions only that contain a prefix, suffix or infix. */
function hasAffix(chunk: Chunk): boolean {
  if (prefixLength(chunk, 0, chunk.length) > 0 || suffixLength(chunk, 0, chunk.length) > 0) return true;
  for (let at = 0; at < chunk.length; at++) if (infixLength(chunk, 0, chunk.length, at) > 0) return true;
  return false;
}
