/**
 * Removes temporary files that nobody will finish: those of processes that are dead.
 *
 * Invariant: what a living process may still write stays. A process of this machine is dead when its number is gone or belongs to one that
 * started at another time. Of one on another machine nothing can be known from here: its files stay while any run of that machine lives
 * or until they are {@link FOREIGN_AGE_MS} old. Price: one listing a folder.
 */
import fs from "node:fs";
import { join } from "node:path";
import { type ProcessName, stateOf } from "../io/local/process.ts";
import { writerOf } from "../io/local/temporary-name.ts";

/** No task takes this long, and no clock is this wrong. */
export const FOREIGN_AGE_MS = 24 * 60 * 60 * 1000;

export interface SweepOptions {
  /** Machines with a living run: their temporary files stay however old they are. */
  readonly living?: ReadonlySet<string>;
  readonly foreign_age_ms?: number;
}

/** Sweeps `folders` and everything below them; folders that are not there are passed over. Returns what was removed. */
export function sweepTemporaries(folders: readonly string[], options: SweepOptions = {}): string[] {
  const removed: string[] = [];
  for (const folder of folders) sweep(folder, options, removed);
  return removed;
}

function sweep(folder: string, options: SweepOptions, removed: string[]): void {
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      sweep(path, options, removed);
      continue;
    }
    const writer = writerOf(entry.name);
    if (writer === undefined || !isLeft(path, writer, options)) continue;
    fs.rmSync(path, { force: true });
    removed.push(path);
  }
}

function isLeft(path: string, writer: ProcessName, options: SweepOptions): boolean {
  const state = stateOf(writer);
  if (state !== "unknown") return state === "dead";
  if (options.living?.has(writer.machine)) return false;
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > (options.foreign_age_ms ?? FOREIGN_AGE_MS);
}

function entriesOf(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}
