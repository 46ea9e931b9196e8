/**
 * Reads one of tiktoken's encodings from the JSON file the `tiktoken` package ships: ranks become merges.
 *
 * tiktoken joins the neighbours whose bytes together have the lowest rank; a rank is a token id. That is a merge list in which every way
 * to cut a token into two tokens is a merge of the token's rank. A word that is a token becomes it at once.
 */
import { RecipeError } from "../../batch/errors.ts";
import type { AddedToken } from "./added-tokens.ts";
import { byteTokens } from "./json/byte-level-model.ts";
import { unsupported } from "./json/values.ts";
import { familyOf } from "./known-regexes.ts";
import { MAX_TOKEN_IDS, MergeTable } from "./merge-table.ts";
import type { LoadedModel } from "./tokenizer-json.ts";
import { type Vocabulary, VocabularyBuilder } from "./vocabulary.ts";

/** The file of one encoding, parsed. */
export interface TiktokenFile {
  readonly pat_str: string;
  readonly special_tokens: Readonly<Record<string, number>>;
  /** Lines of `! FIRST_RANK TOKEN TOKEN …`, tokens in base64. */
  readonly bpe_ranks: string;
}

function broken(what: string): RecipeError {
  return new RecipeError({
    code: "recipe/broken-tokenizer",
    what: `broken tiktoken encoding: ${what}`,
    fix: "reinstall the tiktoken package",
  });
}

function readRanks(lines: string, builder: VocabularyBuilder): void {
  let scratch = new Uint8Array(1024);
  for (const line of lines.split("\n")) {
    if (line === "") continue;
    const [, first, ...words] = line.split(" ");
    let id = Number(first);
    if (!Number.isInteger(id) || id < 0 || id + words.length >= MAX_TOKEN_IDS)
      throw broken(`the first rank is ${first}`);
    for (const word of words) {
      const binary = atob(word);
      if (binary.length > scratch.length) scratch = new Uint8Array(binary.length);
      for (let i = 0; i < binary.length; i++) scratch[i] = binary.charCodeAt(i);
      builder.set(id++, scratch.subarray(0, binary.length), true);
    }
  }
}

function specialToken(content: string, id: number): AddedToken {
  return { id, content, special: true, normalized: false, lstrip: false, rstrip: false, singleWord: false };
}

/** Every way to cut a token into two, as a merge of the token's rank. */
function mergesOf(vocabulary: Vocabulary, addedTokens: readonly AddedToken[]): MergeTable {
  const added = new Set(addedTokens.map(({ id }) => id));
  const merges: number[] = [];
  for (let id = 0; id < vocabulary.size; id++) {
    if (!added.has(id)) vocabulary.forEachSplit(id, (left, right) => merges.push(left, right, id, id));
  }
  return new MergeTable(Int32Array.from(merges), vocabulary.size);
}

/** @throws RecipeError where the ranks are broken or lack a byte */
export function readTiktoken(file: TiktokenFile): LoadedModel {
  const builder = new VocabularyBuilder();
  readRanks(file.bpe_ranks, builder);
  // Its expressions are written for another engine than those of tokenizer.json files.
  if (familyOf(file.pat_str) === undefined)
    throw unsupported(`a tiktoken encoding that cuts words with ${file.pat_str}`);
  const addedTokens = Object.entries(file.special_tokens).map(([content, id]) => specialToken(content, id));
  const utf8 = new TextEncoder();
  for (const { content, id } of addedTokens) builder.set(id, utf8.encode(content), false);
  const vocabulary = builder.build();
  let merges: MergeTable | undefined;
  return {
    model: {
      vocabulary,
      // Who only asks for ids of special tokens, as a plan does, pays neither their time nor their 30 MB.
      get merges() {
        merges ??= mergesOf(vocabulary, addedTokens);
        return merges;
      },
      byteIds: byteTokens(vocabulary),
      wholeWords: true,
      addedTokens,
      normalizers: [],
      preTokenizers: [
        { kind: "split", pattern: { kind: "regex", source: file.pat_str }, behavior: "isolated", invert: false },
      ],
    },
    postProcessor: { before: [], after: [] },
  };
}
