/**
 * Removes lines that consist of symbols alone.
 *
 * Invariant: line ends become line feeds, and one at the end of a text is lost, as they do in datatrove; a text that
 * has nothing of the kind is not copied. Price: 3 ns a byte. Its state counts rows that change and lines that
 * go.
 */
import { z } from "zod";
import { int32At } from "../../batch/numbers.ts";
import { CodePointSet } from "../../kernels/quality/marks.ts";
import { SymbolLines } from "../../kernels/quality/symbol-lines.ts";
import { addCounts, Tally } from "../chat/counts.ts";
import { defineStage, rewrite } from "../define.ts";
import { EditedText } from "./edited-text.ts";

const options = z.strictObject({
  symbols: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      "characters below U+20000 that are symbols, beside the space; null: datatrove's 281 of punctuation and controls",
    ),
  replacement: z
    .string()
    .default("")
    .describe("line that stands for each run of lines that are removed; none where it is empty"),
});

/** The characters of a text as a set. */
function setOf(symbols: string): CodePointSet {
  return new CodePointSet([...symbols].map((symbol) => (symbol.codePointAt(0) ?? 0).toString(16)).join(" "));
}

export default defineStage({
  name: "rewrite/symbol-lines",
  version: 1,
  kind: "rewrite",
  summary: "Removes lines that consist of symbols alone.",
  reference: "datatrove 0.10.1 SymbolLinesFormatter",
  options,
  reads: ["text"],
  writes: [],
  reasons: {},
  create: ({ symbols, replacement }) => {
    const lines = symbols === null ? new SymbolLines() : new SymbolLines(setOf(symbols));
    const instead = new TextEncoder().encode(replacement);
    const tally = new Tally(["rows", "changed_rows", "removed_lines"]);
    return rewrite(
      (batch) => {
        const { data, offsets } = batch.text;
        const edited = new EditedText(batch.text);
        for (let row = 0; row < batch.rows; row++) {
          if (!batch.alive.has(row)) continue;
          tally.add("rows");
          if (!lines.open(data, int32At(offsets, row), int32At(offsets, row + 1))) continue;
          tally.add("changed_rows");
          tally.add("removed_lines", lines.removed);
          edited.begin(row);
          lines.write((part) => edited.write(part), instead);
          edited.end();
        }
        return edited.finish();
      },
      { finish: tally.finish },
    );
  },
  merge: addCounts,
  examples: [
    { text: "-\n-\n>> A list\n|\n|\n- of things\n|\n\nend", becomes: ">> A list\n- of things\n\nend" },
    { text: "One\n* * *\n***\nTwo\r\n", options: { replacement: "" }, becomes: "One\nTwo" },
    { text: "One\n* * *\n***\nTwo", options: { replacement: "§" }, becomes: "One\n§\nTwo" },
    { text: "One\n===\n***\nTwo", options: { symbols: "=" }, becomes: "One\n***\nTwo" },
  ],
});
