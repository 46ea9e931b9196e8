/**
 * Mutants of table files: bytes flipped, overwritten, cut off, zeroed, at seeded places; and what our readers make of one.
 *
 * `mutant` has its twin in test/golden/scripts/mutants.py, which says what pyarrow makes of the same bytes.
 */
import { readFileSync } from "node:fs";
import { DataError } from "../../../batch/errors.ts";
import arrow, { arrowSource } from "../../../stages/read/arrow.ts";
import parquet, { parquetSource } from "../../../stages/read/parquet.ts";
import { contextOf, readAll } from "./reading.ts";

/** `refused`: a DataError, or rows that are counted as unusable. `leaked`: anything else that is thrown, or words of the engine in an error. */
export type Outcome = "refused" | "same" | "different" | "leaked";

/** The engine's own words, which say nothing of a file. */
const ENGINE_WORDS =
  /Cannot (read|set|destructure|convert|mix)|is not (a function|iterable|defined|a constructor)|undefined|\bNaN\b|\[object|Invalid (array|typed|string)|[Oo]ut of bounds|outside the bounds|call stack|BigInt|DataView|Uint8Array/;

export function mutant(original: Uint8Array, seed: number): Uint8Array {
  let state = (Math.imul(seed, 2654435761) + 12345) >>> 0;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state * limit) / 2 ** 32);
  };
  const data = Uint8Array.from(original);
  const kind = below(10);
  if (kind < 6) {
    const at = below(data.length);
    data[at] ^= 1 << below(8);
  } else if (kind < 8) {
    for (let left = 1 + below(4); left > 0; left--) {
      const at = below(data.length);
      data[at] = below(256);
    }
  } else if (kind === 8) return data.subarray(0, below(data.length));
  else {
    const at = below(data.length);
    data.fill(0, at, Math.min(data.length, at + 1 + below(64)));
  }
  return data;
}

const METADATA = ["language", "score", "tags"];

async function rowsOf(name: string, bytes: Uint8Array): Promise<string> {
  const context = contextOf({ [name]: bytes });
  const operator = name.endsWith(".parquet")
    ? parquetSource(parquet.options.parse({ metadata: METADATA }))
    : arrowSource(arrow.options.parse({ metadata: METADATA }));
  const rows = await readAll(operator, context);
  return JSON.stringify([context.problems, rows], (_, value) => (typeof value === "bigint" ? `${value}n` : value));
}

/** What our reader makes of file `name`, whose content is now `bytes` and was `original`. */
export async function outcomeOf(name: string, bytes: Uint8Array, original: Uint8Array): Promise<Outcome> {
  const want = originals.get(name) ?? (await rowsOf(name, original));
  originals.set(name, want);
  try {
    const found = await rowsOf(name, bytes);
    if (found === want) return "same";
    const problems = (text: string): string => text.slice(0, text.indexOf("],[") + 1);
    return problems(found) === problems(want) ? "different" : "refused";
  } catch (error) {
    return error instanceof DataError && !ENGINE_WORDS.test(error.details.what) ? "refused" : "leaked";
  }
}

const originals = new Map<string, string>();

export const MUTANT_FILES = [
  "mutant_none.parquet",
  "mutant_snappy.parquet",
  "mutant_gzip.parquet",
  "mutant_zstd.parquet",
  "mutant_plain.arrow",
  "mutant_lz4.arrow",
  "mutant_zstd.arrow",
] as const;

export function mutantFile(name: string): Uint8Array {
  return readFileSync(`test/golden/writers/${name}`);
}

/** By file and seed, what pyarrow made of a mutant: `r`efused, the `s`ame, `d`ifferent values. */
export function pyarrowVerdicts(): ReadonlyMap<string, string> {
  const runs = JSON.parse(readFileSync("test/golden/writers/mutants.json", "utf8")) as Record<string, string>;
  return new Map(
    Object.entries(runs).map(([name, text]) => [
      name,
      text.replaceAll(/([rsd])(\d+)/g, (_, letter: string, times: string) => letter.repeat(Number(times))),
    ]),
  );
}
