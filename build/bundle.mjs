/**
 * Writes `dist/bundle/`: what the package runs. A file for the library, one for the command line, one for every kind of thread, and what several of
 * them import; from here and from libraries that are plain JavaScript.
 *
 *   node build/bundle.mjs
 *
 * Why: 600 modules of ours and 300 of libraries are files that every thread opens, parses and links by itself. Bundled, the library starts in a third
 * of the CPU time and 24 MB less, a worker in less than half and 15 MB less (docs/LOG.md). Stages stay files of their own, so that a
 * thread still loads only those of its plan. Libraries that bring WebAssembly, threads of their own, or are loaded for rare files stay imports.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(ROOT, "dist");
const OUT = join(DIST, "bundle");
/** Imported from node_modules by whoever needs them. */
const LIBRARIES = [
  "@foxglove/wasm-zstd",
  "@huggingface/hub",
  "@observablehq/plot",
  "hyparquet-compressors",
  "linkedom",
  "piscina",
  "tiktoken",
  "xz-decompress",
  "zstddec",
];
/** Libraries that are CommonJS ask for Node's modules by `require`, which modules do not have. */
const REQUIRE =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

const shared = {
  bundle: true,
  platform: "node",
  target: "node20",
  outdir: OUT,
  external: LIBRARIES,
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
  absWorkingDir: ROOT,
};

rmSync(OUT, { recursive: true, force: true });
const results = await Promise.all([
  build({
    ...shared,
    format: "esm",
    banner: { js: REQUIRE },
    // A module is in one file whoever imports it: a plugin that imports the package in a worker meets the classes that the worker knows.
    splitting: true,
    chunkNames: "[name]-[hash]",
    entryPoints: {
      index: "dist/index.js",
      cli: "dist/cli/main.js",
      worker: "dist/workers/engines/local-worker.js",
      "identity-worker": "dist/io/local/identity-worker.js",
      "heartbeat-worker": "dist/store/heartbeat-worker.js",
    },
  }),
  build({
    ...shared,
    format: "cjs",
    entryPoints: { "worker-entry": "dist/workers/engines/local-worker-entry.cjs" },
    outExtension: { ".js": ".cjs" },
    plugins: [worker()],
  }),
]);
writeFileSync(join(OUT, "LICENSES.txt"), notices(results.flatMap(({ metafile }) => Object.keys(metafile.inputs))));

/** The worker is a file of the bundle, not a part of its entry. */
function worker() {
  const target = join(DIST, "workers/engines/local-worker.js");
  return {
    name: "worker",
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) =>
        resolve(resolveDir, path) === target ? { path: "./worker.js", external: true } : undefined,
      );
    },
  };
}

/** Names, licences and notices of the libraries whose code is in the bundle. */
function notices(inputs) {
  const folders = new Set(inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean));
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
    const files = ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "LICENCE", "NOTICE", "NOTICE.txt"];
    const found = files.map((file) => join(ROOT, folder, file)).filter((file) => existsSync(file));
    return [`${name} ${version}, ${license}`, ...found.map((file) => readFileSync(file, "utf8").trim())].join("\n\n");
  });
  return `${["This package holds code of these libraries.", ...texts].join(`\n\n${"=".repeat(80)}\n\n`)}\n`;
}
