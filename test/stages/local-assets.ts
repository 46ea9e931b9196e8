/** Assets of stages that tests create without a plan: read from where the options say. */
import { readFileSync } from "node:fs";
import { assetName, localAsset } from "../../io/asset-sources.ts";
import { filledTables, reserveTables } from "../../io/shared-tables.ts";
import type { Assets } from "../../stages/define.ts";

export const LOCAL_ASSETS: Assets = {
  bytes: ({ asset }) => {
    const found = localAsset(asset);
    return "content" in found ? found.content : readFileSync(found.file);
  },
  name: ({ asset }) => assetName(asset),
  tables: (size_bytes, fill) => filledTables(reserveTables(), "the test", size_bytes, fill),
};
