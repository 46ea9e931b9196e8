/**
 * TypeScript's `noUncheckedIndexedAccess`, for the folders that can bear it: there an entry of a list or a record is looked at before it is used.
 *
 * The compiler has no such flag for a folder, so this compiles the program with it and leaves out what it says of the folders below. Part of
 * `npm run lint`. Price: one type check, some seconds.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Folders that are not held to the rule. */
const EXEMPT = [
  // Hot loops over typed arrays: every index is in bounds by construction, and a check for each would cost time or hide the arithmetic.
  "kernels",
  "batch",
  "assembly",
  // A missing entry fails the test or the measurement.
  "bench",
  "test",
];

const root = fileURLToPath(new URL("..", import.meta.url));
const isExempt = (file) => EXEMPT.some((folder) => file.startsWith(`${folder}/`));

function fail(text) {
  console.error(text);
  process.exit(1);
}

const gone = EXEMPT.filter((folder) => !existsSync(join(root, folder)));
if (gone.length > 0)
  fail(`indexed access: there is no folder ${gone.join(", ")}; take it off the list in ${import.meta.filename}`);

const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const flags = ["--noEmit", "-p", "tsconfig.json", "--noUncheckedIndexedAccess", "--pretty", "false", "--listFiles"];
const { status, stdout, stderr, error } = spawnSync(process.execPath, [tsc, ...flags], {
  cwd: root,
  encoding: "utf8",
  maxBuffer: 256 * 1024 * 1024,
});
if (error !== undefined || status === null)
  fail(`indexed access: the compiler did not end by itself\n${error ?? stderr}`);

/** `FILE(LINE,COLUMN): error …`; or `error …`, of the program as a whole. */
const errors = [];
const files = new Set();
for (const line of stdout.split(/\r?\n/)) {
  const found = /^(?:(.+?)\(\d+,\d+\): )?error TS\d+: /.exec(line);
  if (found !== null) errors.push({ line, file: found[1] });
  else if (isAbsolute(line)) files.add(relative(root, line).split(sep).join("/"));
}
const held = [...files].filter(
  (file) => !file.startsWith("..") && !file.startsWith("node_modules/") && !isExempt(file),
);
if (held.length === 0) fail(`indexed access: the compiler names no file\n${stdout}${stderr}`);

const wrong = errors.filter(({ file }) => file === undefined || !isExempt(file));
if (wrong.length > 0) {
  const list = wrong.map(({ line }) => `  ${line}`).join("\n");
  fail(`indexed access: ${wrong.length} errors outside the exempt folders\n${list}`);
}
console.log(`indexed access: ${held.length} files are held to the rule`);
