/** Rows as plain values and the batch columns they are, for tests of writers; a fixed sample with every type. */
import { Utf8Builder } from "../../../batch/builder.ts";
import type { Column } from "../../../batch/column.ts";
import type { OutputCodec } from "../../../io/codecs/block-encoder.ts";
import { blockEncoder } from "../../../io/codecs/encoder.ts";
import { JsonlWriter } from "../../../io/formats/jsonl-writer.ts";
import { type ParquetOptions, type ParquetSummary, ParquetWriter } from "../../../io/formats/parquet-writer.ts";
import { jsonText } from "../../../kernels/json/json-text.ts";
import type { OutputField, OutputType } from "../../../kernels/output-schema.ts";

export type Row = Readonly<Record<string, unknown>>;

const TEXT: OutputType = { kind: "utf8" };
const MESSAGES: OutputType = {
  kind: "list",
  of: {
    kind: "struct",
    fields: [
      { name: "content", type: TEXT },
      { name: "role", type: TEXT },
    ],
  },
};

/** SmolTalk2's columns, and one of every flat kind. */
export const FIELDS: readonly OutputField[] = [
  { name: "id", type: TEXT },
  { name: "text", type: TEXT },
  { name: "language", type: TEXT },
  { name: "score", type: { kind: "float64" } },
  { name: "ratio", type: { kind: "float32" } },
  { name: "tokens", type: { kind: "int32" } },
  { name: "size_bytes", type: { kind: "int64" } },
  { name: "kept", type: { kind: "bool" } },
  { name: "messages", type: MESSAGES },
  {
    name: "chat_template_kwargs",
    type: {
      kind: "struct",
      fields: [
        { name: "custom_instructions", type: TEXT },
        { name: "enable_thinking", type: { kind: "bool" } },
        { name: "python_tools", type: { kind: "list", of: TEXT } },
        { name: "xml_tools", type: { kind: "list", of: TEXT } },
      ],
    },
  },
  { name: "grid", type: { kind: "list", of: { kind: "list", of: { kind: "int64" } } } },
];

const WORDS = ["Wasser", "naïve", "\u{1f600}", 'say "so"', "back\\slash", "line\nline", "日本語", "tab\t"];

/** Row `i` of a sample without end; the same for ever, because golden files hold it. */
export function sampleRow(i: number): Row {
  const text = Array.from({ length: i % 23 }, (_, j) => WORDS[(i * 7 + j * 3) % WORDS.length]).join(" ");
  return {
    id: `sample/${String(i).padStart(6, "0")}`,
    text: i % 17 === 5 ? null : text,
    language: i % 29 === 3 ? null : ["de", "en", "ja"][i % 3],
    score: i % 13 === 4 ? null : (i - 50) / 7,
    ratio: i % 11 === 1 ? null : Math.fround(i / 9),
    tokens: i % 19 === 2 ? null : (i * 1_234_567) % 2 ** 31,
    size_bytes: i % 31 === 7 ? null : BigInt(i % 1000) * 9_007_199_254_740_993n * (i % 2 === 0 ? 1n : -1n),
    kept: i % 7 === 6 ? null : i % 2 === 0,
    messages:
      i % 9 === 8
        ? null
        : Array.from({ length: i % 4 }, (_, j) => ({
            content: `${WORDS[(i + j) % WORDS.length]} ${i}`,
            role: j % 2 === 0 ? "user" : "assistant",
          })),
    chat_template_kwargs:
      i % 10 === 9
        ? null
        : {
            custom_instructions: i % 3 === 0 ? null : `be brief, ${i % 5}`,
            enable_thinking: i % 2 === 1,
            python_tools: i % 4 === 0 ? [] : null,
            xml_tools: [`<tool>${i % 6}</tool>`, null, ""].slice(0, i % 4),
          },
    grid: i % 6 === 5 ? null : [[], [BigInt(i), null, -(2n ** 63n)], null].slice(0, i % 4),
  };
}

/** Rows as columns; nested values as JSON text. */
export function columnsFrom(fields: readonly OutputField[], rows: readonly Row[]): Map<string, Column> {
  return new Map(
    fields.map(({ name, type }) => [
      name,
      columnFrom(
        type,
        rows.map((row) => row[name] ?? null),
      ),
    ]),
  );
}

function columnFrom(type: OutputType, values: readonly unknown[]): Column {
  const validity = new Uint8Array((values.length + 7) >> 3).fill(0xff);
  for (const [i, value] of values.entries()) if (value === null) validity[i >> 3] &= ~(1 << (i & 7));
  const numbers = values.map((value) => Number(value ?? 0));
  switch (type.kind) {
    case "int32":
      return { kind: "int32", values: Int32Array.from(numbers), validity };
    case "int64":
      return {
        kind: "int64",
        values: BigInt64Array.from(values, (value) => BigInt((value as bigint) ?? 7n)),
        validity,
      };
    case "float32":
      return { kind: "float32", values: Float32Array.from(numbers), validity };
    case "float64":
      return { kind: "float64", values: Float64Array.from(numbers), validity };
    case "bool":
      return { kind: "bool", values: Uint8Array.from(numbers), validity };
    default: {
      const builder = new Utf8Builder();
      for (const value of values) {
        if (value === null) builder.appendNull();
        else builder.appendString(type.kind === "utf8" ? String(value) : jsonText(value));
      }
      return builder.finish();
    }
  }
}

/** A Parquet file of `batches`. */
export async function parquetOf(
  fields: readonly OutputField[],
  batches: readonly ReadonlyMap<string, Column>[],
  options: Omit<ParquetOptions, "encoder"> & { readonly codec?: OutputCodec } = {},
): Promise<{ readonly bytes: Buffer; readonly summary: ParquetSummary }> {
  const { codec = "zstd", ...rest } = options;
  const parts: Uint8Array[] = [];
  const encoder = blockEncoder(codec);
  const writer = new ParquetWriter(fields, (bytes) => parts.push(bytes.slice()), { ...rest, encoder });
  for (const columns of batches) writer.append(columns);
  const summary = writer.finish();
  return { bytes: Buffer.concat(parts), summary };
}

/** A file of JSON lines of `batches`. */
export async function jsonlOf(
  fields: readonly OutputField[],
  batches: readonly ReadonlyMap<string, Column>[],
  codec: OutputCodec = "none",
  frameBytes?: number,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const encoder = blockEncoder(codec);
  const options = { encoder, ...(frameBytes === undefined ? {} : { frame_bytes: frameBytes }) };
  const writer = new JsonlWriter(fields, (bytes) => parts.push(bytes.slice()), options);
  for (const columns of batches) writer.append(columns);
  writer.finish();
  return Buffer.concat(parts);
}

/** How the golden files are made: several row groups, pages and frames of 300 rows. */
export async function goldenOutputs(): Promise<ReadonlyMap<string, Buffer>> {
  const rows = Array.from({ length: 300 }, (_, i) => sampleRow(i));
  const columns = [columnsFrom(FIELDS, rows)];
  const metadata = new Map([["sample", "outputs"]]);
  const { bytes } = await parquetOf(FIELDS, columns, { row_group_bytes: 30_000, page_bytes: 4_000, metadata });
  return new Map([
    ["sample.parquet", bytes],
    ["sample.jsonl.zst", await jsonlOf(FIELDS, columns, "zstd", 40_000)],
  ]);
}
