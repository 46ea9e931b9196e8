/**
 * Fill-in-the-middle: cuts a share of the texts in three and puts the middle last, between sentinels.
 *
 * It works on texts, not on tokens, for the cut is between characters and each part is tokenized for itself, as in
 * Megatron-LM; so it stands last in a pipeline. Owns `literal_ranges`: all bytes but sentinels are marked, in rows that
 * stay as they are too, so that a text that spells a special token spells text. Invariant: what becomes of a row
 * depends on the recipe's seed, the stage's id and the row's place alone. Price: two walks over a text and a copy.
 */
import { z } from "zod";
import { RangeListBuilder, Utf8Builder } from "../../batch/builder.ts";
import type { Column } from "../../batch/column.ts";
import { ARENA } from "../../batch/memory.ts";
import { int32At, uint32At } from "../../batch/numbers.ts";
import { FimDraws, type FimPiece, fimPieces } from "../../kernels/fim.ts";
import { addCounts, Tally } from "../chat/counts.ts";
import { defineStage, transform } from "../define.ts";
import { drawsBy } from "../draws.ts";

const options = z
  .strictObject({
    rate: z.number().min(0).max(1).default(0.5).describe("share of texts that are cut, about"),
    spm_rate: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe(
        "share of these in the order suffix, prefix, middle (SPM); the others are prefix, suffix, middle (PSM)",
      ),
    prefix_token: z.string().min(1).default("<|fim_prefix|>").describe("special token before the prefix"),
    middle_token: z.string().min(1).default("<|fim_middle|>").describe("special token before the middle"),
    suffix_token: z.string().min(1).default("<|fim_suffix|>").describe("special token before the suffix"),
    split_on: z
      .string()
      .min(1)
      .optional()
      .describe("special token between the files of a repository: each is cut for itself, and the token stays a token"),
    fragment_rate: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe("of texts that are cut and have `split_on`: share of the files that are"),
    skip_prefix: z.string().min(1).optional().describe("texts, or files, that begin with it are left as they are"),
  })
  .refine(({ split_on, fragment_rate }) => (split_on === undefined) === (fragment_rate === undefined), {
    error: "`split_on` and `fragment_rate` come together: which token splits, and what share of the parts is cut",
  });

type Writer = ReturnType<typeof pieceWriter>;

/** Writes pieces of the row that is open, and marks those that are text. */
function pieceWriter(tokens: Readonly<Record<"prefix" | "middle" | "suffix", Uint8Array>>, text: Utf8Builder) {
  const ranges: number[] = [];
  return {
    /** What is text in the row, as pairs of start and end. */
    ranges,
    token: (token: Uint8Array) => text.appendPart(token),
    pieces: (bytes: Uint8Array, pieces: readonly FimPiece[]) => {
      for (const piece of pieces) {
        if ("sentinel" in piece) {
          text.appendPart(tokens[piece.sentinel]);
        } else if (piece.end > piece.start) {
          const from = text.openBytes;
          text.appendPart(bytes.subarray(piece.start, piece.end));
          // Parts that touch are one text: tokens may reach over the cut.
          if (ranges.at(-1) === from) ranges.pop();
          else ranges.push(from);
          ranges.push(text.openBytes);
        }
      }
    },
  };
}

export default defineStage({
  name: "rewrite/fim",
  version: 1,
  kind: "transform",
  summary: "Fill-in-the-middle: cuts a share of the texts in three and puts the middle last, between special tokens.",
  reference: "Bavarian et al. 2022; Megatron-LM GPTFIMDataset, before tokenizing and without cutting to length",
  options,
  reads: ["text"],
  writes: [
    { name: "text", kind: "utf8" },
    { name: "literal_ranges", kind: "range_list" },
  ],
  special_tokens: ({ prefix_token, middle_token, suffix_token, split_on }) => [
    prefix_token,
    middle_token,
    suffix_token,
    ...(split_on === undefined ? [] : [split_on]),
  ],
  reasons: {},
  create: (given, { seed }) => {
    const encoder = new TextEncoder();
    const tokens = {
      prefix: encoder.encode(given.prefix_token),
      middle: encoder.encode(given.middle_token),
      suffix: encoder.encode(given.suffix_token),
    };
    const splitOn = given.split_on === undefined ? undefined : Buffer.from(given.split_on);
    const skipped = given.skip_prefix === undefined ? undefined : Buffer.from(given.skip_prefix);
    const open = drawsBy("position", seed);
    const words = new Uint32Array(2);
    const tally = new Tally(["rows", "fim_rows", "fim_parts"]);

    /** Writes `bytes`, cut where the draws say so; whether they are. */
    const writePart = (bytes: Buffer, rate: number, draws: FimDraws, out: Writer): boolean => {
      // Drawn whatever the text is, so that one text more or less to skip changes nothing else.
      const isDrawn = draws.fraction() < rate;
      const isCut = isDrawn && bytes.length > 0 && !(skipped !== undefined && startsWith(bytes, skipped));
      if (isCut) tally.add("fim_parts");
      const whole: readonly FimPiece[] = [{ start: 0, end: bytes.length }];
      out.pieces(bytes, isCut ? fimPieces(bytes, 0, bytes.length, given.spm_rate, draws) : whole);
      return isCut;
    };

    /** Writes the files of a text, with what splits them; whether one is cut. */
    const writeFiles = (bytes: Buffer, mark: Buffer, draws: FimDraws, out: Writer): boolean => {
      const rate = draws.fraction() < given.rate ? (given.fragment_rate ?? 0) : 0;
      let isCut = false;
      let from = 0;
      for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, from)) {
        isCut = writePart(bytes.subarray(from, at), rate, draws, out) || isCut;
        out.token(mark);
        from = at + mark.length;
      }
      return writePart(bytes.subarray(from), rate, draws, out) || isCut;
    };

    return transform(
      (batch) => {
        const { data, offsets } = batch.text;
        const text = new Utf8Builder(int32At(offsets, batch.rows) + 64 * batch.rows, batch.rows, ARENA);
        const literals = new RangeListBuilder();
        const out = pieceWriter(tokens, text);
        const draw = open(batch);
        for (let row = 0; row < batch.rows; row++) {
          if (batch.alive.has(row)) {
            draw(row, words);
            const draws = new FimDraws([uint32At(words, 0), uint32At(words, 1)]);
            const start = int32At(offsets, row);
            const bytes = Buffer.from(data.buffer, data.byteOffset + start, int32At(offsets, row + 1) - start);
            const isCut =
              splitOn !== undefined && bytes.includes(splitOn)
                ? writeFiles(bytes, splitOn, draws, out)
                : writePart(bytes, given.rate, draws, out);
            tally.add("rows");
            if (isCut) tally.add("fim_rows");
            literals.append(out.ranges);
            out.ranges.length = 0;
          }
          text.endRow();
          literals.endRow();
        }
        return new Map<string, Column>([
          ["text", text.finish()],
          ["literal_ranges", literals.finish()],
        ]);
      },
      { finish: tally.finish },
    );
  },
  merge: addCounts,
  examples: [
    { text: "def f(): pass", options: { rate: 0 }, becomes: "def f(): pass" },
    { text: "def f(): pass", options: { rate: 0 }, writes: { literal_ranges: [0, 13] } },
  ],
});

function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.length >= prefix.length && bytes.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}
