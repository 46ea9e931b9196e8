/**
 * The filters' part of the parity page: datatrove's decisions and reasons beside ours, document by document.
 *
 * Word rules are `spacy-en`, which are datatrove's. The table of word frequencies is counted from the documents
 * themselves; lists of bad words are read from the folder `--lists`. Invariant: every difference is listed, with what
 * explains it.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { Batch } from "../../batch/batch.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import { utf8String } from "../../batch/column.ts";
import { filledTables, reserveTables } from "../../io/shared-tables.ts";
import { NO_RESOURCES, type StageDefinition } from "../../stages/define.ts";
import c4BadWords from "../../stages/filter/c4-bad-words.ts";
import c4Paragraphs from "../../stages/filter/c4-paragraphs.ts";
import c4Quality from "../../stages/filter/c4-quality.ts";
import finewebQuality from "../../stages/filter/fineweb-quality.ts";
import gopherQuality from "../../stages/filter/gopher-quality.ts";
import gopherRepetition from "../../stages/filter/gopher-repetition.ts";
import unigram from "../../stages/filter/unigram-log-probability.ts";
import { describeDocuments, type ParityDocument, parityDocuments } from "./documents.ts";
import { type ParityContext, type ParityResult, type ParitySection, tableOf } from "./section.ts";

const WANTED_SHARE = 0.999;
const BATCH_ROWS = 500;
/** Words of the table of frequencies. */
const TABLE_WORDS = 30_000;

const ngrams = (from: number, to: number, name: (n: number) => readonly [string, string]) =>
  Array.from({ length: to - from + 1 }, (_, i) => name(from + i));

/** datatrove's reasons -> ours. */
const REASONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "gopher-repetition": {
    empty: "empty",
    dup_para_frac: "too_many_duplicate_paragraphs",
    dup_para_char_frac: "too_many_duplicate_paragraph_chars",
    dup_line_frac: "too_many_duplicate_lines",
    dup_line_char_frac: "too_many_duplicate_line_chars",
    ...Object.fromEntries(ngrams(2, 4, (n) => [`top_${n}_gram`, `top_${n}gram_too_frequent`])),
    ...Object.fromEntries(ngrams(5, 10, (n) => [`duplicated_${n}_n_grams`, `too_many_duplicate_${n}grams`])),
  },
  "gopher-quality": {
    gopher_short_doc: "too_few_words",
    gopher_long_doc: "too_many_words",
    gopher_below_avg_threshold: "words_too_short",
    gopher_above_avg_threshold: "words_too_long",
    gopher_too_many_hashes: "too_many_hashes",
    gopher_too_many_ellipsis: "too_many_ellipses",
    gopher_too_many_bullets: "too_many_bullet_lines",
    gopher_too_many_end_ellipsis: "too_many_ellipsis_lines",
    gopher_below_alpha_threshold: "too_few_alphabetic_words",
    gopher_enough_stop_words: "too_few_stop_words",
  },
  "fineweb-quality": {
    empty: "empty",
    line_punct_ratio: "too_few_terminal_lines",
    short_line_ratio: "too_many_short_lines",
    char_dup_ratio: "too_many_duplicate_chars",
    list_ratio: "too_many_newlines",
  },
  "c4-quality": Object.fromEntries(["lorem_ipsum", "curly_bracket", "too_few_sentences"].map((r) => [r, r])),
  "c4-paragraphs": { "< 3 paragraphs": "too_few_paragraphs" },
  "c4-bad-words": { document_removed_with_badwords: "bad_word" },
  "unigram-log-probability": { dropped: "words_too_rare" },
};

interface Outcome {
  readonly reason: string | null;
  /** Digest of the text that C4's rules leave. */
  readonly left: string;
}

/** By filter, what became of each document. */
type Outcomes = ReadonlyMap<string, readonly Outcome[]>;

interface Difference {
  readonly document: ParityDocument;
  readonly ours: Outcome;
  readonly theirs: Outcome;
}

/** The language whose list of bad words a document is judged by. */
function languageOf({ from }: ParityDocument, listed: readonly string[]): string {
  const language = /(?:^|\/)ml-([a-z]+)$/.exec(from)?.[1] ?? "en";
  return listed.includes(language) ? language : "en";
}

/** How often the documents' own words occur. */
function frequencyTable(documents: readonly ParityDocument[]): string {
  const counts = new Map<string, number>();
  for (const { text } of documents) {
    for (const word of text.toLowerCase().match(/[a-z]+|[.,;:!?()]/g) ?? [])
      counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  counts.delete(",");
  const sorted = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, TABLE_WORDS);
  return `word,count\n${sorted.map(([word, count]) => `${word},${count}\n`).join("")}`;
}

function batchOf(documents: readonly ParityDocument[], languages: readonly string[]): Batch {
  const [texts, language] = [new Utf8Builder(), new Utf8Builder()];
  documents.forEach(({ text }, row) => {
    texts.appendString(text);
    language.appendString(languages[row]);
  });
  const rows = documents.length;
  const batch = new Batch({
    source: "parity",
    shards: new Int32Array(rows),
    rowsInShard: Int32Array.from({ length: rows }, (_, row) => row),
    columns: [
      ["text", texts.finish()],
      ["language", language.finish()],
    ],
  });
  batch.numberFrom(0);
  batch.nameShards(["parity"]);
  return batch;
}

function ourOutcomes(
  documents: readonly ParityDocument[],
  languages: readonly string[],
  lists: Readonly<Record<string, string>>,
  frequencies: string,
): Outcomes {
  const stages: readonly (readonly [StageDefinition, Readonly<Record<string, unknown>>])[] = [
    [gopherRepetition, { words: "spacy-en" }],
    [gopherQuality, { words: "spacy-en" }],
    [finewebQuality, { words: "spacy-en" }],
    [c4Quality, { words: "spacy-en" }],
    [c4Paragraphs, {}],
    [c4BadWords, { lists, language_column: "language" }],
    [unigram, { words: "spacy-en", frequencies }],
  ];
  const tables = reserveTables();
  const assets = {
    bytes: ({ asset }: { readonly asset: string }) => readFileSync(asset),
    name: ({ asset }: { readonly asset: string }) => path.basename(asset),
    tables: (size: number, fill: Parameters<typeof filledTables>[3]) => filledTables(tables, "parity", size, fill),
  };
  return new Map(
    stages.map(([stage, options]): [string, Outcome[]] => {
      const operator = stage.create(stage.options.parse(options), { ...NO_RESOURCES, assets });
      const outcomes: Outcome[] = [];
      for (let first = 0; first < documents.length; first += BATCH_ROWS) {
        const batch = batchOf(documents.slice(first, first + BATCH_ROWS), languages.slice(first, first + BATCH_ROWS));
        const dropped = new Map<number, string>();
        const drop = (row: number, reason: string) => void dropped.set(row, reason);
        if (operator.kind === "filter") operator.apply(batch, drop);
        else if (operator.kind === "transform") {
          for (const column of operator.apply(batch, drop)) batch.setColumn(...column);
        }
        for (let row = 0; row < batch.rows; row++) {
          const reason = dropped.get(row) ?? null;
          const left = reason === null && stage === c4Quality ? digest(utf8String(batch.text, row)) : "";
          outcomes.push({ reason, left });
        }
        batch.endDerived();
      }
      return [stage.name.slice("filter/".length), outcomes];
    }),
  );
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

async function theirOutcomes(
  documents: readonly ParityDocument[],
  languages: readonly string[],
  lists: string,
  frequencies: string,
  { python, say }: ParityContext,
): Promise<Outcomes> {
  const peer = spawn(python, ["bench/peers/datatrove_decisions.py", lists, frequencies], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const outcomes = new Map<string, Outcome[]>();
  const send = async () => {
    for (const [row, { text }] of documents.entries()) {
      const line = `${JSON.stringify({ text: Buffer.from(text).toString("utf8"), language: languages[row] })}\n`;
      if (!peer.stdin.write(line)) await new Promise((resolve) => peer.stdin.once("drain", resolve));
    }
    peer.stdin.end();
  };
  const sent = send();
  let read = 0;
  for await (const line of createInterface({ input: peer.stdout })) {
    for (const [name, [reason, left]] of Object.entries(
      JSON.parse(line) as Record<string, readonly [string | null, string]>,
    )) {
      const ours = reason === null || reason === "error" ? reason : (REASONS[name]?.[reason] ?? reason);
      const list = outcomes.get(name) ?? [];
      outcomes.set(name, list);
      list.push({ reason: ours, left });
    }
    if (++read % 2000 === 0) say(`datatrove: ${read} of ${documents.length}`);
  }
  await sent;
  if (read !== documents.length) throw new Error(`datatrove decided about ${read} of ${documents.length} documents`);
  return outcomes;
}

/** Why a difference is one. */
function explanation(name: string, { ours, theirs }: Difference): string {
  if (theirs.reason === "error") return "datatrove divides by zero and would end the run; here the text has a reason";
  if (ours.reason === theirs.reason) return "the text that is left differs";
  return `not explained: look at ${name}`;
}

const percent = (part: number, all: number) => `${((100 * part) / all).toFixed(3)} %`;

export const filters: ParitySection = {
  name: "filters",
  title: "Filters: datatrove 0.10.1",
  run: async (context) => {
    const { options, say } = context;
    const documents = await parityDocuments(context);
    const listFolder = options.lists;
    if (listFolder === undefined) throw new Error("name, with --lists, the folder of the lists of bad words");
    const listed = readdirSync(listFolder);
    const languages = documents.map((document) => languageOf(document, listed));
    const folder = mkdtempSync(path.join(os.tmpdir(), "parity-"));
    try {
      const frequencies = path.join(folder, "frequencies.csv");
      writeFileSync(frequencies, frequencyTable(documents));
      const lists = Object.fromEntries(listed.map((language) => [language, path.join(listFolder, language)]));
      const ours = ourOutcomes(documents, languages, lists, frequencies);
      say(`ours: ${documents.length} documents`);
      const theirs = await theirOutcomes(documents, languages, listFolder, frequencies, context);
      return compared(documents, ours, theirs, context);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function compared(
  documents: readonly ParityDocument[],
  ours: Outcomes,
  theirs: Outcomes,
  context: ParityContext,
): ParityResult {
  const rows: (string | number)[][] = [];
  const listed: string[] = [];
  let holds = true;
  for (const [name, mine] of ours) {
    const peer = theirs.get(name) ?? [];
    const differences: Difference[] = [];
    let decisions = 0;
    let reasons = 0;
    let kept = 0;
    for (const [row, outcome] of mine.entries()) {
      const other = peer[row];
      if (other.reason === null) kept++;
      if ((outcome.reason === null) === (other.reason === null)) decisions++;
      if (outcome.reason === other.reason && outcome.left === other.left) reasons++;
      else differences.push({ document: documents[row], ours: outcome, theirs: other });
    }
    if (reasons / mine.length < WANTED_SHARE) holds = false;
    rows.push([
      `\`${name}\``,
      mine.length,
      kept,
      percent(decisions, mine.length),
      percent(reasons, mine.length),
      differences.length,
    ]);
    for (const difference of differences) {
      const { document, ours: here, theirs: there } = difference;
      listed.push(
        `- \`${name}\` ${document.from} #${document.row}: ${there.reason ?? "kept"} there, ${here.reason ?? "kept"} here: ` +
          explanation(name, difference),
      );
    }
  }
  const table = tableOf(
    ["filter", "documents", "datatrove keeps", "equal decisions", "equal decisions, reasons and texts", "differences"],
    rows,
  );
  const all = listed.length === 0 ? "There is no difference." : `Differences:\n\n${listed.join("\n")}`;
  const text = `${table}\n\nWord rules are \`spacy-en\`. ${describeDocuments(documents, context)}\n\n${all}`;
  return { text, holds, figures: { documents: documents.length, rows } };
}
