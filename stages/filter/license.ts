/**
 * Keeps files under licences that allow their use: by a column, as The Stack and Stack-Edu have it, and by what the
 * first lines of a file say.
 *
 * Invariant: a column's list of licences is allowed where each of them is, for a file is under all that were found in
 * it; the header is looked at too, since a repository's licence is not always that of each file. Price: a microsecond a
 * row.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { int32At } from "../../batch/numbers.ts";
import { allows, licenseInHeader } from "../../kernels/code/license.ts";
import { ColumnPath } from "../cells.ts";
import { defineStage, filter } from "../define.ts";

/** Licences that ask for no more than that they are named. */
const PERMISSIVE = (
  "MIT MIT-0 Apache-2.0 BSD-2-Clause BSD-3-Clause BSD-3-Clause-Clear BSD-4-Clause 0BSD ISC Zlib libpng-2.0 " +
  "BSL-1.0 Unlicense CC0-1.0 WTFPL PSF-2.0 Python-2.0 PostgreSQL NCSA X11 curl Unicode-DFS-2016 " +
  "BlueOak-1.0.0 UPL-1.0 ECL-2.0 AFL-3.0 MS-PL Artistic-2.0 CC-BY-4.0"
).split(" ");

const options = z
  .strictObject({
    column: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe("column, or path into JSON, with the licence of each file or a list of them; null: none"),
    header_lines: z
      .int()
      .min(0)
      .default(40)
      .describe("first lines of the text in which an SPDX identifier or a well known notice is looked for; 0: none"),
    allow: z
      .array(z.string().min(1))
      .min(1)
      .default(PERMISSIVE)
      .describe("SPDX names of licences that stay; case does not count"),
    missing: z.enum(["keep", "drop"]).default("keep").describe("files for which neither names a licence"),
  })
  .refine(({ column, header_lines }) => column !== null || header_lines > 0, {
    error: "looks nowhere: give `column`, `header_lines` or both",
  });

const REASONS = {
  license_not_allowed: "a licence of the file is not in allow",
  no_license: "neither the column nor the header names a licence",
};

/** The licences that a column names, by row. */
function licensesOf(path: ColumnPath | undefined, batch: Batch): (row: number) => readonly string[] {
  if (path === undefined) return () => [];
  const cells = path.of(batch);
  return (row) => {
    const kind = cells.read(row);
    if (kind !== "text" && kind !== "nested") return [];
    const text = Buffer.from(cells.bytes.subarray(cells.start, cells.end)).toString("utf8");
    return text.startsWith("[") ? listed(text) : text === "" ? [] : [text];
  };
}

/** The texts of a JSON list; what is no list is one licence, which no name allows. */
function listed(text: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value.filter((name) => name !== null).map(String);
  } catch {
    // A text that begins with a bracket and is no JSON.
  }
  return [text];
}

export default defineStage({
  name: "filter/license",
  version: 1,
  kind: "filter",
  summary: "Keeps files whose licences are on a list, by a column and by their first lines.",
  reference: "SPDX licence expressions 2.3; The Stack, Kocetkov et al. 2022",
  options,
  reads: ({ column }) => ["text", ...(column === null ? [] : [column])],
  writes: [],
  reasons: ({ missing }) => ({
    license_not_allowed: REASONS.license_not_allowed,
    ...(missing === "drop" && { no_license: REASONS.no_license }),
  }),
  create: ({ column, header_lines, allow, missing }) => {
    const allowed = new Set(allow.map((name) => name.toLowerCase()));
    const path = column === null ? undefined : new ColumnPath(column);
    return filter<keyof typeof REASONS>((batch, drop) => {
      const { data, offsets } = batch.text;
      const columnLicenses = licensesOf(path, batch);
      batch.alive.forEach((row) => {
        const header =
          header_lines === 0
            ? undefined
            : licenseInHeader(data, int32At(offsets, row), int32At(offsets, row + 1), header_lines);
        const licenses = [...columnLicenses(row), ...(header === undefined ? [] : [header])];
        const other = licenses.find((license) => !allows(license, allowed));
        if (other !== undefined) drop(row, "license_not_allowed", 1, other);
        else if (licenses.length === 0 && missing === "drop") drop(row, "no_license", 0);
      });
    });
  },
  examples: [
    { text: "// SPDX-License-Identifier: MIT OR GPL-2.0-only\nint main() {}\n", keeps: true },
    { text: "/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */\n", drops: "license_not_allowed" },
    { text: '# Licensed under the Apache License,\n# Version 2.0 (the "License")\n', keeps: true },
    {
      columns: { text: "int main() {}", detected_licenses: '["MIT","GPL-3.0"]' },
      options: { column: "detected_licenses" },
      drops: "license_not_allowed",
    },
    { text: "int main() {}", options: { missing: "drop" }, drops: "no_license" },
  ],
});
