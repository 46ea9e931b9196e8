/**
 * Runs benchmarks and keeps what they print: `npm run bench -- NAME [flags of that benchmark]`.
 *
 * Raw results go to `bench/runs/DATE-MACHINE/NAME.json` with the command, the Node version and the processor, because a figure without
 * them is none.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const names = fs
  .readdirSync(here)
  .filter((file) => file.endsWith(".js") && file !== "main.js")
  .map((file) => file.slice(0, -3))
  .sort();
const [name, ...flags] = process.argv.slice(2);

if (name === undefined || !names.includes(name)) {
  process.stderr.write(`usage: npm run bench -- NAME [flags]\nbenchmarks: ${names.join(", ")}\n`);
  process.exitCode = 2;
} else {
  const { status, stdout } = spawnSync(process.execPath, [path.join(here, `${name}.js`), ...flags], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 28,
  });
  process.stdout.write(stdout);
  process.exitCode = status ?? 1;
  if (status === 0) keep(name, flags, stdout);
}

function keep(bench: string, args: readonly string[], output: string): void {
  const model = os.cpus()[0]?.model ?? "unknown";
  const machine = `${model
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")}-${os.availableParallelism()}x`;
  const folder = path.join("bench", "runs", `${new Date().toISOString().slice(0, 10)}-${machine}`);
  fs.mkdirSync(folder, { recursive: true });
  // Paths of the machine are no part of a result.
  const command = [bench, ...args.map((arg) => (path.isAbsolute(arg) ? path.basename(arg) : arg))].join(" ");
  const facts = {
    command,
    node: process.version,
    cpu: model,
    cores: os.availableParallelism(),
    output: parsed(output),
  };
  const file = path.join(folder, `${bench}.json`);
  fs.writeFileSync(file, `${JSON.stringify(facts, null, 2)}\n`);
  process.stderr.write(`kept in ${file}\n`);
}

function parsed(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    return output.split("\n");
  }
}
