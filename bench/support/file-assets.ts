/** Assets of stages that are measured by themselves: files read where they lie, tables that nobody shares. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { AssetLibrary } from "../../io/assets.ts";
import type { Assets } from "../../stages/define.ts";

export function fileAssets(): Assets {
  const library = new AssetLibrary();
  let tables = 0;
  return {
    bytes: ({ asset }) => readFileSync(asset),
    name: ({ asset }) => path.basename(asset),
    tables: (size_bytes, fill) => library.tables(`bench-${tables++}`, "bench", size_bytes, fill),
  };
}
