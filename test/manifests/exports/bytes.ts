/**
 * A digest of everything an export writes, for every trainer, on both runs made for tests. What is compressed is hashed
 * unpacked.
 */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { takes } from "../../../manifests/exports/define.ts";
import { EXPORTERS, TRAINERS } from "../../../manifests/exports/registry.ts";
import { makeSmallRun } from "../small-run.ts";
import { makeFiveRun } from "./five-documents.ts";
import { type ExportedRun, exportTo } from "./open-run.ts";

const GIVEN = {
  path_prefix: "/data/",
  global_batch_size: 8,
  tokenizer_name: "org/tok",
  label_mask: true,
  nemo_automodel: true,
} as const;

/** Digests by run, trainer and options. `folder` gives an empty folder. */
export function exportDigests(folder: () => string): Record<string, string> {
  const digests: Record<string, string> = {};
  for (const trainer of TRAINERS) {
    // Neither run mixes rows.
    if (!takes(EXPORTERS[trainer]).windows) continue;
    const known = Object.entries(GIVEN).filter(([option]) => Object.hasOwn(EXPORTERS[trainer].options.shape, option));
    for (const [kind, options] of [
      ["plain", {}],
      ["options", Object.fromEntries(known)],
    ] as const) {
      const small = folder();
      digests[`small ${trainer} ${kind}`] = digest(exportTo(small, makeSmallRun(small).manifests, trainer, options));
      const five = folder();
      digests[`five ${trainer} ${kind}`] = digest(exportTo(five, makeFiveRun(five, 4, 5).manifests, trainer, options));
    }
  }
  return digests;
}

function digest({ files, read, warnings }: ExportedRun): string {
  const hash = createHash("sha256");
  for (const file of files) {
    const bytes = read(file);
    hash.update(`${file}\n`).update(file.endsWith(".gz") ? gunzipSync(bytes) : bytes);
  }
  // Options are what this file gives: they say nothing of what was written.
  const { files: _, options: _given, ...summary }: Record<string, unknown> = JSON.parse(read("export.json").toString());
  return hash
    .update(JSON.stringify([summary, warnings]))
    .digest("hex")
    .slice(0, 32);
}
