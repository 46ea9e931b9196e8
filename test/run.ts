/**
 * Runs every compiled test file, or those whose path holds one of the given words, and ends with `N passed, N failed, N skipped`.
 *
 * A script of our own because Node 20's `--test` takes no glob and later versions take no folder.
 */
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const words = process.argv.slice(2);
const files = (readdirSync(here, { recursive: true }) as string[])
  .filter((file) => file.endsWith(".test.js") && (words.length === 0 || words.some((word) => file.includes(word))))
  .sort()
  .map((file) => join(here, file));

const totals = new Map<string, number>();
const stream = run({ files, concurrency: Math.max(1, availableParallelism()), timeout: 15 * 60_000 });
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
