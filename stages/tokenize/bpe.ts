/**
 * Turns text into token ids with a BPE of bytes (GPT-2, Llama 3) or of characters (SentencePiece: Llama 2, Mistral, Gemma), or a Unigram (T5,
 * XLM-R).
 *
 * Owns the `tokens` column. Invariant: every living row gets one BOS where there is one, its text's ids and one EOS, unless none is appended; dead rows
 * get none, and a text without tokens, which no EOS makes a document, dies. Added tokens that are not special are found in text, as `tokenizers` finds
 * them; text that spells a special one is text unless `special_tokens` is `parse`: no EOS can come from a document then. Where rows have
 * `literal_ranges`, it is text in these all the same. Where rows have `loss_ranges`, the tokens that overlap one are trained on, and no others. Its
 * state is what `token-check.ts` finds out.
 */
import { z } from "zod";
import type { TokenListColumn } from "../../batch/column.ts";
import { RecipeError } from "../../batch/errors.ts";
import { int32At } from "../../batch/numbers.ts";
import { TokenLoss } from "../../kernels/bpe/token-loss.ts";
import { defineStage, transform } from "../define.ts";
import { mergeTokenChecks, TokenCheck } from "./token-check.ts";
import { encodingOption, fileOption, openVocabulary, vocabularyRef } from "./vocabulary-option.ts";

export default defineStage({
  name: "tokenize/bpe",
  version: 2,
  kind: "transform",
  summary: "turns text into token ids by BPE or Unigram and ends each document with EOS",
  reference:
    "ids identical to Hugging Face tokenizers 0.23.2 (`encode_special_tokens`) and tiktoken 1.0.22 with special tokens read as text; added tokens that are not special are found",
  options: z
    .strictObject({
      file: fileOption,
      encoding: encodingOption,
      eos: z.string().describe("special token that ends every document"),
      bos: z.string().optional().describe("special token that every document begins with; none when absent"),
      special_tokens: z
        .enum(["text", "parse"])
        .default("text")
        .describe(
          "what text is that spells a special token: `text`, or `parse`d to the token's id outside of the row's `literal_ranges`",
        ),
      append_eos: z
        .enum(["always", "never"])
        .optional()
        .describe("whether documents end with EOS, `always` when absent; `never` for texts that end as they should"),
    })
    .refine((options) => (options.file === undefined) !== (options.encoding === undefined), {
      error: "exactly one of file and encoding is needed",
    })
    .transform(({ file, encoding, ...rest }) => ({ ...vocabularyRef(file, encoding), ...rest })),
  reads: ["text"],
  writes: [{ name: "tokens", kind: "token_list" }],
  reasons: ({ append_eos }) =>
    append_eos === "never" ? { no_tokens: "the text has no tokens, and no EOS makes a document of it" } : {},
  create: (options, { assets, seed }) => {
    const tokenizer = openVocabulary(options, assets);
    const eos = tokenizer.resolveSpecial(options.eos);
    const bos = options.bos === undefined ? undefined : tokenizer.resolveSpecial(options.bos);
    if (bos === eos) throw sameTokens(options.eos);
    const { encoder } = tokenizer;
    const special = options.special_tokens;
    const before = bos === undefined ? 0 : 1;
    const after = options.append_eos === "never" ? 0 : 1;
    const check = new TokenCheck(tokenizer, { special, before, after }, seed);
    let tokenLoss: TokenLoss | undefined;
    return transform(
      (batch, drop) => {
        const literals = batch.ranges("literal_ranges");
        const parsed = special === "parse" ? new Int32Array(batch.rows) : undefined;
        const made = encoder.encodeDocuments(batch.text, batch.alive, after === 1 ? eos : undefined, {
          special,
          bos,
          literals,
          ...(parsed && { parsed }),
        });
        const tokens = after === 1 ? made : withoutEmpty(made, before, (row) => drop(row, "no_tokens"));
        check.add(batch, tokens, parsed);
        const ranges = batch.ranges("loss_ranges");
        if (ranges === undefined) return new Map([["tokens", tokens]]);
        tokenLoss ??= new TokenLoss(tokenizer.model, special);
        const rules = { before, after, literals } as const;
        const loss = tokenLoss.lane(tokens, batch.text, ranges, rules);
        check.addBorderTokens(tokenLoss.takeBorderTokens());
        return new Map([["tokens", { ...tokens, loss }]]);
      },
      { finish: () => check.finish() },
    );
  },
  merge: mergeTokenChecks,
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
    {
      text: "Hello<|fim_prefix|>",
      options: {
        encoding: "cl100k_base",
        eos: "<|endoftext|>",
        bos: "<|endofprompt|>",
        special_tokens: "parse",
      },
      writes: { tokens: [100276, 9906, 100258, 100257] },
    },
    {
      text: "Hello<|endoftext|>",
      options: { encoding: "cl100k_base", eos: "<|endoftext|>", special_tokens: "parse", append_eos: "never" },
      writes: { tokens: [9906, 100257] },
    },
    { text: "", options: { encoding: "gpt2", eos: "<|endoftext|>", append_eos: "never" }, drops: "no_tokens" },
    { text: "a", options: { encoding: "gpt2", eos: "<|endoftext|>", append_eos: "never" }, keeps: true },
  ],
});

/** `tokens` without what stands before texts that have none; `report` is told of these rows. */
function withoutEmpty(tokens: TokenListColumn, before: 0 | 1, report: (row: number) => void): TokenListColumn {
  const { values, offsets } = tokens;
  const kept = new Int32Array(offsets.length);
  let to = 0;
  for (let row = 0; row + 1 < offsets.length; row++) {
    const [start, end] = [int32At(offsets, row), int32At(offsets, row + 1)];
    if (end - start > before) {
      // Nothing moves as long as no row before was empty.
      if (to < start) values.copyWithin(to, start, end);
      to += end - start;
    } else report(row);
    kept[row + 1] = to;
  }
  return { ...tokens, values: values.subarray(0, to), offsets: kept };
}

/** What separates documents would stand twice between them, and what finds documents by it would find empty ones. */
export function sameTokens(token: string): RecipeError {
  return new RecipeError({
    code: "recipe/bos-is-eos",
    what: `\`bos\` and \`eos\` are the same token, ${JSON.stringify(token)}`,
    why: "it would stand twice between documents, and trainers that find documents by it would find one of a single token before each",
    fix: "leave `bos` out: the EOS of the document before it stands in front of every document already",
  });
}
