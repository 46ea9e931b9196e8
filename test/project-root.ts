/** Where the repository is, from compiled tests (`dist/test/…`) and from sources alike. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the repository's root. */
export const ROOT = find(dirname(fileURLToPath(import.meta.url)));

function find(folder: string): string {
  const manifest = join(folder, "package.json");
  if (existsSync(manifest)) {
    const { name }: { readonly name?: unknown } = JSON.parse(readFileSync(manifest, "utf8"));
    if (name === "shardmill") return folder;
  }
  if (folder === dirname(folder)) throw new Error("these tests run inside the repository");
  return find(dirname(folder));
}
