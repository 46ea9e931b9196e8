/** Real texts to compare with datatrove on: read from the samples beside the repository, where those are present. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { ROOT } from "../../project-root.ts";

const SAMPLES = join(ROOT, "../shared/samples");

/** Why sample-based tests cannot run, or undefined where they can. */
export const samplesMissing = existsSync(SAMPLES) ? undefined : "needs the samples beside the repository";

/** All rows of a parquet sample. */
export async function parquetRows(path: string): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file: await asyncBufferFromFile(`${SAMPLES}/${path}`), compressors });
}

const texts = new Map<string, Promise<string[]>>();

/** The `text` of every row of a sample; read once. */
export function sampleTexts(path: string): Promise<string[]> {
  const known = texts.get(path) ?? readTexts(path);
  texts.set(path, known);
  return known;
}

async function readTexts(path: string): Promise<string[]> {
  if (path.endsWith(".parquet")) return (await parquetRows(path)).map((row) => String(row.text));
  const raw = readFileSync(`${SAMPLES}/${path}`);
  const lines = (path.endsWith(".gz") ? gunzipSync(raw) : raw).toString("utf8").split("\n");
  return lines.filter((line) => line.trim() !== "").map((line) => String((JSON.parse(line) as { text: unknown }).text));
}
