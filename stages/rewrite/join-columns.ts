/**
 * Makes the text of several columns: `Question: {title}\n{body}\n\nAnswer: {answer}`.
 *
 * Owns the template. Invariant: what stands between the names is in the text as it is in the template, texts of columns
 * byte for byte, numbers of JSON as they are written there. Price: a copy of the bytes; no string a row but for numbers
 * of typed columns.
 */
import { z } from "zod";
import { MAX_ROW_BYTES } from "../../batch/batch.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import { ARENA } from "../../batch/memory.ts";
import { type CellKind, type Cells, ColumnPath, isPath } from "../cells.ts";
import { type Drop, defineStage, transform } from "../define.ts";

/** A literal brace, a name in braces, or text without any. */
const PIECE = /\{\{|\}\}|\{([^{}]+)\}|[^{}]+/g;

interface Piece {
  readonly name?: string;
  readonly literal: string;
}

/** The pieces of a template; undefined where a brace stands alone. */
function piecesOf(template: string): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  let end = 0;
  for (const { 0: text, 1: name, index } of template.matchAll(PIECE)) {
    if (index !== end) return undefined;
    end += text.length;
    if (name !== undefined) pieces.push({ name: name.trim(), literal: "" });
    else pieces.push({ literal: text === "{{" ? "{" : text === "}}" ? "}" : text });
  }
  return end === template.length ? pieces : undefined;
}

function namesIn(template: string): string[] {
  const names = (piecesOf(template) ?? []).flatMap(({ name }) => (name === undefined ? [] : [name]));
  return [...new Set(names)];
}

const options = z.strictObject({
  template: z
    .string()
    .refine((template) => piecesOf(template) !== undefined, "a brace stands alone: write {{ or }} for one of text")
    .refine((template) => namesIn(template).length > 0, "no column is named: write its name in braces, {title}")
    .describe(
      "text with names of columns, or of paths into columns of JSON, in braces; a number in a path is a place in a list, from 0; {{ and }} are braces of text",
    ),
  missing: z
    .enum(["empty", "drop"])
    .default("drop")
    .describe("rows in which a named column has no value: leave its place `empty`, or `drop` them"),
});

const REASONS = {
  missing_value: "a column that the template names has no value",
  not_json: "a column that a path leads into holds no JSON",
  too_large: "the text would be larger than a row may be",
};
type Reason = keyof typeof REASONS;

/** A part of the template over a batch: a literal, or the cells of a column. */
interface Part {
  readonly name: string | undefined;
  readonly literal: Uint8Array;
  readonly cells: Cells | undefined;
}

export default defineStage({
  name: "rewrite/join-columns",
  version: 2,
  kind: "transform",
  summary: "Makes the text of several columns by a template.",
  options,
  reads: ({ template }) => namesIn(template),
  writes: [{ name: "text", kind: "utf8" }],
  reasons: ({ template, missing }) => ({
    ...(missing === "drop" && { missing_value: REASONS.missing_value }),
    ...(namesIn(template).some(isPath) && { not_json: REASONS.not_json }),
    too_large: REASONS.too_large,
  }),
  create: ({ template, missing }) => {
    const encoder = new TextEncoder();
    const pieces = (piecesOf(template) ?? []).map(({ name, literal }) => ({
      path: name === undefined ? undefined : new ColumnPath(name, true),
      literal: encoder.encode(literal),
    }));
    const digits = new Uint8Array(1024);

    /** Adds what `cells` has read; the reason why that cannot be. */
    const addValue = (out: Utf8Builder, kind: CellKind, cells: Cells): Reason | undefined => {
      if (kind === "broken") return "not_json";
      if (kind === "null") return missing === "drop" ? "missing_value" : undefined;
      const { bytes, start, end } = cells;
      if (kind === "bool" || (kind === "number" && start === end)) {
        const text = String(kind === "bool" ? cells.bool : cells.number);
        out.appendPart(digits.subarray(0, encoder.encodeInto(text, digits).written));
      } else {
        out.appendPart(bytes.subarray(start, end));
      }
      return undefined;
    };

    const join = (row: number, out: Utf8Builder, parts: readonly Part[], drop: Drop<Reason>) => {
      for (const { name, literal, cells } of parts) {
        const reason = cells === undefined ? undefined : addValue(out, cells.read(row), cells);
        if (cells === undefined) out.appendPart(literal);
        if (reason === undefined && out.openBytes <= MAX_ROW_BYTES) continue;
        drop(row, reason ?? "too_large", reason === undefined ? out.openBytes : undefined, name);
        return out.dropParts();
      }
    };

    return transform<Reason>((batch, drop) => {
      const parts = pieces.map(({ path, literal }): Part => ({ name: path?.name, literal, cells: path?.of(batch) }));
      const out = new Utf8Builder(batch.text.data.length, batch.rows, ARENA);
      for (let row = 0; row < batch.rows; row++) {
        if (batch.alive.has(row)) join(row, out, parts, drop);
        out.endRow();
      }
      return new Map([["text", out.finish()]]);
    });
  },
  examples: [
    {
      columns: { title: "Why is the sky blue?", answer: "Short waves scatter more." },
      options: { template: "Question: {title}\n\nAnswer: {answer}" },
      becomes: "Question: Why is the sky blue?\n\nAnswer: Short waves scatter more.",
    },
    {
      columns: { meta: '{"title":"Set theory","year":1908}', text: "Let x be a set." },
      options: { template: "{{{meta.title}, {meta.year}}}\n{text}" },
      becomes: "{Set theory, 1908}\nLet x be a set.",
    },
    {
      columns: { text: "Why?", answers: '[{"by":"a","text":"So."},{"by":"b","text":"No."}]' },
      options: { template: "{text} {answers.1.text}" },
      becomes: "Why? No.",
    },
    { columns: { title: null, text: "Body." }, options: { template: "{title}\n{text}" }, drops: "missing_value" },
    {
      columns: { title: null, text: "Body." },
      options: { template: "{title}\n{text}", missing: "empty" },
      becomes: "\nBody.",
    },
    { columns: { meta: "title: none" }, options: { template: "{meta.title}" }, drops: "not_json" },
  ],
});
