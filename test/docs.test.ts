import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parse } from "yaml";
import { loadRecipe } from "../index.ts";
import { cliIn } from "./cli/in-process.ts";
import { runCommands } from "./doc-commands.ts";
import { ROOT } from "./project-root.ts";
import { temporaryFolder } from "./workers/fixture.ts";

const CLI = fileURLToPath(new URL("../bundle/cli.js", import.meta.url));
/** As users have it, and as this process has it: a plugin's errors have to be of the classes that who runs it knows. */
const BUNDLE = new URL("../bundle/index.js", import.meta.url).href;
const MODULES = new URL("../index.js", import.meta.url).href;

interface Block {
  readonly language: string;
  readonly attributes: readonly string[];
  readonly text: string;
}

function blocksOf(file: string): readonly Block[] {
  return [...fs.readFileSync(file, "utf8").matchAll(/^```(\S+)([^\n]*)\n(.*?)^```$/gms)].map((match) => ({
    language: match[1],
    attributes: match[2].trim().split(/\s+/),
    text: match[3],
  }));
}

/** `npx shardmill` and `shardmill` are the checkout's own command line. */
function shims(t: TestContext): NodeJS.ProcessEnv {
  const folder = temporaryFolder(t);
  const call = `exec "${process.execPath}" "${CLI}"`;
  fs.writeFileSync(path.join(folder, "shardmill"), `#!/bin/sh\n${call} "$@"\n`, { mode: 0o755 });
  fs.writeFileSync(path.join(folder, "npx"), `#!/bin/sh\nshift\n${call} "$@"\n`, { mode: 0o755 });
  return { ...process.env, PATH: `${folder}:${path.dirname(process.execPath)}:${process.env.PATH}` };
}

/** Modules of a page import what a user has installed: here, the checkout's own build. */
function linked(text: string, file: string): string {
  return text
    .replaceAll('"shardmill"', JSON.stringify(file === "README.md" ? BUNDLE : MODULES))
    .replaceAll('"zod"', JSON.stringify(pathToFileURL(path.join(ROOT, "node_modules/zod/index.js")).href));
}

async function runBlocks(t: TestContext, file: string): Promise<number> {
  const cwd = temporaryFolder(t);
  // Pages may name what lies at the root of a checkout after `npm ci`.
  for (const name of ["mixtures", "node_modules"]) fs.symlinkSync(path.join(ROOT, name), path.join(cwd, name));
  const env = shims(t);
  const blocks = blocksOf(file);
  const shardmill = cliIn(t, cwd);
  let run = 0;
  for (const block of blocks) {
    const target = block.attributes.find((attribute) => attribute.startsWith("file="))?.slice("file=".length);
    const text = block.language === "js" ? linked(block.text, file) : block.text;
    if (target !== undefined) fs.writeFileSync(path.join(cwd, target), text);
    switch (block.language) {
      case "yaml": {
        const value = parse(block.text) as Record<string, unknown>;
        assert.equal(typeof value, "object");
        if ("schema" in value) await loadRecipe({ text: block.text, name: `${file} block`, folder: cwd });
        break;
      }
      case "sh": {
        // Commands that set the checkout up are what CI itself runs: the gate holds them to the letter.
        if (block.attributes.includes("ci")) {
          const gate = fs.readFileSync(path.join(ROOT, ".ci", "run"), "utf8");
          for (const line of block.text.trim().split("\n")) {
            const command = line.replace(/\s+#.*$/, "");
            assert.ok(gate.includes(command), `.ci/run does not run: ${command}`);
          }
          break;
        }
        await runCommands(block.text, file, { cwd, env, shardmill });
        break;
      }
      case "js": {
        const script = path.join(cwd, `block-${run}.mjs`);
        fs.writeFileSync(script, text);
        const { status, stderr } = spawnSync(process.execPath, [script], { cwd, env, encoding: "utf8" });
        assert.equal(status, 0, `${file}:\n${block.text}\n${stderr}`);
        break;
      }
      case "text":
        continue;
      case "mermaid":
        assert.match(block.text, /^flowchart (?:LR|TD)\n/, `${file}: a diagram says what it is and which way it runs`);
        continue;
      default:
        assert.fail(`${file}: no test runs \`${block.language}\` blocks`);
    }
    run++;
  }
  return run;
}

const PAGES = [
  "README.md",
  ...fs
    .readdirSync("docs")
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

for (const page of PAGES) {
  test(`every code block of ${page} works`, async (t) => {
    const run = await runBlocks(t, page);
    if (page === "README.md" || page === "docs/guide.md") assert.ok(run >= 4, `only ${run} blocks`);
  });
}

test("the examples of the README and of the API page are TypeScript that a strict project takes", (t) => {
  const folder = temporaryFolder(t);
  const blocks = ["README.md", "docs/api.md"].flatMap(blocksOf).filter(({ language }) => language === "js");
  const files = blocks.map(({ text }, i) => {
    fs.writeFileSync(path.join(folder, `block-${i}.ts`), text);
    return `block-${i}.ts`;
  });
  assert.ok(files.length > 0);
  const compilerOptions = {
    ...{ noEmit: true, strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true },
    ...{ target: "es2023", module: "nodenext", types: ["node"], typeRoots: [path.resolve("node_modules/@types")] },
    paths: { shardmill: [path.resolve("dist/index.d.ts")] },
  };
  fs.writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  fs.writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const tsc = path.resolve("node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
});

test("links between pages lead somewhere", () => {
  for (const page of PAGES) {
    for (const [, target] of fs.readFileSync(page, "utf8").matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)) {
      assert.ok(fs.existsSync(path.join(path.dirname(page), target)), `${page} links to ${target}`);
    }
  }
});
