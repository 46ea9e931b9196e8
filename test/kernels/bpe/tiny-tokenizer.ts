/** A minimal `tokenizer.json` for tests of the loader: the 256 bytes, and the merges given. */
import { loadTokenizer, type Tokenizer } from "../../../kernels/bpe/tokenizer.ts";

function byteAlphabet(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : next++);
  });
}

/** The file as an object: byte `b` is id `b`, merge `i` makes id `256 + i`. */
export function tinyTokenizer(merges: readonly (readonly [string, string])[] = []) {
  const vocab: Record<string, number> = {};
  for (const [byte, char] of byteAlphabet().entries()) vocab[char] = byte;
  for (const [i, [left, right]] of merges.entries()) vocab[left + right] = 256 + i;
  return {
    version: "1.0",
    added_tokens: [{ id: 256 + merges.length, content: "<eos>", special: true }] as object[],
    normalizer: null as object | null,
    post_processor: null as object | null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, use_regex: true } as object | null,
    model: { type: "BPE", vocab, merges: merges as readonly unknown[] } as Record<string, unknown>,
  };
}

/** Loads a file given as an object. */
export function load(file: object): Tokenizer {
  return loadTokenizer(new TextEncoder().encode(JSON.stringify(file)), { name: "tiny" });
}

/** Merges that make one token of each word: behind a blank first, at the start of a line after that. Words are of ASCII letters. */
export function wordMerges(words: readonly string[]): readonly (readonly [string, string])[] {
  const merges = new Map<string, readonly [string, string]>();
  for (const first of ["\u0120", ""]) {
    for (const word of words) {
      let left = first === "" ? word.slice(0, 1) : first;
      for (const letter of first === "" ? word.slice(1) : word) {
        if (!merges.has(left + letter)) merges.set(left + letter, [left, letter]);
        left += letter;
      }
    }
  }
  return [...merges.values()];
}

/** A tokenizer's file as a recipe may write it where a file is named. It loads at once, in any thread, wherever the recipe lies. */
export function asLocation(file: object): string {
  return `data:,${encodeURIComponent(JSON.stringify(file))}`;
}

/** The file of a byte tokenizer with `<eos>` and `<bos>`: loaded at once, for tests that start many processes. */
export function tinyTokenizerWithBos(): Buffer {
  const file = tinyTokenizer();
  file.added_tokens.push({ id: 257, content: "<bos>", special: true });
  return Buffer.from(JSON.stringify(file));
}
