/** Texts of the golden files: those in the repository, and the real ones beside it when they are there. */

import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";

const SAMPLES = "../shared/samples";

/** One text of the golden file: the text, its English tokens, its simplified form. */
export interface GoldenText {
  readonly text: string;
  readonly tokens: readonly string[];
  readonly simplified: string;
}

export function goldenTexts(): GoldenText[] {
  const rows: [string, string, string][] = JSON.parse(
    gunzipSync(readFileSync("test/golden/words/golden.json.gz")).toString(),
  );
  return rows.map(([text, tokens, simplified]) => ({
    text,
    tokens: tokens === "" ? [] : tokens.split("\n"),
    simplified,
  }));
}

export interface SampleHashes {
  readonly texts: number;
  readonly tokens: number;
  readonly tokens_sha256: string;
  readonly simplified_sha256: string;
}

/** Expected hashes by file. */
export function sampleHashes(): Record<string, SampleHashes> {
  return JSON.parse(readFileSync("test/golden/words/samples.json", "utf8"));
}

export const samplesMissing: string | undefined = existsSync(SAMPLES) ? undefined : `${SAMPLES} is not there`;

/** The texts of one sample file, as test/golden/scripts/words.py reads them. */
export async function sampleTexts(name: string): Promise<Buffer[]> {
  const path = `${SAMPLES}/${name}`;
  if (name.endsWith(".parquet")) {
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });
    return rows.map((row) => Buffer.from(String(row.text ?? row.contents)));
  }
  const raw = readFileSync(path);
  const content = (name.endsWith(".gz") ? gunzipSync(raw) : raw).toString();
  if (name.endsWith("blns.json")) return (JSON.parse(content) as string[]).map((text) => Buffer.from(text));
  const lines = content.split("\n");
  if (name.endsWith(".txt.gz")) return lines.map((line) => Buffer.from(line));
  return lines.filter((line) => line !== "").map((line) => Buffer.from((JSON.parse(line) as { text: string }).text));
}
