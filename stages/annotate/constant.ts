/**
 * Gives every row the same value in a column: a licence, a subset's name, a label.
 *
 * Invariant: an integer is exact, whatever its size. Price: the column.
 */
import { z } from "zod";
import type { Column } from "../../batch/column.ts";
import { allocate } from "../../batch/memory.ts";
import { parseNumberText } from "../../kernels/json/json-number.ts";
import { annotate, defineStage } from "../define.ts";
import { newColumnOption } from "../new-column.ts";

const KINDS = ["utf8", "int32", "int64", "float32", "float64", "bool"] as const;
type Kind = (typeof KINDS)[number];
type Value = string | number | boolean;

function kindOf(value: Value, kind: Kind | undefined): Kind {
  if (kind !== undefined) return kind;
  if (typeof value === "string") return "utf8";
  if (typeof value === "boolean") return "bool";
  return Number.isSafeInteger(value) ? "int64" : "float64";
}

/** Whether a column of `kind` holds `value` as it is. */
function fits(value: Value, kind: Kind): boolean {
  const number = typeof value === "string" ? parseNumberText(value) : value;
  switch (kind) {
    case "utf8":
      return typeof value === "string";
    case "bool":
      return typeof value === "boolean";
    case "int32":
      return typeof number === "number" && (number | 0) === number;
    case "int64":
      return typeof number === "bigint" ? BigInt.asIntN(64, number) === number : Number.isSafeInteger(number);
    default:
      return typeof number === "number";
  }
}

const options = z
  .strictObject({
    column: newColumnOption,
    value: z
      .union([z.string(), z.number(), z.boolean()])
      .describe("the value; integers beyond 2^53 in quotes, with a kind"),
    kind: z
      .enum(KINDS)
      .optional()
      .describe(
        "kind of the column; by default what the value is: utf8, bool, int64 for integers, float64 for other numbers",
      ),
  })
  .refine(({ value, kind }) => fits(value, kindOf(value, kind)), {
    error: "a column of this kind cannot hold the value",
  });

/** A column of `rows` times `value`. */
function repeat(value: Value, kind: Kind, rows: number): Column {
  switch (kind) {
    case "utf8": {
      const bytes = new TextEncoder().encode(String(value));
      const data = allocate(bytes.length * rows);
      for (let row = 0; row < rows; row++) data.set(bytes, row * bytes.length);
      return { kind, data, offsets: Int32Array.from({ length: rows + 1 }, (_, row) => row * bytes.length) };
    }
    case "int32":
      return { kind, values: new Int32Array(rows).fill(Number(value)) };
    case "int64":
      return { kind, values: new BigInt64Array(rows).fill(BigInt(value)) };
    case "float32":
      return { kind, values: new Float32Array(rows).fill(Number(value)) };
    case "float64":
      return { kind, values: new Float64Array(rows).fill(Number(value)) };
    case "bool":
      return { kind, values: new Uint8Array(rows).fill(Number(value)) };
  }
}

export default defineStage({
  name: "annotate/constant",
  version: 1,
  kind: "annotate",
  summary: "Gives every row the same value in a column.",
  options,
  reads: [],
  writes: ({ column, value, kind }) => [{ name: column, kind: kindOf(value, kind) }],
  reasons: {},
  create: ({ column, value, kind }) =>
    annotate(({ rows }) => new Map([[column, repeat(value, kindOf(value, kind), rows)]])),
  examples: [
    { text: "", options: { column: "licence", value: "CC-BY-4.0" }, writes: { licence: "CC-BY-4.0" } },
    { text: "", options: { column: "stage", value: 2, kind: "int32" }, writes: { stage: 2 } },
    {
      text: "",
      options: { column: "snapshot", value: "9007199254740993", kind: "int64" },
      writes: { snapshot: 9007199254740993n },
    },
    { text: "", options: { column: "synthetic", value: true }, writes: { synthetic: true } },
  ],
});
