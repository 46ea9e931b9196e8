/**
 * A finished run as a list of parts, each with one Merkle root: token stores, windows, packed rows, mixtures, outputs.
 *
 * A leaf is a file by its name, size and sha256, or a fact of a mixture. Names of folders are not among them, so that runs of other
 * recipes can be equal. Invariant: roots follow from what manifests say of content; `verify` holds files to that. Price: the manifests.
 */
import { basename, join } from "node:path";
import { merkleRoot } from "../../kernels/hash/merkle.ts";
import { OUTPUT_SUMMARY, readSummary } from "../../manifests/exports/folder.ts";
import type { RowManifest } from "../../manifests/row-schema.ts";
import type { StoredFile, TrainingStageManifest } from "../../manifests/schema.ts";
import { sourceOfShare } from "../../mixtures/sub-sources.ts";
import { outputFolder } from "../outputs.ts";
import { stageManifests, trains } from "../run-manifests.ts";
import type { OpenRun } from "../status.ts";

export type PartKind = "token_store" | "validation_store" | "windows" | "packed_rows" | "mixture" | "output";

export interface Leaf {
  readonly name: string;
  /** What it is, as text. */
  readonly value: string;
  /** From the store's folder; of leaves that are files of it. */
  readonly path?: string;
}

export interface RunPart {
  readonly kind: PartKind;
  readonly name: string;
  readonly root: string;
  readonly leaves: readonly Leaf[];
  /** What it is a part of: a source, a training stage or an output. */
  readonly source?: string;
}

/** In this order: stores, what is cut from them, mixtures, outputs. Throws RunError `run/not-a-run` where the run is not finished. */
export async function runParts(run: OpenRun): Promise<readonly RunPart[]> {
  const { plan, layout } = run;
  const { windows, rows } = trains(plan.recipe) ? await stageManifests(run) : { windows: [], rows: [] };
  const parts = new Map<string, RunPart>();
  const add = (kind: PartKind, name: string, leaves: readonly Leaf[], source?: string): void => {
    const key = `${kind}/${name}`;
    if (parts.has(key)) return;
    const root = merkleRoot(leaves.map(({ name, value }) => `${name}\n${value}`));
    parts.set(key, { kind, name, root, leaves, ...(source === undefined ? {} : { source }) });
  };
  for (const { sources } of [...windows, ...rows]) {
    for (const [share, { token_store }] of Object.entries(sources)) {
      const source = sourceOfShare(share);
      add("token_store", source, fileLeaves(token_store.files), source);
    }
  }
  for (const manifest of windows) addWindows(manifest, add);
  for (const { stage, files } of rows) add("packed_rows", stage.name, fileLeaves(files));
  for (const manifest of windows) add("mixture", manifest.stage.name, mixtureLeaves(manifest));
  for (const manifest of rows) add("mixture", manifest.stage.name, rowMixtureLeaves(manifest));
  for (const { name } of plan.outputs) {
    const { files = [] } = readSummary(outputFolder(layout.run(plan.name), name), OUTPUT_SUMMARY) ?? {};
    // The card tells the run's name.
    const rows = files.filter(({ path }) => !path.endsWith(".md"));
    const leaves = rows.map(({ path, size_bytes, sha256 }) => ({ name: path, value: `${size_bytes} ${sha256}` }));
    add("output", name, leaves);
  }
  return [...parts.values()];
}

/** One root for all of a run. */
export function rootOfParts(parts: readonly RunPart[]): string {
  return merkleRoot(parts.map(({ kind, name, root }) => `${kind}/${name}\n${root}`));
}

function addWindows(
  { stage, sources }: TrainingStageManifest,
  add: (kind: PartKind, name: string, leaves: readonly Leaf[], source?: string) => void,
): void {
  for (const [share, { files, validation }] of Object.entries(sources)) {
    const source = sourceOfShare(share);
    const name = `${share}, ${stage.sequence_length}, ${stage.pack.use}`;
    add("windows", name, fileLeaves(files), source);
    if (validation === undefined) continue;
    add("validation_store", source, fileLeaves(validation.token_store.files), source);
    add("windows", `${name}, validation`, fileLeaves(validation.files), source);
  }
}

function fileLeaves(files: readonly StoredFile[]): readonly Leaf[] {
  return files
    .map(({ path, size_bytes, sha256 }) => ({ name: basename(path), value: `${size_bytes} ${sha256}`, path }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What a trainer is told: which windows of which source, under which weight. */
function mixtureLeaves({ stage, sources }: TrainingStageManifest): readonly Leaf[] {
  const { tokens, windows, sequence_length, pack } = stage;
  const shares = Object.entries(sources).map(([share, source]) => {
    const { weight_requested, weight_achieved, start_window, end_window, epoch_windows } = source;
    return {
      name: share,
      value: JSON.stringify({ weight_requested, weight_achieved, start_window, end_window, epoch_windows }),
    };
  });
  return [{ name: "stage", value: JSON.stringify({ tokens, windows, sequence_length, pack }) }, ...shares];
}

function rowMixtureLeaves({ stage, order, sources }: RowManifest): readonly Leaf[] {
  const { rule, seed, shuffle_seed, split, sequence_length, pack, rows, tokens } = stage;
  const head = { rule, seed, shuffle_seed, split, sequence_length, pack, rows, tokens };
  const shares = order.map((source) => {
    const { fraction, taken } = sources[source] ?? {};
    return { name: source, value: JSON.stringify({ fraction, taken }) };
  });
  return [{ name: "stage", value: JSON.stringify(head) }, ...shares];
}

/** Where a file of the store lies. */
export function storePath({ layout }: OpenRun, path: string): string {
  return join(layout.store, path);
}
