/** Files of tasks as manifests name them. */
import type { CommittedFile } from "../io/local/commit.ts";
import type { StoredFile } from "../manifests/schema.ts";

/** Files of a folder of the store, by their paths in it. */
export function inFolder(folder: string, files: readonly CommittedFile[]): StoredFile[] {
  return files.map(({ name, size_bytes, sha256 }) => ({ path: `${folder}/${name}`, size_bytes, sha256 }));
}
