/** The rules of the house that no linter knows: who may import whom, what a kernel may touch, what a file may be called. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize, relative, sep } from "node:path";
import { test } from "node:test";
import { ROOT } from "./project-root.ts";

/** Folders from the top; a folder imports only itself and what stands in a later line. Those of one line are strangers. */
const LAYERS: readonly (readonly string[])[] = [
  ["cli"],
  ["index.ts"],
  ["report"],
  ["runs"],
  ["workers"],
  ["plan"],
  ["stages", "mixtures", "manifests"],
  ["store"],
  ["io"],
  ["kernels"],
  ["batch"],
];
const FOLDERS = LAYERS.flat();
const MAX_LINES = 500;

interface Source {
  /** From the root, `/`-separated. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  /** The text with comments blanked out; line breaks stay. */
  readonly code: string;
  readonly imports: readonly string[];
}

function sourcesIn(...folders: readonly string[]): Source[] {
  return folders.flatMap((folder) => filesUnder(join(ROOT, folder)).map(readSource));
}

function filesUnder(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (stat.isFile()) return path.endsWith(".ts") ? [path] : [];
  return readdirSync(path).flatMap((name) => filesUnder(join(path, name)));
}

function readSource(file: string): Source {
  const text = readFileSync(file, "utf8");
  const path = relative(ROOT, file).replaceAll(sep, "/");
  const code = withoutComments(text);
  return { path, folder: path.split("/")[0], text, code, imports: importsOf(code) };
}

/** Blanks comments; strings, templates and regular expressions are passed over whole, so that `//` in them is no comment. */
function withoutComments(text: string): string {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`|(?<=[=(,:;!&|?[{}]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\//g;
  return text.replace(token, (match) =>
    match.startsWith("//") || match.startsWith("/*") ? match.replaceAll(/[^\n]/g, " ") : match,
  );
}

/** Everything a file imports: values, types, re-exports and dynamic imports alike. */
function importsOf(code: string): string[] {
  const statements = code.matchAll(/(?:^|[\s;}])(?:from|import)\s*\(?\s*"([^"\n]+)"/g);
  return [...statements].map((match) => match[1]);
}

/** The file a relative import means, from the root. */
function target(source: Source, specifier: string): string {
  return normalize(join(dirname(source.path), specifier)).replaceAll(sep, "/");
}

function violations(sources: readonly Source[], judge: (source: Source, specifier: string) => boolean): string[] {
  return sources.flatMap((source) =>
    source.imports.filter((specifier) => !judge(source, specifier)).map((specifier) => `${source.path} → ${specifier}`),
  );
}

const isRelative = (specifier: string) => specifier.startsWith(".");

test("the scanner sees every kind of import and no comment", () => {
  const code = withoutComments(`
    import a, { type B } from "./a.ts"; // import x from "./no.ts"
    import type { C } from "../c.ts";
    import "./d.ts"; /* from "./no.ts" */
    export * from "./e.ts";
    import {
      f,
    } from "./f.ts";
    const g = await import("./g.ts");
    const slash = "// not a comment"; const h = /["'/]/; const url = \`http://x/\${slash}\`;
    type I = import("./i.ts").I;
  `);
  assert.deepEqual(importsOf(code), ["./a.ts", "../c.ts", "./d.ts", "./e.ts", "./f.ts", "./g.ts", "./i.ts"]);
  assert.ok(code.includes('"// not a comment"'));
});

test("a folder imports only from folders below it", () => {
  const layer = (folder: string) => LAYERS.findIndex((folders) => folders.includes(folder));
  const wrong = violations(sourcesIn(...FOLDERS), (source, specifier) => {
    if (!isRelative(specifier)) return true;
    const to = target(source, specifier).split("/")[0];
    return to === source.folder || layer(to) > layer(source.folder);
  });
  assert.deepEqual(wrong, []);
});

test("the command line is a client of the public API", () => {
  const wrong = violations(
    sourcesIn("cli"),
    (source, specifier) => !isRelative(specifier) || /^(cli\/|index\.ts$)/.test(target(source, specifier)),
  );
  assert.deepEqual(wrong, []);
});

test("batch imports nothing", () => {
  assert.deepEqual(
    violations(sourcesIn("batch"), (_, specifier) => isRelative(specifier)),
    [],
  );
});

test("kernels touch no disk, no network, no clock, no chance", () => {
  const kernels = sourcesIn("kernels");
  const pure = new Set(["node:crypto", "node:buffer"]);
  assert.deepEqual(
    violations(kernels, (_, specifier) => !specifier.startsWith("node:") || pure.has(specifier)),
    [],
  );
  const impure = /\b(?:Math\.random|Date\.now|new Date\(\)|performance\.now|process\.|fetch\(|setTimeout|randomBytes)/;
  assert.deepEqual(matches(kernels, impure), []);
});

test("relative imports name the file as it is", () => {
  const wrong = violations(
    sourcesIn(...FOLDERS, "bench", "test"),
    (_, specifier) => !isRelative(specifier) || /\.(ts|json)$/.test(specifier),
  );
  assert.deepEqual(wrong, []);
});

test("nothing is typed any and no check is switched off", () => {
  const sources = sourcesIn(...FOLDERS, "bench", "test");
  assert.deepEqual(matches(sources, /(?:[:<|&,]\s*|\bas\s+)any\b\s*(?=[;,)=>|&\]{[]|$)/), []);
  const off = new RegExp("@ts-" + "(?:ignore|nocheck|expect-error)|biome-" + "ignore");
  assert.deepEqual(
    sources.filter(({ text, path }) => off.test(text) && !path.endsWith(".gen.ts")).map(({ path }) => path),
    [],
  );
});

function matches(sources: readonly Source[], pattern: RegExp): string[] {
  return sources.flatMap(({ path, code }) =>
    code.split("\n").flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1} ${line.trim()}`] : [])),
  );
}

test("nothing imports itself by way of others", () => {
  const sources = sourcesIn(...FOLDERS, "assembly", "test");
  const graph = new Map(
    sources.map((source) => [
      source.path,
      source.imports
        .filter(isRelative)
        .map((specifier) => target(source, specifier))
        .map((path) => (path.endsWith(".ts") ? path : `${path}.ts`)),
    ]),
  );
  assert.deepEqual(circles(graph), []);
});

/** Every way round in a graph that a walk from each of its nodes meets, as `a → b → a`. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (node: string, way: readonly string[]): void => {
    const at = way.indexOf(node);
    if (at >= 0) found.push([...way.slice(at), node].join(" → "));
    if (at >= 0 || done.has(node)) return;
    for (const next of graph.get(node) ?? []) walk(next, [...way, node]);
    done.add(node);
  };
  for (const node of graph.keys()) walk(node, []);
  return found;
}

test("the walk finds a way round", () => {
  const graph = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["b"]],
  ]);
  assert.deepEqual(circles(graph), ["b → c → b"]);
});

/** A WebAssembly module is one folder, which takes from others only what hashes. */
test("a folder of assembly imports only itself and hash", () => {
  const wrong = violations(sourcesIn("assembly"), (source, specifier) => {
    const [, folder] = source.path.split("/");
    const [top, to] = target(source, specifier).split("/");
    return top === "assembly" && (to === folder || to === "hash");
  });
  assert.deepEqual(wrong, []);
  const mirrored = new Set(readdirSync(join(ROOT, "kernels")));
  const folders = readdirSync(join(ROOT, "assembly")).filter((name) => !name.includes("."));
  assert.deepEqual(
    folders.filter((folder) => !mirrored.has(folder)),
    [],
  );
});

/** What only tests use, and why it stays: oracles that a faster way is held against, and the version of a table. */
const ORACLES: ReadonlySet<string> = new Set(["replayBlend", "generalCategory", "SPACY_VERSION"]);

test("nothing is exported for tests alone, or for nobody", () => {
  const published = sourcesIn("index.ts")[0].code;
  const sources = sourcesIn(...FOLDERS, "bench").filter(({ path }) => path !== "index.ts");
  const words = new Map(sources.map(({ path, code }) => [path, new Set(code.match(/[A-Za-z_$][\w$]*/g))]));
  const unused = sources.flatMap(({ path, folder, code }) => {
    if (folder === "bench" || folder === "cli" || published.includes(`"./${path}"`)) return [];
    const names = [...code.matchAll(/^export (?:async )?(?:function\*?|const|(?:abstract )?class) (\w+)/gm)];
    return names
      .map(([, name]) => name)
      .filter((name) => !ORACLES.has(name))
      .filter((name) => !isUsedAtHome(name, code))
      .filter((name) => ![...words].some(([other, used]) => other !== path && used.has(name)))
      .map((name) => `${path}: ${name}`);
  });
  assert.deepEqual(unused, []);
});

/** A test may look at a part of what its file uses itself. */
function isUsedAtHome(name: string, code: string): boolean {
  return [...code.matchAll(new RegExp(`\\b${name}\\b`, "g"))].length > 1;
}

test("a file says what it owns, is short, and is no drawer", () => {
  const sources = sourcesIn(...FOLDERS, "assembly").filter(({ path }) => !path.endsWith(".gen.ts"));
  const drawers = /(^|\/)(utils?|helpers?|common|misc)(\/|\.ts$)/;
  assert.deepEqual(
    sources.filter(({ path }) => drawers.test(path)).map(({ path }) => path),
    [],
  );
  assert.deepEqual(
    sources
      .filter(({ path }) => !/^[a-z0-9-]+(\.[a-z]+)?\.ts$/.test(path.split("/").at(-1) ?? ""))
      .map(({ path }) => path),
    [],
  );
  assert.deepEqual(
    sources.filter(({ text }) => text.split("\n").length > MAX_LINES).map(({ path }) => path),
    [],
  );
  // A verb's brief says it, in the words the user reads.
  const headless = sources.filter(
    ({ text, folder }) => folder !== "cli" && !/^(?:\/\/ module(?: shared)?\n)?\/\*\*/.test(text),
  );
  assert.deepEqual(
    headless.map(({ path }) => path),
    [],
  );
});
