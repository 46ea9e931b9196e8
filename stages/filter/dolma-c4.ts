/**
 * Dolma's C4 rules: drops pages of code and placeholders and, with a list, of bad words; of the others it takes out
 * lines that are short or do not end a sentence.
 *
 * Exact to the tagger `c4_v2` and the mixing file of Dolma's replication of C4. It differs from `filter/c4-quality`:
 * JavaScript drops the page, an ellipsis ends a sentence, an apostrophe does not, and no sentences are counted.
 * Invariant: lines that stay are unchanged, with their newlines; a page may be left without any. Price: 4 ns a byte and
 * one new text column.
 */
import { z } from "zod";
import { Utf8Builder } from "../../batch/builder.ts";
import { int32At, uint8At } from "../../batch/numbers.ts";
import { ByteStrings } from "../../kernels/byte-strings.ts";
import { strip } from "../../kernels/lines.ts";
import { lowerText } from "../../kernels/lower-case.ts";
import { TextBuffer } from "../../kernels/normalize.ts";
import { WordHits } from "../../kernels/quality/word-hits.ts";
import { WordRanges } from "../../kernels/words/types.ts";
import { splitWords } from "../../kernels/words/white-space.ts";
import { type AssetRef, type Assets, assetPath, defineStage, transform } from "../define.ts";

const options = z.strictObject({
  filter_curly_bracket: z.boolean().default(true).describe("drop pages that hold `{`"),
  filter_lorem_ipsum: z.boolean().default(true).describe("drop pages that hold `lorem ipsum`"),
  filter_javascript: z.boolean().default(true).describe("drop pages that mention javascript"),
  bad_words: assetPath()
    .nullable()
    .default(null)
    .describe("file of words and phrases, one a line in lower case: pages with one go; null: none"),
  filter_no_terminal_punct: z.boolean().default(true).describe('remove lines that do not end in . ? ! or "'),
  min_words_per_line: z
    .int()
    .min(0)
    .nullable()
    .default(3)
    .describe("remove lines of fewer words between white space; null turns the rule off"),
});

const reasons = {
  curly_bracket: "the text holds `{`",
  lorem_ipsum: "the text holds `lorem ipsum`",
  javascript: "the text mentions javascript",
  bad_word: "the text holds a word of the list",
};
type Reason = keyof typeof reasons;

const NEWLINE = 0x0a;
const END_MARKS: ReadonlySet<number> = new Set(Buffer.from('.?!"'));

/** Words that must be words of the text, and phrases that may stand anywhere in it. */
class BadWords {
  readonly #words: ByteStrings;
  readonly #phrases: WordHits;

  constructor(list: AssetRef, assets: Assets) {
    const lines = Buffer.from(assets.bytes(list))
      .toString("utf8")
      .split("\n")
      .filter((line) => line !== "");
    this.#words = ByteStrings.of(lines.filter((line) => !line.includes(" ")));
    this.#phrases = new WordHits(
      lines.filter((line) => line.includes(" ")).map((line) => Buffer.from(line)),
      false,
    );
  }

  areIn({ bytes, length }: TextBuffer, words: WordRanges): boolean {
    splitWords(bytes, 0, length, words);
    for (let word = 0; word < words.count; word++) {
      if (this.#words.has(bytes, int32At(words.starts, word), int32At(words.ends, word))) return true;
    }
    return this.#phrases.find(bytes, length) !== undefined;
  }
}

const PROSE = "The ferry left at seven. Nobody waved.\n";

export default defineStage({
  name: "filter/dolma-c4",
  version: 1,
  kind: "transform",
  summary: "Drops pages of code and placeholders, and removes short and unfinished lines, by Dolma's C4 rules.",
  reference: "Dolma, Soldaini et al. 2024; toolkit 1.2.1, tagger c4_v2 and configs/c4-replication",
  options,
  reads: ["text"],
  writes: [{ name: "text", kind: "utf8" }],
  reasons: ({ filter_curly_bracket, filter_lorem_ipsum, filter_javascript, bad_words }) => ({
    ...(filter_curly_bracket && { curly_bracket: reasons.curly_bracket }),
    ...(filter_lorem_ipsum && { lorem_ipsum: reasons.lorem_ipsum }),
    ...(filter_javascript && { javascript: reasons.javascript }),
    ...(bad_words !== null && { bad_word: reasons.bad_word }),
  }),
  create: (given, { assets }) => {
    const lower = new TextBuffer();
    const words = new WordRanges();
    const range = new Int32Array(2);
    let badWords: BadWords | undefined;

    const reasonOf = (): Reason | undefined => {
      const text = Buffer.from(lower.bytes.buffer, lower.bytes.byteOffset, lower.length);
      if (given.filter_curly_bracket && text.includes("{")) return "curly_bracket";
      if (given.filter_lorem_ipsum && text.includes("lorem ipsum")) return "lorem_ipsum";
      if (given.filter_javascript && text.includes("javascript")) return "javascript";
      if (given.bad_words === null) return undefined;
      badWords ??= new BadWords(given.bad_words, assets);
      return badWords.areIn(lower, words) ? "bad_word" : undefined;
    };
    const stays = (bytes: Uint8Array, start: number, end: number): boolean => {
      strip(bytes, start, end, range);
      const [from, to] = [int32At(range, 0), int32At(range, 1)];
      if (given.filter_no_terminal_punct && (from === to || !END_MARKS.has(uint8At(bytes, to - 1)))) return false;
      if (given.min_words_per_line === null) return true;
      splitWords(bytes, from, to, words);
      return words.count >= given.min_words_per_line;
    };

    return transform<Reason>((batch, drop) => {
      const { data, offsets } = batch.text;
      const texts = new Utf8Builder(data.length, batch.rows);
      for (let row = 0; row < batch.rows; row++) {
        const [start, end] = [int32At(offsets, row), int32At(offsets, row + 1)];
        if (batch.alive.has(row)) {
          lowerText(data, start, end, lower);
          const reason = reasonOf();
          if (reason !== undefined) drop(row, reason);
          else {
            for (let from = start; from < end; ) {
              const found = data.indexOf(NEWLINE, from);
              const lineEnd = found < 0 || found >= end ? end : found;
              const next = Math.min(lineEnd + 1, end);
              if (stays(data, from, lineEnd)) texts.appendPart(data.subarray(from, next));
              from = next;
            }
          }
        }
        texts.endRow();
      }
      return new Map([["text", texts.finish()]]);
    });
  },
  examples: [
    { text: `Home | Shop\n${PROSE}Too short.\n`, becomes: PROSE },
    { text: `${PROSE}if (x) { y; }`, drops: "curly_bracket" },
    { text: `${PROSE}Lorem ipsum dolor.`, drops: "lorem_ipsum" },
    { text: `${PROSE}Please turn JavaScript on.`, drops: "javascript" },
    { text: `${PROSE}What a load of bilge this is.`, options: { bad_words: "data:,bilge" }, drops: "bad_word" },
    { text: PROSE, keeps: true },
  ],
});
