/** Makes test/golden/exports/digests.json from what the exporters write today. Run from the repository root after `npm run build`. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportDigests } from "../../../dist/test/manifests/exports/bytes.js";

const root = mkdtempSync(join(tmpdir(), "shardmill-exports-"));
const digests = exportDigests(() => mkdtempSync(join(root, "run-")));
rmSync(root, { recursive: true });
writeFileSync("test/golden/exports/digests.json", `${JSON.stringify(digests, null, 2)}\n`);
