/**
 * Are the markers of a run's store, and the intermediate files they vouch for, as they were committed?
 *
 * Final files are checked by their sha256 in the manifests; here are those that only tasks read, as far as they are still there. Memory: a
 * piece of a file, or a table.
 */
import fs from "node:fs";
import { join } from "node:path";
import { entryAt } from "../batch/entry.ts";
import { RunError } from "../batch/errors.ts";
import { Blocks } from "../io/local/blocks.ts";
import { checkVouched, type Vouched, type VouchedFile } from "../io/local/vouched.ts";
import type { Finding } from "../manifests/verify.ts";
import { spanFiles } from "../store/layout.ts";
import { readSealed, type WithFiles } from "../store/marker.ts";
import { coverProblem, recordedSpans } from "../workers/spans.ts";
import type { OpenRun } from "./status.ts";
import { planFolders } from "./tidy.ts";

const PIECE_BYTES = 1 << 20;
/** Only served to build a store, and are removed then. */
const REMOVED = /\.(tokens|loss|texts|scattered|spool|contexts)$/;

export function storeFindings({ plan, layout }: OpenRun, onFile?: (path: string) => void): Finding[] {
  const findings: Finding[] = [];
  for (const folder of planFolders(plan, layout)) findings.push(...folderFindings(folder, onFile));
  for (const { passes, name, shards } of plan.sources) {
    const spans = recordedSpans(layout.ingest(entryAt(passes, 0, "pass").fingerprint));
    const what = spans && coverProblem(spans, shards);
    if (what === undefined) continue;
    findings.push({ severity: "error", code: "verify/bad-spans", source: name, file: spanFiles.spans, what });
  }
  return findings;
}

function folderFindings(folder: string, onFile?: (path: string) => void): Finding[] {
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
  const findings: Finding[] = [];
  for (const marker of names.filter((name) => name.endsWith(".done.json") || name === spanFiles.spans)) {
    const path = join(folder, marker);
    onFile?.(path);
    const read = readSealed<Partial<WithFiles>>(folder, marker);
    if (read.state === "damaged") {
      findings.push({ severity: "error", code: "verify/damaged-marker", file: path, what: read.what });
    }
    for (const file of read.state === "done" ? (read.marker.files ?? []) : []) {
      const what = "sha256" in file ? undefined : fileDamage({ folder, marker, file }, onFile);
      if (what !== undefined) {
        findings.push({ severity: "error", code: "verify/file-changed", file: join(folder, file.name), what });
      }
    }
  }
  return findings;
}

function fileDamage(vouched: Vouched, onFile?: (path: string) => void): string | undefined {
  const path = join(vouched.folder, vouched.file.name);
  if (REMOVED.test(path) && !fs.existsSync(path)) return undefined;
  onFile?.(path);
  try {
    readAll(vouched, vouched.file);
    return undefined;
  } catch (error) {
    if (error instanceof RunError && error.details.damaged !== undefined) return error.details.what;
    throw error;
  }
}

function readAll(vouched: Vouched, file: VouchedFile): void {
  if (!file.block_sums) {
    checkVouched(vouched);
    return;
  }
  const blocks = new Blocks(vouched);
  const piece = new Uint8Array(Math.min(PIECE_BYTES, blocks.content_bytes));
  const descriptor = blocks.open();
  try {
    for (let at = 0; at < blocks.content_bytes; at += piece.length) {
      blocks.fill(descriptor, piece.subarray(0, Math.min(piece.length, blocks.content_bytes - at)), at);
    }
  } finally {
    fs.closeSync(descriptor);
  }
}
