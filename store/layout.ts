/**
 * Where everything of a run lies: the one place that spells folder and file names.
 *
 * `store/` is shared by every run: its folders are named by fingerprint, so equal work is found whoever did it.
 * `runs/NAME/` holds what one recipe asked for: plan, manifests, exports.
 */
import { join } from "node:path";

const epochPrefix = (epoch: number): string => (epoch === 0 ? "" : `e${String(epoch).padStart(3, "0")}_`);
const pad = (index: number): string => String(index).padStart(5, "0");

export class Layout {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  get store(): string {
    return join(this.root, "store");
  }

  run(name: string): string {
    return join(this.root, "runs", name);
  }

  lockFile(name: string): string {
    return join(this.run(name), "lock.json");
  }

  planFile(name: string): string {
    return join(this.run(name), runFiles.plan);
  }

  /** What a changed recipe makes of a run that is finished, until it takes that one's place. */
  next(name: string): string {
    return join(this.run(name), "next");
  }

  /** The page that reports on it. */
  reportFile(name: string): string {
    return join(this.run(name), "report.html");
  }

  manifestFile(name: string, trainingStage: string): string {
    return join(this.run(name), "manifests", `${trainingStage}.json`);
  }

  /** Content identities of local files, so that planning twice does not hash twice. */
  get identityCache(): string {
    return join(this.store, "identities.jsonl");
  }

  /** A file that stages need besides their input, by its content. */
  asset(sha256: string): string {
    return join(this.assets, sha256);
  }

  get assets(): string {
    return join(this.store, "assets");
  }

  ingest(fingerprint: string): string {
    return join(this.store, `ingest-${fingerprint}`);
  }

  /** Which rows of a source survive its dropping barriers. */
  verdicts(fingerprint: string): string {
    return join(this.store, `verdicts-${fingerprint}`);
  }

  /** Files of an output. */
  output(fingerprint: string): string {
    return join(this.store, `output-${fingerprint}`);
  }

  match(fingerprint: string): string {
    return join(this.store, `match-${fingerprint}`);
  }

  tokens(fingerprint: string): string {
    return join(this.store, `tokens-${fingerprint}`);
  }

  /** Documents held out of a token store; the fingerprint is the store's. */
  validation(fingerprint: string): string {
    return join(this.store, `validation-${fingerprint}`);
  }

  windows(fingerprint: string): string {
    return join(this.store, `windows-${fingerprint}`);
  }

  /** Quantiles of a column of a token store. */
  quantiles(fingerprint: string): string {
    return join(this.store, `quantiles-${fingerprint}`);
  }

  /** The packed rows of a training stage: which tokens of which store stand where. */
  rows(fingerprint: string): string {
    return join(this.store, `rows-${fingerprint}`);
  }
}

/** Files and folders of a run. */
export const runFiles = {
  plan: "plan.json",
  manifests: "manifests",
  exports: "exports",
  outputs: "outputs",
  /** What the stages that count found out, by source. */
  statistics: "statistics",
  /** What dedup decided; absent where no barrier takes rows for their likeness. */
  dedup: "dedup.json",
  /** Where the time of its last attempt went. */
  times: "times.json",
  /** Says that all that the plan asks for is there. */
  finished: "finished.json",
} as const;

/** Files that are needed no longer when a store is built or an output is written, by what they are. */
export const intermediates = {
  tokens: /^\d+\.tokens$/,
  loss: /^\d+\.loss$/,
  spool: /^\d+(\.dropped)?\.spool$/,
  texts: /^\d+\.texts$/,
  scattered: /^\d+\.scattered(\.done\.json)?$/,
  contexts: /^\d+\.(contexts|split-\d+)$/,
} as const;

/** Files of one ingested span. */
export const spanFiles = {
  tokens: (span: number): string => `${pad(span)}.tokens`,
  documents: (span: number): string => `${pad(span)}.documents.arrow`,
  ledger: (span: number): string => `${pad(span)}.ledger.arrow`,
  /** What stages found in rows; only where they found anything. */
  findings: (span: number): string => `${pad(span)}.findings.arrow`,
  /** What stages counted of each row; only where they do. */
  figures: (span: number): string => `${pad(span)}.figures.arrow`,
  /** Rows that could not be used; only where there are any. */
  problems: (span: number): string => `${pad(span)}.problems.arrow`,
  /** The same of a span that failed; it goes when the span is done. */
  failed: (span: number): string => `${pad(span)}.failed.arrow`,
  /** One byte a token, beside the tokens of a source that says what is trained on. */
  loss: (span: number): string => `${pad(span)}.loss`,
  /** Texts of documents, one behind the other, where an election reads them and there are no tokens. */
  texts: (span: number): string => `${pad(span)}.texts`,
  /** Rows for the next pass and for outputs. */
  spool: (span: number): string => `${pad(span)}.spool`,
  /** Rows that stages of the pass dropped, where an output keeps them. */
  dropped: (span: number): string => `${pad(span)}.dropped.spool`,
  /** Where the parts of a barrier that edits lie in their texts; of one that compares fragments, how many records a text has. */
  parts: (span: number, barrier: number): string => `${pad(span)}.parts-${barrier}.arrow`,
  /** Which fragments each sample stands for. */
  samples: (span: number, barrier: number): string => `${pad(span)}.samples-${barrier}`,
  /** Answers to the questions of a request stage, as they came. */
  journal: (span: number): string => `${pad(span)}.journal.jsonl`,
  keys: (span: number, barrier: number): string => `${pad(span)}.keys-${barrier}`,
  /** Beside the key file of a barrier that verifies. */
  signatures: (keys: string): string => `${keys}.signatures`,
  marker: (span: number): string => `${pad(span)}.done.json`,
  /** The marker that names a file of a span. */
  markerOf: (file: string): string => `${file.split(".")[0]}.done.json`,
  isMarker: (name: string): boolean => /^\d{5,}\.done\.json$/.test(name),
  /** How the source was cut into spans: the marker of the cut. */
  spans: "spans.json",
} as const;

/** Files that say which rows survive. */
export const verdictFiles = {
  /** One byte a document of the part's spans, one span after the other: see workers/tasks/settle.ts. */
  fates: (part: number): string => `${pad(part)}.fates`,
  duplicates: (part: number): string => `${pad(part)}.duplicates.arrow`,
  marker: (part: number): string => `${pad(part)}.done.json`,
} as const;

/** Files of an output in the store; in the run's folder they have names of the Hub's form. */
export const outputFiles = {
  shard: (shard: number, extension: string): string => `${pad(shard)}.${extension}`,
  dropped: (shard: number, extension: string): string => `${pad(shard)}.dropped.${extension}`,
  isDropped: (name: string): boolean => /^\d+\.dropped\./.test(name),
  /** `parquet` of `00001.parquet` and of `00001.dropped.parquet`. */
  extension: (name: string): string => name.replace(/^\d+\.(?:dropped\.)?/, ""),
  marker: (shard: number): string => `${pad(shard)}.done.json`,
} as const;

/** Files of a barrier's match and unite phases. */
export const matchFiles = {
  /** Pairs of documents that are united. */
  edges: (partition: number): string => `${pad(partition)}.edges`,
  /** Pairs that share a key, where a barrier asks more than that before it unites. */
  candidates: (partition: number): string => `${pad(partition)}.candidates`,
  /** Of a barrier that selects or ranks, in place of pairs: documents by their keys. */
  ordered: (partition: number): string => `${pad(partition)}.ordered.u32`,
  marker: (partition: number): string => `${pad(partition)}.done.json`,
  /** For every document its survivor: itself where it survives. */
  roots: "roots.u32",
  /** Of a barrier that drops: for every survivor the documents of its cluster, 0 for the others. */
  sizes: "sizes.u32",
  /** Of a barrier that ranks: for every document its bin, from 1, and 0 where it has none. */
  bins: "bins.u32",
  united: "united.done.json",
  /** Where survivors are elected: clusters, each as the number of its documents and these. */
  members: "members.u32",
  /** Pairs (document that falls, survivor). */
  elected: (part: number): string => `${pad(part)}.elected`,
  electedMarker: (part: number): string => `${pad(part)}.elected.done.json`,
  decided: "decided.done.json",
  /** Of a barrier that compares fragments, in place of pairs: samples that have a copy, or may have one, dealt to spans. */
  verdicts: (partition: number): string => `${pad(partition)}.verdicts`,
  /** By span, numbered through the members: fragments that are duplicates, and what is to be compared, dealt to partitions. */
  ranges: (input: number): string => `${pad(input)}.ranges.u32`,
  contexts: (input: number): string => `${pad(input)}.contexts`,
  /** While a partition is compared: contexts that do not fit in memory, taken apart. */
  split: (partition: number, depth: number): string => `${pad(partition)}.split-${depth}`,
  refined: (input: number): string => `${pad(input)}.refined.done.json`,
  /** By partition: further fragments that are duplicates, dealt to spans. */
  duplicates: (partition: number): string => `${pad(partition)}.duplicates`,
  compared: (partition: number): string => `${pad(partition)}.compared.done.json`,
} as const;

/** Files of packed windows. Epochs after the first (0) have windows of their own only where they are reshuffled. */
export const windowFiles = {
  shard: (epoch: number, shard: number, source: string): string => `${epochPrefix(epoch)}${pad(shard)}_${source}.ds`,
  marker: (epoch: number, shard: number): string => `${epochPrefix(epoch)}${pad(shard)}.done.json`,
} as const;

/** Quantiles are facts in a marker, and no file beside it. */
export const quantileFiles = { marker: "quantiles.done.json" } as const;

/** Files of the packed rows of a training stage, see store/row-plan.ts. */
export const rowFiles = {
  pieces: "rows.pieces",
  ends: "rows.ends",
  marker: "rows.done.json",
} as const;

/** Files of a token store while it is being shuffled and when it is done. */
export const tokenFiles = {
  scattered: (part: number): string => `${pad(part)}.scattered`,
  duplicates: (part: number): string => `${pad(part)}.duplicates.arrow`,
  scatterMarker: (part: number): string => `${pad(part)}.scattered.done.json`,
  shard: (shard: number, source: string): string => `${pad(shard)}_${source}.ds`,
  documents: (shard: number, source: string): string => `${pad(shard)}_${source}.documents.arrow`,
  shardMarker: (shard: number): string => `${pad(shard)}.done.json`,
  isDuplicates: (name: string): boolean => /^\d+\.duplicates\.arrow$/.test(name),
  /** Marker of the whole store. */
  storeMarker: "store.done.json",
} as const;
