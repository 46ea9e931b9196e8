/**
 * Judges rows by one column: bounds, equality, lists, presence.
 *
 * Owns the comparison. Invariant: numbers are compared exactly, 64-bit integers too; a text that spells a number counts as that number, because
 * readers give values of JSON as text. Price: nanoseconds a row for a column, once a distinct value for a dictionary; for a path into JSON, a pass
 * over it.
 */
import { z } from "zod";
import { isValid } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { ByteStrings } from "../../kernels/byte-strings.ts";
import { exactNumber, parseJsonNumber, parseNumberText } from "../../kernels/json/json-number.ts";
import { type CellKind, type Cells, ColumnPath, isPath } from "../cells.ts";
import { defineStage, filter } from "../define.ts";
import { MeasuredBounds } from "./measured-bounds.ts";

const bound = z
  .union([z.number(), z.string().refine((text) => parseNumberText(text) !== undefined, "a number in quotes")])
  .optional();
const value = z.union([z.string(), z.number(), z.boolean()]);
type Value = z.output<typeof value>;

const comparisons = {
  min: bound.describe("smallest number that stays; integers beyond 2^53 in quotes"),
  max: bound.describe("largest number that stays"),
  equals: value.optional().describe("the value that stays"),
  one_of: z.array(value).min(1).optional().describe("values that stay"),
  none_of: z.array(value).min(1).optional().describe("values that go"),
};
type Comparisons = z.output<z.ZodObject<typeof comparisons>>;

const options = z
  .strictObject({
    column: z.string().min(1).describe("name of a column, or a path into a column of JSON: `metadata.score`"),
    ...comparisons,
    missing: z
      .enum(["drop", "keep", "require"])
      .default("drop")
      .describe("rows without a value: `drop` them, `keep` them, or `require` that there is none"),
  })
  .refine((options) => options.missing !== "require" || !compares(options), {
    error: "`missing: require` keeps rows without a value, so there is nothing to compare",
  });
type Options = z.output<typeof options>;

const REASONS = {
  missing: "the column has no value",
  present: "the column has a value",
  not_json: "the column that the path leads into holds no JSON",
  not_a_number: "the value is no number, so it is within no bounds",
  below_min: "the number is below min",
  above_max: "the number is above max",
  not_equal: "the value is another one than equals",
  not_listed: "the value is not in one_of",
  listed: "the value is in none_of",
};
type Reason = keyof typeof REASONS;

function compares({ min, max, equals, one_of, none_of }: Comparisons): boolean {
  return [min, max, equals, one_of, none_of].some((option) => option !== undefined);
}

/** The reasons that can be given under `options`, in the order in which they are looked for. */
function reasonsOf({ column, min, max, equals, one_of, none_of, missing }: Options): Readonly<Record<string, string>> {
  const possible: Readonly<Record<Reason, boolean>> = {
    missing: missing === "drop",
    present: missing === "require",
    not_json: isPath(column),
    not_a_number: min !== undefined || max !== undefined,
    below_min: min !== undefined,
    above_max: max !== undefined,
    not_equal: equals !== undefined,
    not_listed: one_of !== undefined,
    listed: none_of !== undefined,
  };
  return Object.fromEntries(Object.entries(REASONS).filter(([reason]) => possible[reason as Reason]));
}

/** Values that a cell may equal, each by what it is compared as. */
class ValueSet {
  readonly #texts: ByteStrings;
  readonly #numbers: ReadonlySet<number | bigint>;
  readonly #bools: ReadonlySet<boolean>;

  constructor(values: readonly Value[]) {
    const texts = values.filter((value) => typeof value === "string");
    const numbers = values.filter((value) => typeof value === "number");
    // An integer in quotes is a text and, for a column of numbers, all of its digits.
    const spelled = texts.map(parseNumberText).filter((value) => value !== undefined);
    this.#texts = ByteStrings.of([...texts, ...values.filter((value) => typeof value === "boolean").map(String)]);
    this.#numbers = new Set([...numbers.map(exactNumber), ...spelled]);
    this.#bools = new Set(values.filter((value) => typeof value === "boolean"));
  }

  has(kind: CellKind, cells: Cells): boolean {
    if (kind === "number") return this.#numbers.has(cells.number);
    if (kind === "bool") return this.#bools.has(cells.bool);
    const { bytes, start, end } = cells;
    if (this.#texts.has(bytes, start, end)) return true;
    const number = kind === "text" && this.#numbers.size > 0 ? parseJsonNumber(bytes, start, end) : undefined;
    return number !== undefined && this.#numbers.has(number);
  }
}

/** What is wrong with a value, and the number that was compared. */
class Judge {
  measured: number | undefined;
  readonly #missing: Options["missing"];
  readonly #min: number | bigint | undefined;
  readonly #max: number | bigint | undefined;
  readonly #equals: ValueSet | undefined;
  readonly #oneOf: ValueSet | undefined;
  readonly #noneOf: ValueSet | undefined;

  constructor({ min, max, equals, one_of, none_of, missing }: Options) {
    this.#missing = missing;
    this.#min = boundOf(min);
    this.#max = boundOf(max);
    this.#equals = equals === undefined ? undefined : new ValueSet([equals]);
    this.#oneOf = one_of && new ValueSet(one_of);
    this.#noneOf = none_of && new ValueSet(none_of);
  }

  /** Why the value that `cells` has read goes; undefined where it stays. */
  judge(kind: CellKind, cells: Cells): Reason | undefined {
    this.measured = kind === "number" ? Number(cells.number) : undefined;
    if (kind === "broken") return "not_json";
    if (kind === "null") return this.#missing === "drop" ? "missing" : undefined;
    if (this.#missing === "require") return "present";
    if (this.#min !== undefined || this.#max !== undefined) {
      const number = numberIn(kind, cells);
      if (number === undefined || Number.isNaN(number)) return "not_a_number";
      this.measured = Number(number);
      if (this.#min !== undefined && number < this.#min) return "below_min";
      if (this.#max !== undefined && number > this.#max) return "above_max";
    }
    if (this.#equals !== undefined && !this.#equals.has(kind, cells)) return "not_equal";
    if (this.#oneOf !== undefined && !this.#oneOf.has(kind, cells)) return "not_listed";
    if (this.#noneOf?.has(kind, cells)) return "listed";
    return undefined;
  }
}

function boundOf(option: Options["min"]): number | bigint | undefined {
  return typeof option === "string" ? parseNumberText(option) : option;
}

function numberIn(kind: CellKind, { number, bytes, start, end }: Cells): number | bigint | undefined {
  if (kind === "number") return number;
  return kind === "text" ? parseJsonNumber(bytes, start, end) : undefined;
}

/** Bytes of a text that are shown with a verdict. */
const DETAIL_BYTES = 256;

/** What a verdict shows of the value. */
function detailOf(kind: CellKind, { bytes, start, end, bool, number }: Cells): string | undefined {
  if (kind === "bool") return String(bool);
  // A measured value is a double: what it cannot hold is shown as it is.
  if (kind === "number") return typeof number === "bigint" ? String(number) : undefined;
  if (kind === "null" || kind === "broken") return undefined;
  return Buffer.from(bytes.subarray(start, Math.min(end, start + DETAIL_BYTES))).toString("utf8");
}

/** A bound as a double: what a double cannot hold is compared exactly, and shown as the nearest. */
function measurable(option: Options["min"]): number | null {
  const bound = boundOf(option);
  return bound === undefined ? null : Number(bound);
}

interface Verdict {
  /** Undefined where the row stays. */
  readonly reason: Reason | undefined;
  readonly measured: number | undefined;
  readonly detail: string | undefined;
}

export default defineStage({
  name: "filter/column",
  version: 1,
  kind: "filter",
  summary: "Keeps rows whose column has a value within bounds, among given ones, or any value at all.",
  options,
  reads: ({ column }) => [column],
  writes: [],
  reasons: reasonsOf,
  create: (options) => {
    const path = new ColumnPath(options.column);
    const judge = new Judge(options);
    const bounds = new MeasuredBounds();
    const min = bounds.min("below_min", "min", measurable(options.min), { unit: "score" });
    const max = bounds.max("above_max", "max", measurable(options.max), { unit: "score" });

    const verdictOn = (cells: Cells, row: number): Verdict => {
      const kind = cells.read(row);
      const reason = judge.judge(kind, cells);
      const { measured } = judge;
      return { reason, measured, detail: reason && detailOf(kind, cells) };
    };

    return filter<Reason>(
      (batch, drop) => {
        const cells = path.of(batch);
        /** By code of the dictionary, where the column is one: its values are judged once each. */
        const known = new Map<number, Verdict>();
        const { dictionary } = cells;
        const look = (row: number): Verdict => {
          if (dictionary === undefined || !isValid(dictionary, row)) return verdictOn(cells, row);
          const code = int32At(dictionary.codes, row);
          const verdict = known.get(code) ?? verdictOn(cells, row);
          known.set(code, verdict);
          return verdict;
        };
        batch.alive.forEach((row) => {
          const { reason, measured, detail } = look(row);
          if (measured !== undefined) {
            if (reason !== "above_max") min.judged(measured, reason === "below_min");
            if (reason !== "below_min") max.judged(measured, reason === "above_max");
          }
          if (reason !== undefined) drop(row, reason, measured, detail);
          bounds.settle(batch, row);
        });
      },
      { measured: () => bounds.finish() },
    );
  },
  examples: [
    { columns: { score: 3 }, options: { column: "score", min: 3 }, keeps: true },
    { columns: { score: 2.5 }, options: { column: "score", min: 3 }, drops: "below_min" },
    {
      columns: { score: 9007199254740993n },
      options: { column: "score", max: "9007199254740992" },
      drops: "above_max",
    },
    { columns: { score: "4.5" }, options: { column: "score", min: 3, max: 5 }, keeps: true },
    { columns: { score: "high" }, options: { column: "score", min: 3 }, drops: "not_a_number" },
    { columns: { meta: '{"score":{"final":2}}' }, options: { column: "meta.score.final", min: 3 }, drops: "below_min" },
    { columns: { meta: "score: 2" }, options: { column: "meta.score", min: 3 }, drops: "not_json" },
    { columns: { licence: "MIT" }, options: { column: "licence", equals: "MIT" }, keeps: true },
    { columns: { licence: "GPL-3.0" }, options: { column: "licence", equals: "MIT" }, drops: "not_equal" },
    { columns: { language: "fr" }, options: { column: "language", one_of: ["en", "fr"] }, keeps: true },
    { columns: { language: "de" }, options: { column: "language", one_of: ["en", "fr"] }, drops: "not_listed" },
    { columns: { domain: "spam.example" }, options: { column: "domain", none_of: ["spam.example"] }, drops: "listed" },
    { columns: { score: null }, options: { column: "score", min: 3 }, drops: "missing" },
    { columns: { score: null }, options: { column: "score", min: 3, missing: "keep" }, keeps: true },
    { columns: { error: "timeout" }, options: { column: "error", missing: "require" }, drops: "present" },
  ],
});
