/**
 * Exports against their own summaries: every file is hashed again. A missing or changed file, or an export of an older
 * plan, is a finding.
 */
import fs from "node:fs";
import { join } from "node:path";
import type { Finding } from "../verify-figures.ts";
import { fileProblem } from "../verify-files.ts";
import { readSummary, SUMMARY } from "./folder.ts";

/**
 * Findings on every export in `exports`, the run's folder with one folder per trainer; or, with the summary of those, on
 * every output. None where there is no such folder.
 */
export async function exportFindings(
  exports: string,
  planFingerprint: string,
  onFile: (path: string) => void = () => {},
  summaryName = SUMMARY,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const report = (code: string, file: string, what: string): void => {
    findings.push({ severity: "error", code, file, what });
  };
  for (const trainer of exportFolders(exports)) {
    const folder = join(exports, trainer);
    const summary = readSummary(folder, summaryName);
    if (summary === undefined) {
      report("verify/bad-export", `${trainer}/${summaryName}`, "is not the summary of an export: export again");
      continue;
    }
    if (summary.plan_fingerprint !== planFingerprint) {
      report(
        "verify/stale-export",
        `${trainer}/${summaryName}`,
        "was made from another plan than the manifests: export again",
      );
    }
    for (const file of summary.files) {
      const path = `${trainer}/${file.path}`;
      onFile(path);
      const problem = await fileProblem(folder, file);
      if (problem !== undefined) report("verify/export-changed", path, problem);
    }
  }
  return findings;
}

function exportFolders(exports: string): string[] {
  if (!fs.existsSync(exports)) return [];
  return fs
    .readdirSync(exports, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => entry.name)
    .sort();
}
