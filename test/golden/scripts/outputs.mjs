/**
 * Makes test/golden/outputs/* with our own writers: bytes that no Node version, machine or batch size may change. Run
 * after a build.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { goldenOutputs } from "../../../dist/test/io/formats/output-samples.js";

const folder = new URL("../outputs/", import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, bytes] of await goldenOutputs()) writeFileSync(new URL(name, folder), bytes);
