/**
 * Reads a Hugging Face `tokenizer.json` that holds a byte-level BPE.
 *
 * Owns what of the format is honoured. Invariant: a setting that changes ids is either honoured exactly or refused by name; settings
 * that do not (post-processor, decoder, padding, truncation) are not read.
 */
import { RecipeError } from "../../batch/errors.ts";
import { writeByteLevel } from "./byte-alphabet.ts";
import { GPT2_REGEX, scannerFor } from "./known-regexes.ts";
import { MAX_MERGES, MAX_TOKEN_IDS, MergeTable } from "./merge-table.ts";
import type { BpeModel, PreTokenizerStep } from "./model.ts";
import { type Vocabulary, VocabularyBuilder } from "./vocabulary.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

export interface LoadedModel {
  readonly model: BpeModel;
  /** Added tokens by their text, in the file's order. */
  readonly specialTokens: ReadonlyMap<string, number>;
}

const SUPPORTED =
  "byte-level BPE: model BPE without byte_fallback, pre-tokenizer ByteLevel, Split + ByteLevel or Digits + ByteLevel";

/** The error for everything in a tokenizer file that is not honoured. */
export function unsupported(what: string): RecipeError {
  return new RecipeError({
    code: "recipe/unsupported-tokenizer",
    what: `unsupported tokenizer: ${what}`,
    why: "its ids would not be those the model was trained with",
    fix: `supported are ${SUPPORTED}; and tiktoken's encodings`,
  });
}

function broken(what: string): RecipeError {
  return new RecipeError({
    code: "recipe/broken-tokenizer",
    what: `broken tokenizer file: ${what}`,
    fix: "get the file again from where the model is published",
  });
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function object(value: Json | undefined, where: string): JsonObject {
  if (!isObject(value)) throw broken(`${where} is not an object`);
  return value;
}

function list(value: Json | undefined, where: string): readonly Json[] {
  if (!Array.isArray(value)) throw broken(`${where} is not a list`);
  return value;
}

function id(value: Json | undefined, where: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) throw broken(`${where} is not a token id`);
  if (value >= MAX_TOKEN_IDS - 1) throw unsupported(`token id ${value}; the largest is ${MAX_TOKEN_IDS - 2}`);
  return value;
}

/** True for what `tokenizers` treats as not set. */
function isUnset(value: Json | undefined): boolean {
  return value === undefined || value === null || value === false || value === "" || value === 0;
}

function checkModel(model: JsonObject): void {
  if (model.type !== undefined && model.type !== "BPE") throw unsupported(`model type ${JSON.stringify(model.type)}`);
  if (!Array.isArray(model.merges)) throw unsupported("a model without merges");
  for (const key of ["dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback"]) {
    if (!isUnset(model[key])) throw unsupported(`model.${key} = ${JSON.stringify(model[key])}`);
  }
}

/** Whether the text is normalised to form C. */
function readNormalizer(value: Json | undefined): boolean {
  if (value === undefined || value === null) return false;
  const normalizer = object(value, "normalizer");
  if (normalizer.type === "NFC") return true;
  if (normalizer.type === "Sequence") {
    return list(normalizer.normalizers, "normalizer.normalizers").map(readNormalizer).includes(true);
  }
  throw unsupported(`normalizer ${JSON.stringify(normalizer.type)}`);
}

function readSplit(step: JsonObject): PreTokenizerStep {
  const pattern = object(step.pattern, "Split.pattern");
  if (typeof pattern.Regex !== "string") throw unsupported(`Split pattern ${JSON.stringify(pattern)}`);
  // "Removed" with "invert" keeps the matches and drops the gaps: the same where matches leave no gap.
  const keepsAll =
    step.behavior === "Isolated" ||
    (step.behavior === "Removed" && step.invert === true && scannerFor(pattern.Regex) !== undefined);
  if (!keepsAll)
    throw unsupported(`Split behavior ${JSON.stringify(step.behavior)}, invert ${JSON.stringify(step.invert)}`);
  return { kind: "regex", source: pattern.Regex };
}

function readPreTokenizer(value: Json | undefined): readonly PreTokenizerStep[] {
  const root = object(value ?? null, "pre_tokenizer");
  const parts = root.type === "Sequence" ? list(root.pretokenizers, "pre_tokenizer.pretokenizers") : [root];
  const steps: PreTokenizerStep[] = [];
  parts.forEach((part, index) => {
    const step = object(part, "pre_tokenizer");
    const last = index === parts.length - 1;
    if ((step.type === "ByteLevel") !== last) {
      throw unsupported("pre-tokenizers that do not end with ByteLevel, or have steps behind it");
    }
    if (step.type === "Split") steps.push(readSplit(step));
    else if (step.type === "Digits") steps.push({ kind: "digits", individual: step.individual_digits === true });
    else if (step.type === "ByteLevel") {
      if (step.add_prefix_space !== false) throw unsupported("ByteLevel with add_prefix_space");
      if (step.use_regex !== false) steps.push({ kind: "regex", source: GPT2_REGEX });
    } else throw unsupported(`pre-tokenizer ${JSON.stringify(step.type)}`);
  });
  if (steps.length === 0) throw unsupported("a ByteLevel pre-tokenizer that cuts no words");
  return steps;
}

/** Longest token or merge, in characters. */
const MAX_TOKEN_LENGTH = 1 << 16;

function checkLength(text: string): void {
  if (text.length > MAX_TOKEN_LENGTH) throw unsupported(`a token of ${text.length} characters`);
}

function readMerges(merges: readonly Json[], vocabulary: Vocabulary): MergeTable {
  if (merges.length > MAX_MERGES) throw unsupported(`${merges.length} merges; at most ${MAX_MERGES}`);
  const entries = new Int32Array(merges.length * 4);
  const scratch = new Uint8Array(2 * MAX_TOKEN_LENGTH);
  merges.forEach((merge, rank) => {
    const [left, right, ...rest] = typeof merge === "string" ? merge.split(" ") : list(merge, `merges[${rank}]`);
    if (typeof left !== "string" || typeof right !== "string" || rest.length > 0) {
      throw broken(`merges[${rank}] is not a pair of tokens`);
    }
    checkLength(left);
    checkLength(right);
    const cut = writeByteLevel(left, scratch, 0);
    const end = cut === -1 ? -1 : writeByteLevel(right, scratch, cut);
    const at = rank * 4;
    entries[at] = vocabulary.find(scratch, 0, cut);
    entries[at + 1] = vocabulary.find(scratch, cut, end);
    entries[at + 2] = rank;
    entries[at + 3] = vocabulary.find(scratch, 0, end);
    if (end === -1 || entries[at] === -1 || entries[at + 1] === -1 || entries[at + 3] === -1) {
      throw broken(`merges[${rank}] (${JSON.stringify(left)}, ${JSON.stringify(right)}) is not in the vocabulary`);
    }
  });
  return new MergeTable(entries, merges.length);
}

function readVocabulary(vocab: JsonObject, specialTokens: ReadonlyMap<string, number>): Vocabulary {
  const builder = new VocabularyBuilder();
  const scratch = new Uint8Array(MAX_TOKEN_LENGTH);
  const utf8 = new TextEncoder();
  for (const text of Object.keys(vocab)) {
    checkLength(text);
    const tokenId = id(vocab[text], `the id of ${JSON.stringify(text)}`);
    if (builder.has(tokenId)) throw broken(`two tokens have the id ${tokenId}`);
    const length = writeByteLevel(text, scratch, 0);
    if (length === -1) builder.set(tokenId, utf8.encode(text), false);
    else builder.set(tokenId, scratch.subarray(0, length), true);
  }
  for (const [text, tokenId] of specialTokens) {
    // An added token that is in the model too can be met as an ordinary word.
    if (!builder.has(tokenId)) builder.set(tokenId, utf8.encode(text), false);
  }
  return builder.build();
}

function readAddedTokens(value: Json | undefined): ReadonlyMap<string, number> {
  const tokens = new Map<string, number>();
  for (const entry of list(value ?? [], "added_tokens")) {
    const token = object(entry, "added_tokens[]");
    if (typeof token.content !== "string") throw broken("an added token has no content");
    tokens.set(token.content, id(token.id, `added token ${JSON.stringify(token.content)}`));
  }
  return tokens;
}

/**
 * Reads a parsed `tokenizer.json`.
 *
 * @throws RecipeError where the file is broken or asks for something that is not honoured exactly
 */
export function readTokenizerJson(file: JsonObject): LoadedModel {
  const model = object(file.model, "model");
  checkModel(model);
  const nfc = readNormalizer(file.normalizer);
  const preTokenizers = readPreTokenizer(file.pre_tokenizer);
  const specialTokens = readAddedTokens(file.added_tokens);

  const vocabulary = readVocabulary(object(model.vocab, "model.vocab"), specialTokens);
  return {
    model: {
      vocabulary,
      merges: readMerges(list(model.merges, "model.merges"), vocabulary),
      byteIds: byteTokens(vocabulary),
      wholeWords: model.ignore_merges === true,
      nfc,
      preTokenizers,
    },
    specialTokens,
  };
}

/** Token of each of the 256 bytes: without all of them some text has no tokens. */
export function byteTokens(vocabulary: Vocabulary): Int32Array {
  const ids = Int32Array.from({ length: 256 }, (_, byte) => vocabulary.find(Uint8Array.of(byte), 0, 1));
  const missing = ids.indexOf(-1);
  if (missing !== -1) throw unsupported(`a vocabulary without a token for byte ${missing}`);
  return ids;
}
