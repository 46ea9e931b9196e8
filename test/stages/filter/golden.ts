/** What datatrove decided about the texts of test/golden/filters/texts.json, which test/golden/scripts/filters.py wrote. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import c4Quality from "../../../stages/filter/c4-quality.ts";
import finewebQuality from "../../../stages/filter/fineweb-quality.ts";
import gopherQuality from "../../../stages/filter/gopher-quality.ts";
import gopherRepetition from "../../../stages/filter/gopher-repetition.ts";
import { ROOT } from "../../project-root.ts";

export type FilterName = "gopher_quality" | "gopher_repetition" | "fineweb_quality" | "c4_quality" | "c4_fineweb";

export interface GoldenText {
  readonly text: string;
  /** Our name of datatrove's reason, null where it keeps the text, `undefined` where it fails by dividing by zero. */
  readonly decisions: Readonly<Record<FilterName, string | null>>;
  /** Digest of the text that datatrove's C4 filter leaves. */
  readonly rewritten: { readonly c4_quality?: string; readonly c4_fineweb?: string };
  /** Ratios of the top 2- to 4-grams and the duplicated 5- to 10-grams. */
  readonly ngrams?: readonly number[];
}

type Stored = Omit<GoldenText, "text"> & {
  readonly text: string | { readonly unit: string; readonly repeats: number; readonly rest: string };
};

function readGolden(name: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, "test/golden/filters", name), "utf8"));
}

export const goldenTexts: readonly GoldenText[] = (readGolden("texts.json") as Stored[]).map(({ text, ...rest }) => ({
  ...rest,
  text: typeof text === "string" ? text : text.unit.repeat(text.repeats) + text.rest,
}));

/** Decisions about real samples: a letter a row, `.` for kept, else an index into the filter's reasons. */
export interface GoldenSamples {
  readonly letters: Readonly<Record<FilterName, readonly string[]>>;
  readonly files: Readonly<
    Record<string, Readonly<Record<FilterName | `${"c4_quality" | "c4_fineweb"}_sha256`, string>>>
  >;
}
export const goldenSamples = readGolden("samples.json") as GoldenSamples;

/** Our stage and options for each of datatrove's filters the script ran. */
export const goldenFilters = [
  { name: "gopher_quality", stage: gopherQuality, options: {} },
  { name: "gopher_repetition", stage: gopherRepetition, options: {} },
  { name: "fineweb_quality", stage: finewebQuality, options: {} },
  { name: "c4_quality", stage: c4Quality, options: {} },
  { name: "c4_fineweb", stage: c4Quality, options: { filter_no_terminal_punct: false } },
] as const;

/** The script's digest of a text. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
