/**
 * filter/regex: rows whose text, or another column, matches a regular expression, or does not.
 *
 * The engine takes time in proportion to the text whatever the pattern, so no row can hang a run; see kernels/regex.ts. Price: 70 to 100 MB/s; a row that goes
 * because it matches is read once more, to say what was found.
 */
import { z } from "zod";
import { isValid } from "../../batch/column.ts";
import { int32At } from "../../batch/numbers.ts";
import { Regex } from "../../kernels/regex.ts";
import { type Cells, ColumnPath, isPath } from "../cells.ts";
import { defineStage, filter } from "../define.ts";
import { regexPattern } from "./regex-pattern.ts";

const options = z.strictObject({
  pattern: regexPattern("looked for anywhere in the value"),
  column: z.string().min(1).default("text").describe("column, or path into a column of JSON, that is looked at"),
  drop: z.enum(["match", "no_match"]).default("match").describe("rows that go: those that match, or those that do not"),
  missing: z.enum(["drop", "keep"]).default("drop").describe("rows without a value: `drop` or `keep` them"),
});
type Options = z.output<typeof options>;

const REASONS = {
  missing: "the column has no value",
  not_json: "the column that the path leads into holds no JSON",
  match: "the value matches the pattern",
  no_match: "the value does not match the pattern",
};
type Reason = keyof typeof REASONS;

function reasonsOf({ column, drop, missing }: Options): Partial<typeof REASONS> {
  const used: Partial<Record<Reason, string>> = {};
  if (missing === "drop") used.missing = REASONS.missing;
  if (isPath(column)) used.not_json = REASONS.not_json;
  used[drop] = REASONS[drop];
  return used;
}

/** A match is only shown of values up to this size: finding where it lies takes several times as long as finding that there is one. */
const MAX_SHOWN_BYTES = 64 << 10;
/** Bytes of a match that are shown. */
const DETAIL_BYTES = 256;

interface Verdict {
  readonly reason: Reason;
  readonly detail?: string;
}

class Judge {
  readonly #regex: Regex;
  readonly #options: Options;

  constructor(given: Options) {
    const regex = Regex.compile(given.pattern);
    if (!(regex instanceof Regex)) throw new Error(`the pattern was checked before: ${regex}`);
    this.#regex = regex;
    this.#options = given;
  }

  judge(cells: Cells, row: number): Verdict | undefined {
    const { drop, missing } = this.#options;
    const kind = cells.read(row);
    if (kind === "null") return missing === "drop" ? { reason: "missing" } : undefined;
    if (kind === "broken") return { reason: "not_json" };
    let { bytes, start, end } = cells;
    if (end === start && kind !== "text") {
      bytes = Buffer.from(String(kind === "bool" ? cells.bool : cells.number));
      start = 0;
      end = bytes.length;
    }
    const matches = this.#regex.test(bytes, start, end);
    if (matches !== (drop === "match")) return undefined;
    if (!matches || end - start > MAX_SHOWN_BYTES) return { reason: drop };
    const found = this.#regex.first(bytes, start, end) ?? new Uint8Array(0);
    return { reason: drop, detail: Buffer.from(found.subarray(0, DETAIL_BYTES)).toString("utf8") };
  }
}

export default defineStage({
  name: "filter/regex",
  version: 1,
  kind: "filter",
  summary: "Drops rows whose text, or another column, matches a regular expression, or does not",
  reference: "RE2's syntax; datatrove's RegexFilter",
  options,
  reads: ({ column }) => [column],
  writes: [],
  reasons: reasonsOf,
  create: (given) => {
    const path = new ColumnPath(given.column);
    const judge = new Judge(given);
    return filter<Reason>((batch, drop) => {
      const cells = path.of(batch);
      const { dictionary } = cells;
      /** By code of the dictionary, where the column is one: its values are judged once each. */
      const known = new Map<number, Verdict | undefined>();
      const look = (row: number): Verdict | undefined => {
        if (dictionary === undefined || !isValid(dictionary, row)) return judge.judge(cells, row);
        const code = int32At(dictionary.codes, row);
        if (!known.has(code)) known.set(code, judge.judge(cells, row));
        return known.get(code);
      };
      for (let row = 0; row < batch.rows; row++) {
        const verdict = batch.alive.has(row) ? look(row) : undefined;
        if (verdict !== undefined) drop(row, verdict.reason, undefined, verdict.detail);
      }
    });
  },
  examples: [
    { text: "Lorem IPSUM dolor sit amet.", options: { pattern: "(?i)lorem ipsum" }, drops: "match" },
    { text: "Read this.", options: { pattern: "(?i)lorem ipsum" }, keeps: true },
    { columns: { path: "src/a.py" }, options: { pattern: "\\.py$", column: "path", drop: "no_match" }, keeps: true },
    {
      columns: { path: "src/a.pyc" },
      options: { pattern: "\\.py$", column: "path", drop: "no_match" },
      drops: "no_match",
    },
    { columns: { meta: '{"year":1999}' }, options: { pattern: "^19", column: "meta.year" }, drops: "match" },
    { columns: { path: null }, options: { pattern: "x", column: "path" }, drops: "missing" },
  ],
});
