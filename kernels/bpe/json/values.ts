/** Values of a parsed `tokenizer.json`, checked on the way to their types; and the two errors there are: broken, and not honoured. */
import { RecipeError } from "../../../batch/errors.ts";
import { MAX_TOKEN_IDS } from "../merge-table.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

const SUPPORTED =
  "BPE of bytes, with pre-tokenizers that hold one ByteLevel; BPE of characters and Unigram as SentencePiece has them";

/** The error for everything in a tokenizer file that is not honoured. */
export function unsupported(what: string): RecipeError {
  return new RecipeError({
    code: "recipe/unsupported-tokenizer",
    what: `unsupported tokenizer: ${what}`,
    why: "its ids would not be those the model was trained with",
    fix: `supported are ${SUPPORTED}; and tiktoken's encodings`,
  });
}

export function broken(what: string): RecipeError {
  return new RecipeError({
    code: "recipe/broken-tokenizer",
    what: `broken tokenizer file: ${what}`,
    fix: "get the file again from where the model is published",
  });
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function object(value: Json | undefined, where: string): JsonObject {
  if (!isObject(value)) throw broken(`${where} is not an object`);
  return value;
}

export function list(value: Json | undefined, where: string): readonly Json[] {
  if (!Array.isArray(value)) throw broken(`${where} is not a list`);
  return value;
}

export function text(value: Json | undefined, where: string): string {
  if (typeof value !== "string") throw broken(`${where} is not a text`);
  return value;
}

/** A flag; `absent` where it is not there, and an error where that is not allowed. */
export function flag(value: Json | undefined, where: string, absent?: boolean): boolean {
  if (value === undefined && absent !== undefined) return absent;
  if (typeof value !== "boolean") throw broken(`${where} is neither true nor false`);
  return value;
}

export function tokenId(value: Json | undefined, where: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) throw broken(`${where} is not a token id`);
  if (value >= MAX_TOKEN_IDS - 1) throw unsupported(`token id ${value}; the largest is ${MAX_TOKEN_IDS - 2}`);
  return value;
}

/** True for what `tokenizers` treats as not set. */
export function isUnset(value: Json | undefined): boolean {
  return value === undefined || value === null || value === false || value === "" || value === 0;
}
