/** Documents for the MinHash benchmarks: JSON-lines files of a folder, or the real samples beside the repository. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";

const SAMPLES = "../shared/samples";
/** Sentences joined into one document where a sample is sentences. */
const SENTENCES_PER_DOCUMENT = 40;

/** Texts by corpus, each at most `maxBytes` in all. */
export type Corpora = ReadonlyMap<string, readonly Buffer[]>;

/** `FILE.jsonl` of `folder`, rows with a `text` or `html`, by FILE; those of `names` where any are given. */
export function readFolder(folder: string, names: readonly string[], maxBytes: number): Corpora {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith(".jsonl"))
    .map((file) => file.slice(0, -".jsonl".length))
    .filter((name) => names.length === 0 || names.includes(name))
    .sort();
  const read = (name: string) => jsonLines(readFileSync(path.join(folder, `${name}.jsonl`), "utf8"), maxBytes);
  return new Map(files.map((name): [string, Buffer[]] => [name, read(name)]).filter(([, texts]) => texts.length > 0));
}

/** FineWeb, C4 and sentences of three scripts; empty where the samples are not there. */
export async function readSamples(maxBytes: number): Promise<Corpora> {
  if (!existsSync(SAMPLES)) return new Map();
  const corpora = new Map<string, Buffer[]>();
  const folder = `${SAMPLES}/fineweb/sample-10BT-legal-annotated`;
  const fineweb: Buffer[] = [];
  for (const file of readdirSync(folder).sort()) {
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path.join(folder, file)), compressors });
    for (const row of rows) fineweb.push(Buffer.from(String(row.text)));
  }
  corpora.set("fineweb", upTo(maxBytes, fineweb));
  corpora.set("c4", jsonLines(gunzipSync(readFileSync(`${SAMPLES}/c4/c4_demo-300rows.jsonl.gz`)).toString(), maxBytes));
  for (const language of ["en", "ru", "zh"]) {
    const lines = gunzipSync(readFileSync(`${SAMPLES}/lid/lingua-sentences.${language}.txt.gz`))
      .toString()
      .split("\n");
    const texts: Buffer[] = [];
    for (let first = 0; first < lines.length; first += SENTENCES_PER_DOCUMENT) {
      texts.push(Buffer.from(lines.slice(first, first + SENTENCES_PER_DOCUMENT).join("\n")));
    }
    corpora.set(language, upTo(maxBytes, texts));
  }
  return corpora;
}

function jsonLines(content: string, maxBytes: number): Buffer[] {
  const lines = content.split("\n").filter((line) => line !== "");
  return upTo(maxBytes, textsOf(lines));
}

function* textsOf(lines: readonly string[]): Generator<Buffer> {
  for (const line of lines) {
    const row = JSON.parse(line) as { text?: string; html?: string };
    yield Buffer.from(row.text ?? row.html ?? "");
  }
}

function upTo(maxBytes: number, texts: Iterable<Buffer>): Buffer[] {
  const kept: Buffer[] = [];
  let bytes = 0;
  for (const text of texts) {
    if (bytes >= maxBytes) break;
    kept.push(text);
    bytes += text.length;
  }
  return kept;
}
