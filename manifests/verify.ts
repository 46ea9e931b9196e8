/**
 * Does a finished run hold what its manifests say? Everything is read again; nothing is trusted but the manifests' own words.
 *
 * Invariant: a bad run gives findings, never an exception; only a folder that is no run at all throws. Price: every stored byte is
 * read twice (hash, content), 0.15 to 0.25 GB/s on one core.
 */
import { exactly } from "../batch/plural.ts";
import { companions, formatOf } from "../store/token-file.ts";
import { readManifests } from "./read.ts";
import type { SourceManifest, TrainingStageManifest } from "./schema.ts";
import { isLossFile } from "./shard-files.ts";
import { CountChecker } from "./verify-counts.ts";
import { type Finding, figureFindings } from "./verify-figures.ts";
import {
  countsProblem,
  fileProblem,
  lossLaneProblem,
  type ShardCounts,
  type ShardSelection,
  tokenShardProblem,
  windowShardProblem,
} from "./verify-files.ts";
import { sideProblem } from "./verify-held-out.ts";
import { rowFigureFindings, rowPlanFindings } from "./verify-rows.ts";

export type { Finding } from "./verify-figures.ts";

/** End of the names of tables of documents. */
const DOCUMENTS = ".documents.arrow";

export interface VerifyOptions {
  /** The run's folder with one manifest per training stage. */
  readonly manifests: string;
  /** The folder manifest paths are relative to. */
  readonly store: string;
  /** Called before each file, for progress. */
  readonly onFile?: (path: string) => void;
}

/** Findings in a fixed order; a good run has none of severity `error`. Throws RunError `run/not-a-run`. */
export async function verifyRun(options: VerifyOptions): Promise<Finding[]> {
  const { manifests, row_manifests, problems } = await readManifests(options.manifests);
  const findings: Finding[] = problems.map(({ file, what }) => ({
    severity: "error",
    code: "verify/bad-manifest",
    file,
    what,
  }));
  findings.push(...figureFindings(manifests));
  const seen = new Set<string>();
  const held = new Map<string, ShardCounts>();
  const counter = new CountChecker(options.store, held);
  /** Fingerprints of stores and windows with findings. */
  const damaged = new Set<string>();
  for (const manifest of manifests) {
    for (const [source, share] of Object.entries(manifest.sources)) {
      const fresh = new Set<string>();
      const found = await storeFindings(manifest, share, options, { seen, fresh, held });
      if (share.validation !== undefined) {
        found.push(...(await storeFindings(manifest, share.validation, options, { seen, fresh, held })));
        if (found.length === 0) found.push(...(await sideFindings(share, share.validation, options.store, fresh)));
      }
      // What is damaged cannot be counted, for this stage or another one.
      const { tokens, windows } = share.fingerprints;
      if (found.length > 0) damaged.add(tokens).add(windows);
      for (const packed of damaged.has(tokens) || damaged.has(windows)
        ? []
        : [share, ...(share.validation ? [share.validation] : [])]) {
        const problems = await counter.problems(packed, manifest);
        found.push(...problems.map((problem): Finding => ({ severity: "error", ...problem })));
      }
      for (const finding of found) findings.push({ ...finding, stage: manifest.stage.name, source });
    }
  }
  for (const manifest of row_manifests) {
    const stage = manifest.stage.name;
    const found: Finding[] = [...rowFigureFindings(manifest)];
    for (const source of Object.values(manifest.sources)) {
      const packed = { token_store: source.token_store, files: [], shard_windows: [] };
      const kind = { tokenizer: manifest.tokenizer, stage: { window_tokens: 0 } };
      found.push(...(await storeFindings(kind, packed, options, { seen, fresh: new Set(), held })));
    }
    found.push(...(await rowPlanFindings(manifest, options.store, options.onFile)));
    findings.push(...found.map((finding) => ({ ...finding, stage })));
  }
  return findings;
}

type PackedStore = Pick<SourceManifest, "token_store" | "files" | "shard_windows" | "selection">;

/** What has been looked at. */
interface Looked {
  /** Paths that have been checked; new ones go to `fresh` too. */
  readonly seen: Set<string>;
  readonly fresh: Set<string>;
  /** What shards of token stores hold, by the path of their `.ds`. */
  readonly held: Map<string, ShardCounts>;
}

/** Findings on the files of a token store and its windows. */
async function storeFindings(
  manifest: {
    readonly tokenizer: TrainingStageManifest["tokenizer"];
    readonly stage: Pick<TrainingStageManifest["stage"], "window_tokens">;
  },
  source: PackedStore,
  options: VerifyOptions,
  { seen, fresh, held }: Looked,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const report = (code: string, file: string, what: string) => findings.push({ severity: "error", code, file, what });
  const broken = new Set<string>();
  for (const file of [...source.token_store.files, ...source.files]) {
    if (seen.has(file.path)) continue;
    seen.add(file.path);
    fresh.add(file.path);
    options.onFile?.(file.path);
    const problem = await fileProblem(options.store, file);
    if (problem === undefined) continue;
    broken.add(file.path);
    report("verify/file-changed", file.path, problem);
  }

  const { tokenizer, stage } = manifest;
  const format = formatOf(tokenizer);
  const intact = (path: string, ...beside: string[]) =>
    fresh.has(path) && [path, ...beside.map((suffix) => path + suffix)].every((name) => !broken.has(name));
  const lanes = new Set([...source.token_store.files, ...source.files].map((file) => file.path).filter(isLossFile));
  const lane = async (path: string, pieces: boolean): Promise<void> => {
    if (!lanes.has(path + companions.loss) || !intact(path, companions.loss)) return;
    const problem = await lossLaneProblem(options.store, path, tokenizer.token_bytes, pieces);
    if (problem !== undefined) report("verify/bad-loss", path + companions.loss, problem);
  };
  for (const { path } of source.token_store.files) {
    if (!path.endsWith(".ds") || !intact(path, companions.index)) continue;
    const problem = await tokenShardProblem(options.store, path, format, (found) => held.set(path, found));
    if (problem !== undefined) report("verify/bad-tokens", path, problem);
    const found = held.get(path);
    if (found !== undefined && isListed(source, path + companions.counts) && intact(path, companions.counts)) {
      const miscounted = await countsProblem(options.store, path, found);
      if (miscounted !== undefined) report("verify/bad-counts", path + companions.counts, miscounted);
    }
    await lane(path, false);
  }
  const tokenFiles = source.files.filter((file) => file.path.endsWith(".ds"));
  source.shard_windows.forEach((windows, shard) => {
    const ofShard = tokenFiles.filter((candidate) => candidate.shard === shard);
    const file = ofShard.find((candidate) => candidate.epoch === undefined);
    for (const later of ofShard) {
      if (later.epoch === undefined || later.windows === windows) continue;
      report(
        "verify/epoch-windows",
        later.path,
        `holds ${exactly(later.windows ?? 0, "window")}, and the first epoch ${windows}`,
      );
    }
    if (file?.windows === windows) return;
    const what =
      file === undefined
        ? "no file of this shard is listed"
        : `lists ${exactly(file.windows ?? 0, "window")}, not ${windows}`;
    report("verify/shard-missing", file?.path ?? `shard ${shard}`, what);
  });
  for (const { path, windows, shard } of tokenFiles) {
    const stored = source.token_store.files.find((file) => file.shard === shard && isLossFile(file.path));
    if (stored !== undefined && !lanes.has(path + companions.loss) && fresh.has(path)) {
      report("verify/bad-loss", path, `has no loss lane, and ${stored.path} says that not all its tokens are trained`);
    }
    if (windows === undefined || !intact(path, companions.index, companions.pieces)) continue;
    const from = selectionOf(source, shard);
    const problem = await windowShardProblem(options.store, path, windows, stage.window_tokens, format, from);
    if (problem !== undefined) report("verify/bad-windows", path, problem);
    await lane(path, true);
  }
  return findings;
}

function isListed({ token_store }: PackedStore, path: string): boolean {
  return token_store.files.some((file) => file.path === path);
}

/** Documents on the wrong side of what is held out. */
async function sideFindings(
  source: SourceManifest,
  validation: NonNullable<SourceManifest["validation"]>,
  store: string,
  fresh: ReadonlySet<string>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const heldOut of [false, true]) {
    for (const { path: file } of (heldOut ? validation : source).token_store.files) {
      if (!file.endsWith(DOCUMENTS) || !fresh.has(file)) continue;
      const what = await sideProblem(store, file, validation, heldOut);
      if (what !== undefined) findings.push({ severity: "error", code: "verify/held-out", file, what });
    }
  }
  return findings;
}

/** What the windows of a shard were chosen from, where they do not hold all its documents. */
function selectionOf({ selection, token_store }: PackedStore, shard: number): ShardSelection | undefined {
  const index = token_store.files.find((file) => file.shard === shard && file.path.endsWith(`.ds${companions.index}`));
  if (selection === undefined || index === undefined) return undefined;
  return { selection, shard, stored: index.path.slice(0, -companions.index.length) };
}
