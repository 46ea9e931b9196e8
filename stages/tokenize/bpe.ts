/**
 * Turns text into token ids with a BPE of bytes (GPT-2, Llama 3) or of characters (SentencePiece: Llama 2, Mistral, Gemma).
 *
 * Owns the `tokens` column. Invariant: every living row gets its text's ids and one EOS at the end; dead rows get none. Added
 * tokens that are not special are found in text, as `tokenizers` finds them; text that spells a special one is text: no EOS can come from a document. Where rows have `loss_ranges`, the tokens that overlap one are trained on, and
 * no others.
 */
import { z } from "zod";
import { TokenLoss } from "../../kernels/bpe/token-loss.ts";
import { annotate, defineStage } from "../define.ts";
import { encodingOption, fileOption, openVocabulary, vocabularyRef } from "./vocabulary-option.ts";

export default defineStage({
  name: "tokenize/bpe",
  version: 2,
  kind: "annotate",
  summary: "turns text into token ids and ends each document with EOS",
  reference:
    "ids identical to Hugging Face tokenizers 0.23.2 (`encode_special_tokens`) and tiktoken 1.0.22 with special tokens read as text; added tokens that are not special are found",
  options: z
    .strictObject({
      file: fileOption,
      encoding: encodingOption,
      eos: z.string().describe("special token that ends every document"),
    })
    .refine((options) => (options.file === undefined) !== (options.encoding === undefined), {
      error: "exactly one of file and encoding is needed",
    })
    .transform(({ file, encoding, eos }) => ({ ...vocabularyRef(file, encoding), eos })),
  reads: ["text"],
  writes: [{ name: "tokens", kind: "token_list" }],
  reasons: {},
  create: (options, { assets }) => {
    const tokenizer = openVocabulary(options, assets);
    const eos = tokenizer.resolveSpecial(options.eos);
    const { encoder } = tokenizer;
    let tokenLoss: TokenLoss | undefined;
    return annotate((batch) => {
      const tokens = encoder.encodeDocuments(batch.text, batch.alive, eos);
      const ranges = batch.ranges("loss_ranges");
      if (ranges === undefined) return new Map([["tokens", tokens]]);
      tokenLoss ??= new TokenLoss(tokenizer.model);
      return new Map([["tokens", { ...tokens, loss: tokenLoss.lane(tokens, batch.text, ranges) }]]);
    });
  },
  examples: [
    {
      text: "Hello world",
      options: { encoding: "gpt2", eos: "<|endoftext|>" },
      writes: { tokens: [15496, 995, 50256] },
    },
    { text: "", options: { encoding: "gpt2", eos: "<|endoftext|>" }, writes: { tokens: [50256] } },
    {
      text: "<|endoftext|>",
      options: { encoding: "cl100k_base", eos: "<|endoftext|>" },
      writes: { tokens: [27, 91, 8862, 728, 428, 91, 29, 100257] },
    },
  ],
});
