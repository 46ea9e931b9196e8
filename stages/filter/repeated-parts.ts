/**
 * Finds parts of a text that repeat an earlier part of it, lines, paragraphs or files, and takes them out or drops the
 * text.
 *
 * With its default options it rewrites as DCLM's within-page deduplication of lines does. Invariant: the first of equal
 * parts stays, with the separators around it; nothing else changes. Price: 2 ns a byte and one new text column.
 */
import { z } from "zod";
import type { Utf8Column } from "../../batch/column.ts";
import { allocate } from "../../batch/memory.ts";
import { int32At, uint8At } from "../../batch/numbers.ts";
import { RepeatedParts } from "../../kernels/quality/repeated-parts.ts";
import { type Drop, defineStage, transform } from "../define.ts";

const options = z
  .strictObject({
    separator: z
      .string()
      .min(1)
      .default("\n")
      .describe(
        "what stands between parts: a newline for lines, two for paragraphs, a marker such as `<file_sep>` for files",
      ),
    compare: z
      .enum(["folded", "exact"])
      .default("folded")
      .describe("`folded`: without white space around a part, and in lower case; `exact`: byte for byte"),
    ignore_first_line: z
      .boolean()
      .default(false)
      .describe("compare what follows the first line of a part, so that files are equal whose names differ"),
    min_chars: z.int().min(0).default(1).describe("shorter parts are no repeats; of what is compared"),
    max_repeated_ratio: z
      .number()
      .min(0)
      .max(1)
      .nullable()
      .default(null)
      .describe("drop texts with a larger share of bytes in repeats; null: drop none"),
    remove: z.boolean().default(true).describe("take repeats out of the texts that stay"),
  })
  .refine(({ max_repeated_ratio, remove }) => remove || max_repeated_ratio !== null, {
    error: "does nothing: set `remove`, or give `max_repeated_ratio`",
  });

type Reason = "too_many_repeats";

export default defineStage({
  name: "filter/repeated-parts",
  version: 1,
  kind: "transform",
  summary: "Takes repeated lines, paragraphs or files out of each text, or drops texts with many of them.",
  reference: "DCLM, within_page_dedup",
  options,
  reads: ["text"],
  writes: ({ remove }) => (remove ? [{ name: "text", kind: "utf8" as const }] : []),
  reasons: ({ max_repeated_ratio }) =>
    max_repeated_ratio === null
      ? {}
      : { too_many_repeats: "the share of bytes in repeated parts is above max_repeated_ratio" },
  create: ({ separator, compare, ignore_first_line, min_chars, max_repeated_ratio, remove }) => {
    const between = Buffer.from(separator);
    const parts = new RepeatedParts({
      separator: between,
      folded: compare === "folded",
      withoutFirstLine: ignore_first_line,
      minChars: min_chars,
    });

    /** Whether the row that was read last stays. */
    const stays = (row: number, bytes: number, drop: Drop<Reason>): boolean => {
      if (max_repeated_ratio === null || parts.repeatedBytes <= max_repeated_ratio * bytes) return true;
      drop(row, "too_many_repeats", parts.repeatedBytes / bytes);
      return false;
    };
    /** Writes the parts that are no repeats to `out` at `at`, the separator between them; returns where they end. */
    const write = (bytes: Uint8Array, out: Uint8Array, at: number): number => {
      let to = at;
      for (let part = 0; part < parts.count; part++) {
        if (uint8At(parts.repeats, part) === 1) continue;
        if (part > 0) {
          out.set(between, to);
          to += between.length;
        }
        const [start, end] = [int32At(parts.starts, part), int32At(parts.ends, part)];
        out.set(bytes.subarray(start, end), to);
        to += end - start;
      }
      return to;
    };

    return transform<Reason>((batch, drop) => {
      const { text, rows, alive } = batch;
      const { data, offsets }: Utf8Column = text;
      const out = remove ? allocate(int32At(offsets, rows) - int32At(offsets, 0)) : new Uint8Array(0);
      const ends = new Int32Array(rows + 1);
      let to = 0;
      for (let row = 0; row < rows; row++) {
        const [start, end] = [int32At(offsets, row), int32At(offsets, row + 1)];
        if (alive.has(row)) {
          parts.read(data, start, end);
          if (stays(row, end - start, drop) && remove) to = write(data, out, to);
        }
        ends[row + 1] = to;
      }
      if (!remove) return new Map();
      return new Map([["text", { kind: "utf8", data: out.subarray(0, to), offsets: ends }]]);
    });
  },
  examples: [
    { text: "Home\nNews\nhome \n\nThe end.\n\n", becomes: "Home\nNews\n\nThe end.\n\n" },
    { text: "One.\n\nTwo.\n\nOne.", options: { separator: "\n\n" }, becomes: "One.\n\nTwo." },
    {
      text: "<file_sep>a.py\nprint(1)\n<file_sep>b.py\nprint(1)\n<file_sep>c.py\nprint(2)\n",
      options: { separator: "<file_sep>", compare: "exact", ignore_first_line: true },
      becomes: "<file_sep>a.py\nprint(1)\n<file_sep>c.py\nprint(2)\n",
    },
    { text: "Buy now\nBuy now\nBuy now", options: { max_repeated_ratio: 0.5 }, drops: "too_many_repeats" },
  ],
});
