/**
 * Real documents for comparisons: the web samples whole, and slices of every part of the Debian corpus.
 *
 * Invariant: the same documents for the same files and numbers: every so-and-so-manieth row, from the first on.
 */
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import type { ParityContext } from "./section.ts";

export interface ParityDocument {
  /** File without its ending, and the number of the row in it. */
  readonly from: string;
  readonly row: number;
  readonly text: string;
}

/** Bytes of a corpus file that are read: slices need no more. */
const READ_BYTES = 48 << 20;

const CORPUS_FILES = 32;

const charsOf = ({ options }: ParityContext): number => Number(options.chars ?? "1000");

/** What every section compares on; texts are well-formed. Throws where there are none. */
export async function parityDocuments(context: ParityContext): Promise<ParityDocument[]> {
  const perFile = Math.ceil(Number(context.options.documents ?? "20000") / CORPUS_FILES);
  const documents = [
    ...(await sampleDocuments(context.samples)),
    ...corpusDocuments(context.corpus, perFile, charsOf(context)),
  ];
  if (documents.length === 0) throw new Error("name the folders of documents: --samples DIR, --corpus DIR");
  return documents.map((document) => ({ ...document, text: Buffer.from(document.text).toString("utf8") }));
}

/** How many there are of what, and what was cut. */
export function describeDocuments(documents: readonly ParityDocument[], context: ParityContext): string {
  const corpora = new Map<string, number>();
  for (const { from } of documents) {
    const name = from.split("/")[0] ?? from;
    corpora.set(name, (corpora.get(name) ?? 0) + 1);
  }
  const of = [...corpora].map(([name, count]) => `${name} ${count}`).join(", ");
  return (
    "Web samples are whole; of documents of the Debian corpus (code, docs, math, other languages) the first " +
    `${charsOf(context)} characters. Documents: ${of}.`
  );
}

/** Rows of FineWeb, C4 and DCLM beside the repository. */
async function sampleDocuments(samples: string): Promise<ParityDocument[]> {
  const files = ["fineweb", "fineweb/sample-10BT-legal-annotated", "c4", "dclm"].flatMap((folder) =>
    existsSync(path.join(samples, folder))
      ? readdirSync(path.join(samples, folder))
          .sort()
          .filter((file) => /\.(?:parquet|jsonl?(?:\.gz)?)$/.test(file))
          .map((file) => path.join(folder, file))
      : [],
  );
  const documents: ParityDocument[] = [];
  for (const file of files) {
    const from = file.replace(/\.(?:parquet|jsonl?(?:\.gz)?)$/, "");
    const texts = await textsOf(path.join(samples, file));
    texts.forEach((text, row) => {
      documents.push({ from, row, text });
    });
  }
  return documents;
}

async function textsOf(file: string): Promise<string[]> {
  if (file.endsWith(".parquet")) {
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file), compressors });
    return rows.map(({ text }) => String(text));
  }
  const raw = readFileSync(file);
  return textsOfLines((file.endsWith(".gz") ? gunzipSync(raw) : raw).toString("utf8"));
}

function textsOfLines(content: string): string[] {
  const texts: string[] = [];
  for (const line of content.split("\n")) {
    if (line.trim() === "") continue;
    const row = JSON.parse(line) as { text?: string; html?: string };
    texts.push(row.text ?? row.html ?? "");
  }
  return texts;
}

/** `perFile` documents of every file of the corpus, of each the first `maxChars` characters. */
function corpusDocuments(corpus: string, perFile: number, maxChars: number): ParityDocument[] {
  const files = existsSync(corpus) ? readdirSync(corpus).filter((file) => file.endsWith(".jsonl")) : [];
  return files.sort().flatMap((file) => {
    const texts = textsOfLines(headOf(path.join(corpus, file)));
    const step = Math.max(1, Math.floor(texts.length / perFile));
    const documents: ParityDocument[] = [];
    for (let row = 0; row < texts.length && documents.length < perFile; row += step) {
      const text = [...(texts[row] ?? "").slice(0, 2 * maxChars)].slice(0, maxChars).join("");
      documents.push({ from: file.slice(0, -".jsonl".length), row, text });
    }
    return documents;
  });
}

/** The first lines of a file. */
function headOf(file: string): string {
  const handle = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(Math.min(READ_BYTES, fstatSync(handle).size));
    const read = readSync(handle, bytes);
    return bytes.toString("utf8", 0, bytes.lastIndexOf(0x0a, read - 1) + 1);
  } finally {
    closeSync(handle);
  }
}
