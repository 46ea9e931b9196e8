/**
 * A tokenizer as the rest of the project uses it: load it from a file's bytes, look special tokens up, encode, decode.
 *
 * Invariant: `decode(encode(text))` is `text`, byte for byte, but for what normalisation, words that are removed, added tokens that strip whitespace
 * and unknown tokens change.
 */
import { RecipeError } from "../../batch/errors.ts";
import { Decoder } from "./decoder.ts";
import { ByteBpeEncoder, type EncodeOptions, type Encoder } from "./encoder.ts";
import type { PostProcessor } from "./json/post-processor.ts";
import type { BpeModel } from "./model.ts";
import { resolveSpecial } from "./special-tokens.ts";
import { readTiktoken, type TiktokenFile } from "./tiktoken-ranks.ts";
import { type LoadedModel, readTokenizerJson } from "./tokenizer-json.ts";

/** Largest vocabulary whose ids fit two bytes. */
const TWO_BYTE_VOCABULARY = 65_536;

export interface TokenizerOptions {
  /** For messages; defaults to `tokenizer`. */
  readonly name?: string;
  /** Makes the encoder, when one is first asked for; the plain one unless told otherwise. */
  readonly createEncoder?: (model: BpeModel) => Encoder;
}

export class Tokenizer {
  readonly name: string;
  readonly model: BpeModel;
  /** What the file would put around a text. Nothing here does. */
  readonly postProcessor: PostProcessor;
  /** Added tokens by their text, in the file's order: the ids {@link resolveSpecial} knows. */
  readonly specialTokens: ReadonlyMap<string, number>;
  readonly #createEncoder: (model: BpeModel) => Encoder;
  #encoder: Encoder | undefined;
  #decoder: Decoder | undefined;

  constructor({ model, postProcessor }: LoadedModel, options: TokenizerOptions) {
    this.name = options.name ?? "tokenizer";
    this.model = model;
    this.postProcessor = postProcessor;
    this.specialTokens = new Map(model.addedTokens.map(({ content, id }) => [content, id]));
    this.#createEncoder = options.createEncoder ?? ((bpe) => new ByteBpeEncoder(bpe));
  }

  /** One encoder, made on first use: who only asks for ids of special tokens does not pay for it. */
  get encoder(): Encoder {
    this.#encoder ??= this.#createEncoder(this.model);
    return this.#encoder;
  }

  /** One more than the largest id, added tokens included. */
  get vocabSize(): number {
    return this.model.vocabulary.size;
  }

  /** The id that stands for text without tokens; undefined where all text has some. */
  get unknownId(): number | undefined {
    const unknown = this.model.characters?.unknown ?? -1;
    return unknown === -1 ? undefined : unknown;
  }

  /** Bytes an id takes in a token store. */
  get bytesPerToken(): 2 | 4 {
    return this.vocabSize <= TWO_BYTE_VOCABULARY ? 2 : 4;
  }

  /**
   * The id of special token `name`. Call it before any text is read.
   *
   * @throws RecipeError `recipe/unknown-special-token`
   */
  resolveSpecial(name: string): number {
    return resolveSpecial(this.specialTokens, name);
  }

  /** The ids of a string. For messages, chat templates and tests; hot paths use {@link encoder}. */
  encodeText(text: string, options?: EncodeOptions): Uint32Array {
    const bytes = new TextEncoder().encode(text);
    const out = new Uint32Array(this.encoder.maxTokens(bytes.length));
    return out.slice(0, this.encoder.encode(bytes, 0, bytes.length, out, 0, options));
  }

  /**
   * The bytes of `ids`; special tokens give their text.
   *
   * @throws DataError `data/unknown-token-id` where an id has no token
   */
  decode(ids: ArrayLike<number>): Uint8Array {
    this.#decoder ??= new Decoder(this.model, this.name);
    return this.#decoder.decode(ids);
  }
}

function parse(bytes: Uint8Array, name: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
  } catch (cause) {
    throw new RecipeError(notATokenizer(name), { cause });
  }
  throw new RecipeError(notATokenizer(name));
}

function notATokenizer(name: string) {
  return {
    code: "recipe/broken-tokenizer",
    what: `${name} is not a JSON object`,
    fix: "name a tokenizer.json of the Hugging Face Hub, or one of tiktoken's encodings",
  };
}

/**
 * Loads a tokenizer from the bytes of a `tokenizer.json` or of one of the `tiktoken` package's encoding files. Takes 0.1 to 0.5 s.
 *
 * @throws RecipeError where the file is broken or needs something that is not honoured exactly
 */
export function loadTokenizer(bytes: Uint8Array, options: TokenizerOptions = {}): Tokenizer {
  const file = parse(bytes, options.name ?? "tokenizer");
  const loaded =
    typeof file.bpe_ranks === "string"
      ? readTiktoken(file as unknown as TiktokenFile)
      : readTokenizerJson(file as Parameters<typeof readTokenizerJson>[0]);
  return new Tokenizer(loaded, options);
}
