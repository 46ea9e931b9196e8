/**
 * What proxies of single sources give documents: MixMin's input, one CSV file a source with `document`, `log_prob` and `tokens`.
 *
 * `log_prob` is the natural logarithm of the probability of a whole document, `tokens` its length; both of the same tokenizer for all sources.
 * Invariant: only documents that every proxy was asked about count, in the order of the first file. Price: microseconds a document.
 */
import { entryAt } from "../../batch/entry.ts";
import { type Rows, rowsOf } from "../../kernels/fit/rows.ts";
import { type CsvText, numberAt, parseCsv, tableError } from "./csv.ts";
import type { MetricTable, RatioTable } from "./tables.ts";

/** The metric that documents come to: nats per token, mean of documents. */
export const DOCUMENT_LOSS = "documents";

export interface ProxyDocuments {
  /** A row a document, a column a source. */
  readonly logProbs: Rows;
  /** Part of the loss that a document's −log probability has: 1 / (documents × its tokens). */
  readonly weights: Float64Array;
}

export interface ProxyTables {
  /** One run a source, with a share of 1. */
  readonly ratios: RatioTable;
  readonly metrics: MetricTable;
  readonly documents: ProxyDocuments;
}

export interface ProxyFile {
  readonly source: string;
  readonly text: string;
  readonly file: string;
}

/** Throws DataError `table/…`. */
export function parseLogProbs(files: readonly ProxyFile[]): ProxyTables {
  const proxies = files.map(readProxy);
  const first = entryAt(proxies, 0, "proxy");
  const shared = [...first.keys()].filter((document) => proxies.every((proxy) => proxy.has(document)));
  if (shared.length === 0) {
    const { file } = entryAt(files, 0, "file");
    const fix = "ask every proxy about the same documents, and name them alike in column `document`";
    throw tableError(file, 1, { code: "table/no-shared-document", what: "no document is in all files", fix });
  }
  const documents = shared.map((name) =>
    proxies.map((proxy) => proxy.get(name) ?? { log_prob: Number.NaN, tokens: 1 }),
  );
  const logProbs = rowsOf(
    documents.map((row) => row.map(({ log_prob }) => log_prob)),
    files.length,
  );
  const weights = Float64Array.from(documents, (row) => 1 / (shared.length * entryAt(row, 0, "proxy").tokens));
  const columns = files.map(({ source }) => source);
  const losses = columns.map((_, k) => {
    return weights.reduce(
      (sum, weight, i) => sum - weight * entryAt(logProbs.values, i * columns.length + k, "log prob"),
      0,
    );
  });
  return {
    ratios: {
      columns,
      rows: columns.map((source, k) => ({
        run: source,
        name: source,
        ratios: columns.map((_, i) => (i === k ? 1 : 0)),
      })),
    },
    metrics: {
      metrics: [DOCUMENT_LOSS],
      rows: columns.map((source, k) => ({ run: source, name: source, values: [entryAt(losses, k, "loss")] })),
    },
    documents: { logProbs, weights },
  };
}

function readProxy({ text, file }: ProxyFile): Map<string, { readonly log_prob: number; readonly tokens: number }> {
  const csv = parseCsv(text, file);
  const at = {
    document: columnOf(csv, "document"),
    log_prob: columnOf(csv, "log_prob"),
    tokens: columnOf(csv, "tokens"),
  };
  const proxy = new Map<string, { readonly log_prob: number; readonly tokens: number }>();
  for (const record of csv.records) {
    const log_prob = numberAt(csv, record, at.log_prob);
    const tokens = numberAt(csv, record, at.tokens);
    if (!(log_prob <= 0) || !(tokens >= 1)) {
      const what = "a document has a log_prob of at most 0 and at least one token";
      throw tableError(file, record.line, { code: "table/bad-document", what });
    }
    proxy.set(entryAt(record.fields, at.document, "field"), { log_prob, tokens });
  }
  return proxy;
}

function columnOf({ file, header }: CsvText, name: string): number {
  const at = header.indexOf(name);
  if (at >= 0) return at;
  const fix = "give each source a CSV file with the columns document, log_prob and tokens";
  throw tableError(file, 1, { code: "table/no-column", what: `${file} has no column ${name}`, fix });
}
