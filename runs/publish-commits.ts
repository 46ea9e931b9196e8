/**
 * Which commits bring a repository from what it has to what a run has: as few as the Hub's own bounds allow.
 *
 * Invariants: a file that is there with the same content is in no commit; the card, and what is removed, come last, so that nobody reads of files
 * that are not there yet. Pure but for the hash of small files that the Hub knows by git's.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RemoteEntry, UploadMode } from "../io/remote/hub-repository.ts";
import { repositoryCard } from "../manifests/outputs/repository-card.ts";
import type { LocalFile, Published } from "./publish-files.ts";

export const CARD = "README.md";

/** The Hub advises less than a hundred files a commit, and takes about a hundred commits an hour. */
export const FILES_PER_COMMIT = 99;
/** Content of small files travels in the commit itself. */
const REGULAR_BYTES_PER_COMMIT = 50_000_000;

/** What was found in the repository. */
export interface Survey {
  readonly head: string;
  readonly entries: ReadonlyMap<string, RemoteEntry>;
  readonly card: string | undefined;
}

/** What of the run the repository lacks, and what it has too much. */
export interface Wanted {
  readonly files: readonly LocalFile[];
  /** Absent where it stays as it is. */
  readonly card: string | undefined;
  readonly deleted: readonly string[];
  /** Shards of the same splits that stay, and that the card does not name. */
  readonly stale: readonly string[];
}

export interface CommitGroup {
  readonly files: readonly LocalFile[];
  /** The last one has the card, where it changes. */
  readonly card?: string;
  readonly deleted: readonly string[];
}

export function wantedOf(
  { files, outputs }: Published,
  { entries, card }: Survey,
  how: { readonly repository: string; readonly run: string; readonly card: boolean; readonly prune: boolean },
): Wanted {
  const stale = staleShards(files, entries.keys());
  const written = how.card && outputs.length > 0 ? repositoryCard(how.repository, how.run, outputs, card) : undefined;
  return {
    files: files.filter((file) => !isThere(file, entries.get(file.path))),
    card: written === card ? undefined : written,
    deleted: how.prune ? stale : [],
    stale: how.prune ? [] : stale,
  };
}

/** Whether the repository has exactly this file. */
function isThere({ folder, name, size_bytes, sha256 }: LocalFile, entry: RemoteEntry | undefined): boolean {
  if (entry === undefined || entry.size_bytes !== size_bytes) return false;
  if (entry.sha256 !== undefined) return entry.sha256 === sha256;
  if (entry.git_oid === undefined || size_bytes > REGULAR_BYTES_PER_COMMIT) return false;
  const content = readFileSync(join(folder, name));
  // Git's hash of a damaged file would be that of a file nobody asks for: the sha256 is looked at too.
  const isSound = createHash("sha256").update(content).digest("hex") === sha256;
  return isSound && gitOid(content) === entry.git_oid;
}

/** What git knows content by. */
function gitOid(content: Uint8Array): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

export function groupCommits(
  files: readonly LocalFile[],
  modes: ReadonlyMap<string, UploadMode>,
  last: Pick<CommitGroup, "card" | "deleted">,
  filesPerCommit: number,
): CommitGroup[] {
  const groups: LocalFile[][] = [];
  let group: LocalFile[] = [];
  let regular = 0;
  const close = (): void => {
    if (group.length > 0) groups.push(group);
    group = [];
    regular = 0;
  };
  for (const file of files) {
    const inside = modes.get(file.path) === "regular" ? file.size_bytes : 0;
    if (group.length === filesPerCommit || (inside > 0 && regular + inside > REGULAR_BYTES_PER_COMMIT)) close();
    group.push(file);
    regular += inside;
  }
  const hasLast = last.card !== undefined || last.deleted.length > 0;
  const beside = (last.card === undefined ? 0 : 1) + last.deleted.length;
  if (hasLast && group.length > 0 && group.length + beside > filesPerCommit) close();
  if (group.length > 0 || hasLast) groups.push(group);
  return groups.map((members, i) =>
    i === groups.length - 1 ? { files: members, ...last } : { files: members, deleted: [] },
  );
}

/** Shards of the splits in `files` that an earlier publishing left: the card names them no longer. */
function staleShards(files: readonly LocalFile[], entries: Iterable<string>): string[] {
  const ours = new Set(files.map(({ path }) => path));
  const splitOf = (path: string): string | undefined => /^(.*)-\d{5,}-of-\d{5,}\.[a-z0-9.]+$/.exec(path)?.[1];
  const splits = new Set(files.map(({ path }) => splitOf(path)));
  return [...entries]
    .filter((path) => {
      const split = splitOf(path);
      return split !== undefined && splits.has(split) && !ours.has(path);
    })
    .sort();
}

export function folderOf(path: string): string {
  const folder = dirname(path);
  return folder === "." ? "" : folder;
}

export function sizeOf(files: readonly LocalFile[]): number {
  return files.reduce((sum, { size_bytes }) => sum + size_bytes, 0);
}
