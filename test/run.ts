/**
 * Runs every compiled test file, or those whose path holds one of the given words, and ends with `N passed, N failed, N skipped`.
 *
 * A script of our own because Node 20's `--test` takes no glob and later versions take no folder, and because a process for each of 240 files spends
 * two minutes on loading the same modules and warming them up: neighbours of one folder share a process. A file that is asked for by its path has one of its own.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

const GROUP_SIZE = 10;
/** Files with whole runs in them take long; a group of them must not be what all others wait for. */
const GROUP_SIZES: Readonly<Record<string, number>> = { ".": 1, cli: 3, mixtures: 3, runs: 4, workers: 4 };
/** It sees that all memory of its thread comes back, which tests beside it need not give. */
const ALONE = join("stages", "read", "positions.test.js");

const sizeOf = (folder: string): number => GROUP_SIZES[folder] ?? GROUP_SIZE;

const here = fileURLToPath(new URL(".", import.meta.url));
const words = process.argv.slice(2);
const files = (readdirSync(here, { recursive: true }) as string[])
  .filter((file) => file.endsWith(".test.js") && (words.length === 0 || words.some((word) => file.includes(word))))
  .sort();
const paths = words.length === 0 ? writeGroups() : files.map((file) => join(here, file));

/** Files that share a process. */
function writeGroups(): readonly string[] {
  const groups: { readonly folder: string; readonly files: string[] }[] = [];
  for (const file of files) {
    const [first = ""] = dirname(file).split(sep);
    const folder = file === ALONE ? "." : first;
    const last = groups.at(-1);
    if (last?.folder === folder && last.files.length < sizeOf(folder)) last.files.push(file);
    else groups.push({ folder, files: [file] });
  }
  const target = join(here, "groups");
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  // What takes long starts first, so that no core is idle at the end.
  groups.sort((a, b) => sizeOf(a.folder) - sizeOf(b.folder));
  return groups.map(({ folder, files }, i) => {
    const group = join(target, `${folder.replace(".", "top")}-${i}.js`);
    const imports = files.map((file) => `import "./${relative(target, join(here, file)).replaceAll(sep, "/")}";\n`);
    writeFileSync(group, imports.join(""));
    return group;
  });
}

const totals = new Map<string, number>();
// Tests wait for processes, signals and files: with a group more than there are cores, none of these is idle meanwhile.
const stream = run({ files: paths, concurrency: availableParallelism() + 1, timeout: 15 * 60_000 });
stream.on("test:diagnostic", ({ message }) => {
  const match = /^(tests|pass|fail|cancelled|skipped|todo) (\d+)$/.exec(message);
  if (match !== null) totals.set(match[1], Number(match[2]));
});
stream.on("test:fail", () => {
  process.exitCode = 1;
});
stream.compose(new spec()).pipe(process.stdout);
stream.on("end", () => {
  const count = (name: string): number => totals.get(name) ?? 0;
  const failed = count("fail") + count("cancelled");
  if (failed > 0 || count("pass") === 0) process.exitCode = 1;
  process.on("exit", () => {
    process.stdout.write(`\n${count("pass")} passed, ${failed} failed, ${count("skipped") + count("todo")} skipped\n`);
  });
});
