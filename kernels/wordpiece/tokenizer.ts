/**
 * WordPiece tokenizers, as BERT and its kin have them: what classifiers read.
 *
 * Reads a `tokenizer.json` and encodes texts as `tokenizers` does: special tokens that stand in a text are found first, what is between them is normalized, cut at
 * white space and punctuation, and each word into the longest pieces from the left. Invariant: ids are the reference's; what would change them and is not
 * honoured is refused by name. Price: some 20 ns a byte; a model that reads the ids takes a thousand times that.
 */
import { RecipeError } from "../../batch/errors.ts";
import { type AddedToken, AddedTokenSearch } from "../bpe/added-tokens.ts";
import { ByteTrie } from "../bpe/byte-trie.ts";
import { charAt, WHITESPACE } from "../bpe/char-class.ts";
import { readAddedTokens } from "../bpe/json/added-tokens.ts";
import { type PostProcessor, readPostProcessor } from "../bpe/json/post-processor.ts";
import { flag, isUnset, type JsonObject, object, text, tokenId } from "../bpe/json/values.ts";
import type { Normalizer } from "../bpe/normalizer.ts";
import { isPunctuation } from "../bpe/rust-characters.ts";
import { bertNormalizers } from "./normalizers.ts";

function unsupported(what: string): RecipeError {
  return new RecipeError({
    code: "recipe/unsupported-classifier-tokenizer",
    what: `unsupported tokenizer: ${what}`,
    why: "its ids would not be those the classifier was trained with",
    fix: "supported are WordPiece models with BERT's normalizer and pre-tokenizer, such as those of BERT, MiniLM, BGE and arctic-embed",
  });
}

/** The tokens of a model, as they begin words and as they continue them. */
class Pieces {
  readonly #first: ByteTrie;
  readonly #firstIds: readonly number[];
  readonly #next: ByteTrie;
  readonly #nextIds: readonly number[];
  readonly #unknown: number;
  readonly #maxChars: number;

  constructor(model: JsonObject) {
    const prefix = text(model.continuing_subword_prefix ?? "##", "model.continuing_subword_prefix");
    const vocab = object(model.vocab, "model.vocab");
    const tokens = Object.entries(vocab).map(([token, id]) => ({ token, id: tokenId(id, `the id of ${token}`) }));
    const whole = tokens.filter(({ token }) => token !== "");
    const parts = whole.filter(({ token }) => token.length > prefix.length && token.startsWith(prefix));
    this.#first = new ByteTrie(whole.map(({ token }) => Buffer.from(token)));
    this.#firstIds = whole.map(({ id }) => id);
    this.#next = new ByteTrie(parts.map(({ token }) => Buffer.from(token.slice(prefix.length))));
    this.#nextIds = parts.map(({ id }) => id);
    this.#unknown = tokenId(vocab[text(model.unk_token, "model.unk_token")], "the unknown token");
    this.#maxChars = Number(model.max_input_chars_per_word ?? 100);
  }

  /** Appends the pieces of a word, or the unknown token where it is none's, or too long. */
  cut(bytes: Uint8Array, start: number, end: number, chars: number, ids: number[]): void {
    const before = ids.length;
    let isKnown = chars <= this.#maxChars;
    for (let at = start; at < end && isKnown; ) {
      const trie = at === start ? this.#first : this.#next;
      const found = trie.longest(bytes, at, end);
      isKnown = found >= 0;
      if (!isKnown) break;
      ids.push((at === start ? this.#firstIds : this.#nextIds)[found]);
      at += trie.lengthOf(found);
    }
    if (isKnown) return;
    ids.length = before;
    ids.push(this.#unknown);
  }
}

export class WordPieceTokenizer {
  readonly #pieces: Pieces;
  readonly #normalizers: readonly Normalizer[];
  readonly #added: AddedTokenSearch;
  /** First bytes of added tokens. */
  readonly #begins = new Uint8Array(256);
  readonly #around: PostProcessor;
  /** Of the token that fills rows of a batch up. */
  readonly padding: number;

  /** Reads a parsed `tokenizer.json`. Throws RecipeError where the file is broken or asks for something that is not honoured. */
  constructor(file: JsonObject) {
    const model = object(file.model, "model");
    if (model.type !== "WordPiece") throw unsupported(`a model of type ${JSON.stringify(model.type)}`);
    const preTokenizer = object(file.pre_tokenizer, "pre_tokenizer");
    if (preTokenizer.type !== "BertPreTokenizer")
      throw unsupported(`pre-tokenizer ${JSON.stringify(preTokenizer.type)}`);
    const added = readAddedTokens(file.added_tokens);
    const odd = added.find(({ normalized }) => normalized);
    if (odd !== undefined)
      throw unsupported(`added token ${JSON.stringify(odd.content)}, which is looked for in normalized text`);
    this.#pieces = new Pieces(model);
    this.#normalizers = readNormalizers(file);
    const patterns = added.map(({ content }) => Buffer.from(content));
    for (const [byte = 0] of patterns) this.#begins[byte] = 1;
    this.#added = new AddedTokenSearch(added, patterns);
    this.#around = readPostProcessor(file.post_processor);
    this.padding = paddingOf(file, added);
  }

  /** The ids of `bytes[start, end)`, with the tokens around them, at most `maxTokens` with these: what is more is cut at the end. */
  encode(bytes: Uint8Array, start: number, end: number, maxTokens: number): number[] {
    const { before, after } = this.#around;
    const ids: number[] = [];
    this.#added.cut(bytes, start, end, this.#places(bytes, start, end), 0, "parse", {
      text: (from, to) => this.#encodeText(bytes, from, to, ids),
      token: ({ id }) => ids.push(id),
    });
    ids.length = Math.min(ids.length, Math.max(0, maxTokens - before.length - after.length));
    return [...before, ...ids, ...after];
  }

  #places(bytes: Uint8Array, start: number, end: number): Int32Array {
    const places: number[] = [];
    for (let at = start; at < end; at++) if (this.#begins[bytes[at]] === 1) places.push(at);
    return Int32Array.from(places);
  }

  #encodeText(given: Uint8Array, from: number, to: number, ids: number[]): void {
    let bytes = given.subarray(from, to);
    for (const normalizer of this.#normalizers) bytes = normalizer.normalize(bytes, 0, bytes.length) ?? bytes;
    let start = 0;
    let chars = 0;
    for (let at = 0; at < bytes.length; ) {
      const char = charAt(bytes, at, bytes.length);
      const next = at + (char >> 8);
      const isSpace = (char & WHITESPACE) !== 0;
      if (isSpace || isPunctuation(bytes, at, char)) {
        if (at > start) this.#pieces.cut(bytes, start, at, chars, ids);
        if (!isSpace) this.#pieces.cut(bytes, at, next, 1, ids);
        start = next;
        chars = 0;
      } else chars++;
      at = next;
    }
    if (bytes.length > start) this.#pieces.cut(bytes, start, bytes.length, chars, ids);
  }
}

function readNormalizers(file: JsonObject): readonly Normalizer[] {
  if (isUnset(file.normalizer)) return [];
  const normalizer = object(file.normalizer, "normalizer");
  if (normalizer.type !== "BertNormalizer") throw unsupported(`normalizer ${JSON.stringify(normalizer.type)}`);
  const lowercase = flag(normalizer.lowercase, "normalizer.lowercase", true);
  return bertNormalizers({
    cleanText: flag(normalizer.clean_text, "normalizer.clean_text", true),
    handleChineseChars: flag(normalizer.handle_chinese_chars, "normalizer.handle_chinese_chars", true),
    // Not set, it follows `lowercase`.
    stripAccents: flag(normalizer.strip_accents ?? lowercase, "normalizer.strip_accents"),
    lowercase,
  });
}

function paddingOf(file: JsonObject, added: readonly AddedToken[]): number {
  if (!isUnset(file.padding)) return tokenId(object(file.padding, "padding").pad_id, "padding.pad_id");
  return added.find(({ content }) => content === "[PAD]" || content === "<pad>")?.id ?? 0;
}
