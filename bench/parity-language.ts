/**
 * Labels and scores of a fastText model beside fastText's own, on real documents: a section of the parity table.
 *
 *   SHARDMILL_PYTHON=PYTHON node dist/bench/parity-language.js --model FILE [--label LABEL] [--data DIR] [--rows 1000]
 *
 * Documents: those of the real samples beside the repository, and the first of each DIR/NAME.jsonl. A row is equal where the best label is the same, its score and that of
 * LABEL are within 1e-5, and so is what `filter/language` decides at 0.65. JSON on stdout.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { AssetLibrary } from "../io/assets.ts";
import type { Assets } from "../stages/define.ts";
import { labelPositions, openFasttext, withoutPrefix } from "../stages/fasttext-model.ts";
import { readSamples } from "./support/texts.ts";

const SEPARATOR = 1;
const TOLERANCE = 1e-5;
const THRESHOLD = 0.65;

export interface LanguageParityRow {
  readonly what: string;
  readonly peer: string;
  readonly documents: number;
  readonly labels_differ: number;
  readonly scores_differ: number;
  readonly decisions_differ: number;
  readonly worst_score: number;
  /** The first few that differ. */
  readonly differences: readonly string[];
}

export interface LanguageParityOptions {
  readonly model: string;
  /** Label whose score is compared too. */
  readonly label: string;
  readonly data: string | undefined;
  /** Documents of each file of `data`. */
  readonly rows: number;
  readonly python: string;
}

/** The first `rows` texts of a file of JSON lines, of what its first 64 MiB hold. */
function firstTexts(file: string, rows: number): Buffer[] {
  const bytes = Buffer.alloc(1 << 26);
  const descriptor = openSync(file, "r");
  const length = readSync(descriptor, bytes);
  closeSync(descriptor);
  const lines = bytes.toString("utf8", 0, length).split("\n").slice(0, -1);
  return lines.slice(0, rows).map((line) => {
    const { text, html } = JSON.parse(line) as { readonly text?: string; readonly html?: string };
    return Buffer.from(text ?? html ?? "");
  });
}

async function documentsOf({ data, rows }: LanguageParityOptions): Promise<[name: string, texts: Buffer[]][]> {
  const samples = [...(await readSamples(1e9))].map(([name, texts]): [string, Buffer[]] => [
    `sample ${name}`,
    [...texts],
  ]);
  const files =
    data === undefined
      ? []
      : readdirSync(data)
          .filter((file) => file.endsWith(".jsonl"))
          .sort();
  const corpus = files.map((file): [string, Buffer[]] => [file, firstTexts(path.join(data ?? "", file), rows)]);
  // A separator of the peer's input is in no text that is compared.
  return [...samples, ...corpus].map(([name, texts]) => [name, texts.filter((text) => !text.includes(SEPARATOR))]);
}

function peerAnswers(
  { model, label, python }: LanguageParityOptions,
  texts: readonly Buffer[],
): ([string, number, number] | null)[] {
  const folder = mkdtempSync(path.join(tmpdir(), "shardmill-parity-"));
  try {
    const file = path.join(folder, "texts");
    writeFileSync(file, Buffer.concat(texts.flatMap((text) => [text, Buffer.of(SEPARATOR)])));
    const command = ["bench/peers/fasttext_labels.py", model, file, label];
    const { stdout, status } = spawnSync(python, command, { encoding: "utf8", maxBuffer: 1 << 30 });
    if (status !== 0) throw new Error("the peer failed");
    return stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as [string, number, number] | null);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Rows of the table, one a set of documents and one for all. */
export async function languageParity(options: LanguageParityOptions): Promise<LanguageParityRow[]> {
  const library = new AssetLibrary();
  const bytes = readFileSync(options.model);
  const assets: Assets = {
    bytes: () => bytes,
    name: () => path.basename(options.model),
    tables: (size_bytes, fill) => library.tables("parity", "parity", size_bytes, fill),
  };
  const model = openFasttext(assets, { asset: options.model });
  const watched = labelPositions([options.label], model.labels, path.basename(options.model));
  const classifier = model.classifier({ newlines: "space", bounds: [THRESHOLD] });
  const watching = model.classifier({ newlines: "space", watched, bounds: [THRESHOLD] });
  const rows: LanguageParityRow[] = [];
  for (const [name, texts] of await documentsOf(options)) {
    const answers = peerAnswers(options, texts);
    const row = { labels: 0, scores: 0, decisions: 0, worst: 0 };
    const differences: string[] = [];
    for (const [i, text] of texts.entries()) {
      const isKnown = classifier.judge(text, 0, text.length) && watching.judge(text, 0, text.length);
      const answer = answers[i];
      const label = isKnown ? (model.labels[classifier.label] ?? "") : undefined;
      const [wanted, score, other] = answer ?? [undefined, 0, 0];
      const distance = isKnown
        ? Math.max(Math.abs(classifier.score - score), Math.abs((watching.scores[0] ?? 0) - other))
        : 0;
      const isSame = label === (wanted === undefined ? undefined : withoutPrefix(wanted));
      const decides = isKnown && classifier.score > THRESHOLD === score > THRESHOLD;
      row.labels += isSame ? 0 : 1;
      row.scores += distance <= TOLERANCE ? 0 : 1;
      row.decisions += decides || (!isKnown && wanted === undefined) ? 0 : 1;
      row.worst = Math.max(row.worst, distance);
      if ((!isSame || distance > TOLERANCE) && differences.length < 5) {
        differences.push(
          `${name} ${i}, ${text.length} bytes: ${label} ${classifier.score}, fastText ${wanted} ${score}`,
        );
      }
    }
    rows.push({
      what: `${path.basename(options.model)}, ${name}`,
      peer: "fastText 0.9.2",
      documents: texts.length,
      labels_differ: row.labels,
      scores_differ: row.scores,
      decisions_differ: row.decisions,
      worst_score: row.worst,
      differences,
    });
  }
  return [...rows, total(path.basename(options.model), rows)];
}

function total(model: string, rows: readonly LanguageParityRow[]): LanguageParityRow {
  const sum = (key: "documents" | "labels_differ" | "scores_differ" | "decisions_differ") =>
    rows.reduce((all, row) => all + row[key], 0);
  return {
    what: `${model}, all`,
    peer: "fastText 0.9.2",
    documents: sum("documents"),
    labels_differ: sum("labels_differ"),
    scores_differ: sum("scores_differ"),
    decisions_differ: sum("decisions_differ"),
    worst_score: Math.max(...rows.map(({ worst_score }) => worst_score)),
    differences: rows.flatMap(({ differences }) => differences).slice(0, 5),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      model: { type: "string" },
      label: { type: "string", default: "__label__en" },
      data: { type: "string" },
      rows: { type: "string", default: "1000" },
    },
  });
  const python = process.env.SHARDMILL_PYTHON;
  if (values.model === undefined || python === undefined) throw new Error("name --model FILE and SHARDMILL_PYTHON");
  const { model, label, data } = values;
  const rows = await languageParity({ model, label, data, rows: Number(values.rows), python });
  process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
}
