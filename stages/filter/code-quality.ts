/**
 * Judges source files: lines too long to have been typed, few letters, data written out, files that tools wrote or that
 * come from elsewhere.
 *
 * The rules and bounds are StarCoder2's, with which The Stack v2 and so Stack-Edu were filtered; which paths and marks
 * speak of tools and of other projects is what GitHub's Linguist goes by. Exceptions for languages need
 * `language_column`, paths need `path_column`. Invariant: lengths are characters, lines are Python's. Price: 6 ns a
 * byte.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { int32At } from "../../batch/numbers.ts";
import { EncodedData } from "../../kernels/code/encoded-data.ts";
import { isGeneratedPath, isVendoredPath, mayBeMinified } from "../../kernels/code/file-paths.ts";
import { generatedMark } from "../../kernels/code/generated.ts";
import { CodeMeasures } from "../../kernels/code/measures.ts";
import { ColumnPath } from "../cells.ts";
import { defineStage, filter } from "../define.ts";
import { above, below, ratioBound as bound } from "./bounds.ts";

const languages = (names: readonly string[]) => z.array(z.string()).default([...names]);

const options = z.strictObject({
  language_column: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      "column, or path into JSON, with each file's language as The Stack v2 spells it; null: none is an exception",
    ),
  path_column: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("column, or path into JSON, with each file's path in its repository; null: paths say nothing"),
  max_lines: bound.default(100_000).describe("lines of a file; null turns the rule off"),
  max_mean_line_chars: bound.default(100).describe("mean characters of lines; null turns the rule off"),
  max_line_chars: bound.default(1000).describe("characters of the longest line; null turns the rule off"),
  long_line_languages: languages([
    "HTML",
    "JSON",
    "Markdown",
    "Roff",
    "Roff Manpage",
    "SMT",
    "TeX",
    "Text",
    "XML",
  ]).describe("languages whose lines may be longer: the two rules before do not count for them, the next one does"),
  max_long_line_chars: bound
    .default(100_000)
    .describe("characters of the longest line in those; null turns the rule off"),
  min_alphabetic_ratio: bound.default(0.25).describe("share of letters among characters; null turns the rule off"),
  alphanumeric_languages: languages(["Motorola 68K Assembly", "WebAssembly"]).describe(
    "languages in which letters and digits count for the rule before",
  ),
  min_alphanumeric_ratio: bound
    .default(null)
    .describe(
      "share of letters and digits, in every language; The Stack's first filter has 0.25; null turns the rule off",
    ),
  data_languages: languages(["Text", "JSON", "YAML", "Web Ontology Language", "Graphviz (DOT)"]).describe(
    "languages that are data more often than not",
  ),
  max_data_lines: bound.default(512).describe("lines of a file in those; null turns the rule off"),
  max_encoded_chars: bound
    .default(1024)
    .describe("characters of the longest piece of base64, hexadecimal bytes or escapes; null turns the rule off"),
  max_encoded_ratio: bound.default(0.5).describe("share of characters in such pieces; null turns the rule off"),
  filter_generated: z
    .boolean()
    .default(true)
    .describe("drop files that say, or whose path says, that a tool wrote them"),
  filter_vendored: z.boolean().default(true).describe("drop files whose path says that they come from another project"),
  filter_minified: z
    .boolean()
    .default(true)
    .describe("drop scripts and style sheets with more than 110 characters a line, or a source map in the last lines"),
});
type Options = z.output<typeof options>;

const reasons = {
  empty: "the text has no characters",
  too_many_lines: "more lines than max_lines, or max_data_lines in languages of data",
  lines_too_long: "mean characters of lines are above max_mean_line_chars",
  line_too_long: "the longest line is above max_line_chars, or max_long_line_chars where lines may be longer",
  minified: "the file was made small by a tool",
  generated: "the file was written by a tool",
  vendored: "the path is of a copy from another project",
  too_few_letters: "share of letters is below min_alphabetic_ratio",
  too_few_alphanumerics: "share of letters and digits is below min_alphanumeric_ratio",
  encoded_data: "data is written out: longer than max_encoded_chars, or more than max_encoded_ratio of the file",
};
type Reason = keyof typeof reasons;
type Verdict = readonly [reason: Reason, value: number, detail?: string];

/** GitHub's Linguist calls scripts with more characters a line minified. */
const MINIFIED_LINE_CHARS = 110;

/** The texts of a column that may be none. */
function textsOf(path: ColumnPath | undefined, batch: Batch): (row: number) => string {
  if (path === undefined) return () => "";
  const cells = path.of(batch);
  return (row) =>
    cells.read(row) === "text" ? Buffer.from(cells.bytes.subarray(cells.start, cells.end)).toString("utf8") : "";
}

/** Judges one file at a time. */
class Judge {
  readonly #options: Options;
  readonly #longLines: ReadonlySet<string>;
  readonly #alphanumeric: ReadonlySet<string>;
  readonly #data: ReadonlySet<string>;
  readonly #code = new CodeMeasures();
  readonly #encoded = new EncodedData();

  constructor(options: Options) {
    this.#options = options;
    this.#longLines = new Set(options.long_line_languages);
    this.#alphanumeric = new Set(options.alphanumeric_languages);
    this.#data = new Set(options.data_languages);
  }

  verdict(bytes: Uint8Array, start: number, end: number, language: string, path: string): Verdict | undefined {
    if (start === end) return ["empty", 0];
    this.#code.measure(bytes, start, end);
    return (
      this.#ofLines(language) ??
      this.#ofOrigin(bytes, start, end, language, path) ??
      this.#ofCharacters(language) ??
      this.#ofData(bytes, start, end)
    );
  }

  #ofLines(language: string): Verdict | undefined {
    const { lines, chars, longest } = this.#code;
    const { max_lines, max_data_lines, max_mean_line_chars, max_line_chars, max_long_line_chars } = this.#options;
    if (above(lines, max_lines) || (this.#data.has(language) && above(lines, max_data_lines))) {
      return ["too_many_lines", lines];
    }
    if (this.#longLines.has(language)) {
      return above(longest, max_long_line_chars) ? ["line_too_long", longest] : undefined;
    }
    const mean = chars / lines;
    if (above(mean, max_mean_line_chars)) return ["lines_too_long", mean];
    return above(longest, max_line_chars) ? ["line_too_long", longest] : undefined;
  }

  #ofOrigin(bytes: Uint8Array, start: number, end: number, language: string, path: string): Verdict | undefined {
    const { filter_minified, filter_generated, filter_vendored } = this.#options;
    if (filter_minified && (language === "JavaScript" || language === "CSS" || mayBeMinified(path))) {
      const mean = this.#code.chars / this.#code.lines;
      if (mean > MINIFIED_LINE_CHARS) return ["minified", mean];
      if (this.#code.endsWithSourceMap(bytes, start, end)) return ["minified", mean, "source map"];
    }
    if (filter_generated) {
      if (path !== "" && isGeneratedPath(path)) return ["generated", 1, path];
      const mark = generatedMark(bytes, start, end);
      if (mark !== undefined) return ["generated", 1, mark];
    }
    return filter_vendored && path !== "" && isVendoredPath(path) ? ["vendored", 1, path] : undefined;
  }

  #ofCharacters(language: string): Verdict | undefined {
    const { letters, alphanumerics, allChars } = this.#code;
    const counted = (this.#alphanumeric.has(language) ? alphanumerics : letters) / allChars;
    if (below(counted, this.#options.min_alphabetic_ratio)) return ["too_few_letters", counted];
    const both = alphanumerics / allChars;
    return below(both, this.#options.min_alphanumeric_ratio) ? ["too_few_alphanumerics", both] : undefined;
  }

  #ofData(bytes: Uint8Array, start: number, end: number): Verdict | undefined {
    const { max_encoded_chars, max_encoded_ratio } = this.#options;
    if (max_encoded_chars === null && max_encoded_ratio === null) return undefined;
    this.#encoded.measure(bytes, start, end);
    const { longest, matched } = this.#encoded;
    if (above(longest, max_encoded_chars)) return ["encoded_data", longest];
    const ratio = matched / this.#code.allChars;
    return above(ratio, max_encoded_ratio) ? ["encoded_data", ratio] : undefined;
  }
}

const CODE = "def area(width, height):\n    return width * height\n";

export default defineStage({
  name: "filter/code-quality",
  version: 1,
  kind: "filter",
  summary:
    "Drops source files with long lines, few letters or encoded data, and generated, minified and vendored ones.",
  reference: "StarCoder 2 and The Stack v2, Lozhkov et al. 2024, section 2.1; GitHub Linguist",
  options,
  reads: ({ language_column, path_column }) => [
    "text",
    ...[language_column, path_column].filter((column) => column !== null),
  ],
  writes: [],
  reasons,
  create: (options) => {
    const { language_column, path_column } = options;
    const judge = new Judge(options);
    const language = language_column === null ? undefined : new ColumnPath(language_column);
    const path = path_column === null ? undefined : new ColumnPath(path_column);
    return filter<Reason>((batch, drop) => {
      const { data, offsets } = batch.text;
      const [languageOf, pathOf] = [textsOf(language, batch), textsOf(path, batch)];
      batch.alive.forEach((row) => {
        const [start, end] = [int32At(offsets, row), int32At(offsets, row + 1)];
        const verdict = judge.verdict(data, start, end, languageOf(row), pathOf(row));
        if (verdict !== undefined) drop(row, ...verdict);
      });
    });
  },
  examples: [
    { text: CODE, keeps: true },
    { text: `x = [${"1, ".repeat(400)}]`, drops: "lines_too_long" },
    { text: `${CODE.repeat(20)}x = "${"ab ".repeat(400)}"`, drops: "line_too_long" },
    { text: `# This file is automatically generated.\n${CODE}`, drops: "generated" },
    {
      columns: { text: CODE, path: "src/vendor/area.py" },
      options: { path_column: "path" },
      drops: "vendored",
    },
    {
      columns: { text: `${"var a=1;".repeat(20)}\n`, language: "JavaScript" },
      options: { language_column: "language", max_mean_line_chars: null },
      drops: "minified",
    },
    { text: "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n", drops: "too_few_letters" },
    { text: `key = """\n${`${"QUJDREVGR0hJSktMTU5PUFFS".repeat(3)}\n`.repeat(20)}"""\n`, drops: "encoded_data" },
    { text: "", drops: "empty" },
    {
      columns: { text: "<p>words</p> ".repeat(90), language: "HTML" },
      options: { language_column: "language" },
      keeps: true,
    },
  ],
});
