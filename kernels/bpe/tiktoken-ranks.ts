/**
 * Reads one of tiktoken's encodings from the JSON file the `tiktoken` package ships: ranks become merges.
 *
 * tiktoken joins the neighbours whose bytes together have the lowest rank; a rank is a token id. That is a merge list in which every way
 * to cut a token into two tokens is a merge of the token's rank. A word that is a token becomes it at once.
 */
import { RecipeError } from "../../batch/errors.ts";
import { MergeTable } from "./merge-table.ts";
import { byteTokens, type LoadedModel } from "./tokenizer-json.ts";
import { Vocabulary } from "./vocabulary.ts";

/** The file of one encoding, parsed. */
export interface TiktokenFile {
  readonly pat_str: string;
  readonly special_tokens: Readonly<Record<string, number>>;
  /** Lines of `! FIRST_RANK TOKEN TOKEN …`, tokens in base64. */
  readonly bpe_ranks: string;
}

function decodeBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function readRanks(lines: string): (Uint8Array | undefined)[] {
  const tokens: (Uint8Array | undefined)[] = [];
  for (const line of lines.split("\n")) {
    if (line === "") continue;
    const [, first, ...words] = line.split(" ");
    let id = Number(first);
    if (!Number.isInteger(id) || id < 0) {
      throw new RecipeError({
        code: "recipe/broken-tokenizer",
        what: "broken tiktoken encoding: a line of bpe_ranks has no first rank",
        fix: "reinstall the tiktoken package",
      });
    }
    while (tokens.length < id) tokens.push(undefined);
    for (const word of words) tokens[id++] = decodeBase64(word);
  }
  return tokens;
}

/** @throws RecipeError where the ranks are broken or lack a byte */
export function readTiktoken(file: TiktokenFile): LoadedModel {
  const tokens = readRanks(file.bpe_ranks);
  const specialTokens = new Map(Object.entries(file.special_tokens));
  const special = new Set<number>();
  const utf8 = new TextEncoder();
  for (const [text, id] of specialTokens) {
    while (tokens.length <= id) tokens.push(undefined);
    tokens[id] = utf8.encode(text);
    special.add(id);
  }
  const vocabulary = new Vocabulary(tokens, (id) => !special.has(id));
  const merges: number[] = [];
  for (let id = 0; id < vocabulary.size; id++) {
    if (!special.has(id)) vocabulary.forEachSplit(id, (left, right) => merges.push(left, right, id, id));
  }
  return {
    model: {
      vocabulary,
      merges: new MergeTable(Int32Array.from(merges), vocabulary.size),
      byteIds: byteTokens(vocabulary),
      wholeWords: true,
      nfc: false,
      preTokenizers: [{ kind: "regex", source: file.pat_str }],
    },
    specialTokens,
  };
}
