/** What a folder takes on disk, files in it counted by their lengths. Price: one listing a folder, one look a file. */
import fs from "node:fs";
import { join } from "node:path";

export interface FolderSize {
  readonly files: number;
  readonly size_bytes: number;
  /** Of its youngest file; 0 where it has none. */
  readonly modified_ms: number;
}

/** Files that are gone when it comes to them are not counted. `sees` is told of every file by its name. */
export function folderSize(path: string, sees: (name: string) => void = () => {}): FolderSize {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return { files: 0, size_bytes: 0, modified_ms: 0 };
  if (!stat.isDirectory()) return { files: 1, size_bytes: stat.size, modified_ms: stat.mtimeMs };
  let [files, size_bytes, modified_ms] = [0, 0, 0];
  for (const name of namesIn(path)) {
    sees(name);
    const inner = folderSize(join(path, name), sees);
    files += inner.files;
    size_bytes += inner.size_bytes;
    modified_ms = Math.max(modified_ms, inner.modified_ms);
  }
  return { files, size_bytes, modified_ms };
}

export function namesIn(folder: string): readonly string[] {
  try {
    return fs.readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
