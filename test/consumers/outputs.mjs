/**
 * Reads the data sets that shardmill writes with the readers of others: values, schemas, statistics, page indexes. Not
 * part of `npm test`.
 *
 *   npm run build && SHARDMILL_PYTHON=/path/to/python node test/consumers/outputs.mjs [dist]
 *
 * The readers: pyarrow, duckdb, polars, datafusion. Prints PASSED, FAILED or SKIPPED and why for each check; exits 1
 * where a reader sees something else than was written.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = resolve(process.argv[2] ?? join(here, "../../dist"));
const python = process.env.SHARDMILL_PYTHON ?? "python3";
const load = (path) => import(pathToFileURL(join(dist, path)).href);
const { columnsFrom, FIELDS, jsonlOf, parquetOf, sampleRow } = await load("test/io/formats/output-samples.js");
const { jsonText } = await load("kernels/json/json-text.js");

const ROWS = 6000;
/** Several row groups, and pages in each. */
const SIZES = { row_group_bytes: 400_000, page_bytes: 20_000 };
const READERS = ["pyarrow", "duckdb", "polars", "datafusion"];

const root = mkdtempSync(join(tmpdir(), "shardmill-outputs-"));
const counts = { passed: 0, failed: 0, skipped: 0 };
try {
  await writeFiles(root);
  for (const reader of READERS) {
    const probe = spawnSync(python, ["-W", "ignore", "-c", `import ${reader}`]);
    if (probe.status !== 0) {
      const problem = probe.error?.message ?? probe.stderr.toString().trim().split("\n").at(-1);
      counts.skipped++;
      console.log(`SKIPPED ${reader}: ${python} cannot import it: ${problem}`);
      continue;
    }
    const { status, stdout, stderr } = spawnSync(python, ["-W", "ignore", join(here, "read_outputs.py"), reader, root]);
    if (status === 0) {
      counts.passed++;
      console.log(`PASSED  ${reader}: ${stdout.toString().trim()}`);
    } else {
      counts.failed++;
      console.log(`FAILED  ${reader}: ${stderr.toString().slice(-3000)}`);
    }
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;

async function writeFiles(folder) {
  const rows = Array.from({ length: ROWS }, (_, i) => sampleRow(i));
  const columns = [columnsFrom(FIELDS, rows)];
  writeFileSync(join(folder, "expected.json"), jsonText(rows));
  const metadata = new Map([["made_by", "outputs.mjs"]]);
  for (const codec of ["zstd", "gzip", "none"]) {
    const { bytes } = await parquetOf(FIELDS, columns, { ...SIZES, codec, metadata });
    writeFileSync(join(folder, `${codec}.parquet`), bytes);
  }
  writeFileSync(join(folder, "empty.parquet"), (await parquetOf(FIELDS, [])).bytes);
  writeFileSync(join(folder, "rows.jsonl"), await jsonlOf(FIELDS, columns, "none"));
  writeFileSync(join(folder, "rows.jsonl.zst"), await jsonlOf(FIELDS, columns, "zstd", 100_000));
  writeFileSync(join(folder, "rows.jsonl.gz"), await jsonlOf(FIELDS, columns, "gzip", 100_000));
}
