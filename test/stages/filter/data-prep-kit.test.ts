/** Golden numbers of data-prep-kit on ten pages of Common Crawl: another implementation of the same line and paragraph rules. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { countCodePoints } from "../../../kernels/lines.ts";
import { LineMeasures, RepeatedPieces } from "../../../kernels/quality/lines.ts";
import { CodePointSet } from "../../../kernels/quality/marks.ts";
import { parquetRows, samplesMissing } from "./samples.ts";

const encoder = new TextEncoder();
const close = (actual: number, expected: unknown, what: string) => {
  assert.ok(typeof expected === "number" && Math.abs(actual - expected) < 1e-12, `${what}: ${actual}, not ${expected}`);
};

test("repeated lines and paragraphs", async (t) => {
  if (samplesMissing !== undefined) return t.skip(samplesMissing);
  const rows = await parquetRows("conformance/dpk/gopher_repetition_annotator/expected/test1.parquet");
  assert.equal(rows.length, 10);
  const pieces = new RepeatedPieces();
  for (const [i, row] of rows.entries()) {
    const bytes = encoder.encode(String(row.text));
    const chars = countCodePoints(bytes, 0, bytes.length);
    pieces.measureLines(bytes, 0, bytes.length);
    close(pieces.duplicates / pieces.pieces, row.dup_line_frac, `row ${i} dup_line_frac`);
    close(pieces.duplicateChars / chars, row.dup_line_char_frac, `row ${i} dup_line_char_frac`);
    pieces.measureParagraphs(bytes, 0, bytes.length);
    close(pieces.duplicates / pieces.pieces, row.dup_para_frac, `row ${i} dup_para_frac`);
    close(pieces.duplicateChars / chars, row.dup_para_char_frac, `row ${i} dup_para_char_frac`);
  }
});

test("FineWeb's line rules, with its five terminal marks", async (t) => {
  if (samplesMissing !== undefined) return t.skip(samplesMissing);
  const rows = await parquetRows("conformance/dpk/fineweb_quality_annotator/expected/test1.parquet");
  assert.equal(rows.length, 10);
  const lines = new LineMeasures();
  const marks = new CodePointSet("2e 3f 21 22 27");
  for (const [i, row] of rows.entries()) {
    const bytes = encoder.encode(String(row.text));
    lines.measure(bytes, 0, bytes.length, marks, 30);
    close(lines.terminalLines / lines.lines, row.frac_line_punct, `row ${i} frac_line_punct`);
    close(lines.shortLines / lines.lines, row.short_line_frac, `row ${i} short_line_frac`);
    close(lines.duplicateChars / lines.chars, row.dup_line_char_frac, `row ${i} dup_line_char_frac`);
  }
});
