/**
 * Compiles the one file of every `assembly/NAME/` that has a head line `// module` to `dist/kernels/wasm/NAME.wasm`. With `// module shared` its
 * memory is the host's, which threads share.
 *
 *   node assembly/build.mjs [OUT=dist]
 *
 * AssemblyScript to WebAssembly with SIMD, no runtime and no garbage collector: kernels own their memory layout. A module that
 * is newer than its sources is not compiled again.
 */
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", process.argv[2] ?? "dist", "kernels", "wasm");
mkdirSync(out, { recursive: true });
/** Memory of up to 4 GiB that the host makes. */
const SHARED = [
  "--enable",
  "threads",
  "--importMemory",
  "--sharedMemory",
  "--initialMemory",
  "1",
  "--maximumMemory",
  "65536",
];

const sources = readdirSync(here, { recursive: true })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => join(here, file));
const newest = Math.max(
  ...sources.map((file) => statSync(file).mtimeMs),
  statSync(fileURLToPath(import.meta.url)).mtimeMs,
);

for (const source of sources) {
  if (!readFileSync(source, "utf8").startsWith("// module")) continue;
  const name = basename(dirname(source));
  const target = join(out, `${name}.wasm`);
  if ((statSync(target, { throwIfNoEntry: false })?.mtimeMs ?? 0) > newest) continue;
  const flags = ["-O3", "--converge", "--noAssert", "--runtime", "stub", "--enable", "simd", "--exportStart", "_start"];
  const isShared = readFileSync(source, "utf8").startsWith("// module shared");
  if (isShared) flags.push(...SHARED);
  const { error, stderr } = await asc.main([source, "-o", target, ...flags]);
  if (error !== null) {
    process.stderr.write(`${stderr.toString()}\n`);
    throw error;
  }
  process.stdout.write(`${name}.wasm ${statSync(target).size} bytes\n`);
}
