/**
 * Contexts: unsettled runs with all their symbols, on their way to who compares them.
 *
 * A record in u32 words: words of the record, hash of the k-gram (two), input, document, first fragment, word of the run (sample-words.ts), pairs of followers; the
 * pairs (first fragment, runs); then the bytes of the run's fragments, padded with zeros. Price: 32 bytes, and those of the fragments.
 */
import { countOf, offsetOf, recordWord } from "./sample-words.ts";
import type { UnsettledRun } from "./unsettled.ts";

export const CONTEXT_HEAD = 8;

/** Where parts of a record's head are. */
export const CONTEXT = { high: 1, low: 2, input: 3, document: 4, start: 5, run: 6, pairs: 7 } as const;

/** Writes a record to `out` and returns its words. `bytes[from, to)` are the symbols of the run's fragments. */
export function writeContext(
  out: Uint32Array,
  address: { readonly high: number; readonly low: number; readonly input: number; readonly document: number },
  run: UnsettledRun,
  bytes: Uint8Array,
  from: number,
  to: number,
): number {
  const { followers } = run;
  const textAt = CONTEXT_HEAD + followers.length;
  const words = contextWords(run, to - from);
  out[0] = words;
  out[1] = address.high;
  out[2] = address.low;
  out[3] = address.input;
  out[4] = address.document;
  out[5] = run.start;
  out[6] = recordWord(run.count, run.offset);
  out[7] = followers.length / 2;
  out.set(followers, CONTEXT_HEAD);
  out[words - 1] = 0;
  new Uint8Array(out.buffer, out.byteOffset + 4 * textAt, to - from).set(bytes.subarray(from, to));
  return words;
}

/** Words of a run's record, its fragments having `bytes`. */
export function contextWords({ followers }: UnsettledRun, bytes: number): number {
  return CONTEXT_HEAD + followers.length + Math.ceil(bytes / 4);
}

/** Byte of the buffer of `words` where the text of the context at `words[at]` begins. */
export function textOf(words: Uint32Array, at: number): number {
  return words.byteOffset + 4 * (at + CONTEXT_HEAD + 2 * words[at + CONTEXT.pairs]);
}

/** Where the k-gram of the context at `words[at]` stands in its document. */
export function positionOf(words: Uint32Array, at: number): number {
  return words[at + CONTEXT.start] + offsetOf(words[at + CONTEXT.run]);
}

/** Calls `visit` with the first fragment of the run of the context at `words[at]`, and of each of its followers. */
export function eachCopy(words: Uint32Array, at: number, visit: (start: number) => void): void {
  visit(words[at + CONTEXT.start]);
  const count = countOf(words[at + CONTEXT.run]);
  const end = at + CONTEXT_HEAD + 2 * words[at + CONTEXT.pairs];
  for (let pair = at + CONTEXT_HEAD; pair < end; pair += 2) {
    for (let run = 0; run < words[pair + 1]; run++) visit(words[pair] + run * count);
  }
}
