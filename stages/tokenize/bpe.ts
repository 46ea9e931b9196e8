/**
 * Turns text into token ids with a byte-level BPE.
 *
 * Owns the `tokens` column. Invariant: every living row gets its text's ids and one EOS at the end; dead rows get none. Text that
 * spells a special token is text: no EOS can come from a document.
 */
import { z } from "zod";
import { ENCODINGS, loadTokenizer, TIKTOKEN } from "../../io/tokenizer-files.ts";
import { annotate, assetPath, defineStage } from "../define.ts";

export default defineStage({
  name: "tokenize/bpe",
  version: 1,
  kind: "annotate",
  summary: "turns text into token ids and ends each document with EOS",
  reference: "ids identical to Hugging Face tokenizers 0.23.2 and tiktoken 1.0.22 with special tokens read as text",
  options: z
    .strictObject({
      file: assetPath().optional().describe("path of a byte-level BPE tokenizer.json, or of a folder that holds one"),
      encoding: z.enum(ENCODINGS).optional().describe("a tiktoken encoding, instead of a file"),
      eos: z.string().describe("special token that ends every document"),
    })
    .refine((options) => (options.file === undefined) !== (options.encoding === undefined), {
      error: "exactly one of file and encoding is needed",
    })
    .transform(({ file, encoding, eos }) => ({
      vocabulary: file ?? { asset: `${TIKTOKEN}${encoding}` },
      eos,
    })),
  reads: ["text"],
  writes: [{ name: "tokens", kind: "token_list" }],
  reasons: {},
  create: (options, { assets }) => {
    const tokenizer = loadTokenizer(assets.name(options.vocabulary), assets.bytes(options.vocabulary));
    const eos = tokenizer.resolveSpecial(options.eos);
    const { encoder } = tokenizer;
    return annotate((batch) => new Map([["tokens", encoder.encodeDocuments(batch.text, batch.alive, eos)]]));
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
