/**
 * The folder of a sweep: candidates of a few kilobytes each, what they share, the table of their ratios, and a summary that names every file.
 *
 * Invariant: all of it or nothing, and no file of the store is written; files of the store are links here. Price: that of the trainers' writers.
 */
import fs from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "../../kernels/json/canonical.ts";
import { companions } from "../../store/token-file.ts";
import { type ExportFolder, publishFolder } from "../exports/folder.ts";
import type { StoredFile } from "../schema.ts";
import { writeMegatron } from "./megatron.ts";
import { writeNanotron } from "./nanotron.ts";
import { writeOlmoCore } from "./olmo-core.ts";
import { writeTrl } from "./trl.ts";
import { candidateFile, type SweepContext, type SweepWriter, type SweptCandidate, type SweptStores } from "./views.ts";

export const SWEEP_SUMMARY = "sweep.json";

const WRITERS = {
  nanotron: writeNanotron,
  megatron: writeMegatron,
  "olmo-core": writeOlmoCore,
  trl: writeTrl,
} as const satisfies Record<string, SweepWriter>;

export type SweepTrainer = keyof typeof WRITERS;
export const SWEEP_TRAINERS = Object.keys(WRITERS) as readonly SweepTrainer[];

export interface SweepFolderInput {
  readonly folder: string;
  readonly plan_fingerprint: string;
  readonly trainers: readonly SweepTrainer[];
  readonly candidates: readonly SweptCandidate[];
  readonly stores: SweptStores;
  readonly context: Omit<SweepContext, "folder">;
  /** By candidate, in their order: what their manifests say. */
  readonly manifests: readonly object[];
  /** Further files by name: tables. */
  readonly tables: Readonly<Record<string, string>>;
  /** Files of held-out windows and stores by name of their folder; paths are absolute. */
  readonly held_out: Readonly<Record<string, readonly StoredFile[]>>;
  /** Further keys of the summary. */
  readonly record: Readonly<Record<string, unknown>>;
}

export interface SweepBytes {
  /** Bytes that were written for candidates alone, and once for all of them; links aside. */
  readonly candidates_bytes: number;
  readonly shared_bytes: number;
  /** What the links lead to. */
  readonly linked_bytes: number;
}

export interface WrittenSweep extends SweepBytes {
  readonly warnings: readonly string[];
}

/** Writes the folder. Throws as {@link publishFolder} does. */
export function writeSweep(input: SweepFolderInput): WrittenSweep {
  const { folder, plan_fingerprint, trainers, candidates, stores } = input;
  const { warnings } = publishFolder(folder, SWEEP_SUMMARY, { plan_fingerprint }, (target) => {
    const context = { ...input.context, folder: target };
    candidates.forEach((candidate, i) => {
      target.text(candidateFile(candidate, "manifest.json"), pretty(input.manifests[i]));
    });
    for (const [name, text] of Object.entries(input.tables)) target.text(name, text);
    for (const [name, files] of Object.entries(input.held_out)) linkHeldOut(target, name, files);
    const told = trainers.flatMap((trainer) => WRITERS[trainer](candidates, stores, context));
    return { ...input.record, trainers, warnings: told };
  });
  return { warnings, ...bytesIn(folder) };
}

function linkHeldOut(target: ExportFolder, name: string, files: readonly StoredFile[]): void {
  for (const file of files) {
    if (!file.path.endsWith(".ds") && !file.path.endsWith(companions.index) && !file.path.endsWith(companions.loss))
      continue;
    target.link(file.path, `shared/held-out/${name}/${file.path.split("/").at(-1)}`, file);
  }
}

function pretty(value: unknown): string {
  return `${JSON.stringify(JSON.parse(canonicalJson(value)), null, 1)}\n`;
}

/** What lies in a sweep's folder, told by the file system: a link is a file with more than one name. */
function bytesIn(folder: string): SweepBytes {
  const bytes = { candidates_bytes: 0, shared_bytes: 0, linked_bytes: 0 };
  const linked = new Set<number>();
  for (const path of fs.readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const stat = fs.statSync(join(folder, path));
    if (!stat.isFile()) continue;
    if (stat.nlink > 1) {
      // Many names may lead to one file.
      if (!linked.has(stat.ino)) bytes.linked_bytes += stat.size;
      linked.add(stat.ino);
    } else if (path.startsWith("candidates")) bytes.candidates_bytes += stat.size;
    else bytes.shared_bytes += stat.size;
  }
  return bytes;
}
