/**
 * Builds the documentation as one site: `npm run docs` at the root. Fails where a link or an anchor leads nowhere, or a page is in no part of the menu.
 *
 * The pages stay plain Markdown that reads well where it lies; everything a site needs beside it is in this folder. The site needs no server:
 * it opens from the disk.
 */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import Eleventy from "@11ty/eleventy";
import { filesOf, problemsOf } from "./check.js";
import { withMenu } from "./layout.js";
import { copiedFiles } from "./links.js";
import { searchScript } from "./search.js";

const here = path.dirname(fileURLToPath(import.meta.url));
process.chdir(path.resolve(here, "../.."));
const output = path.resolve("site");
fs.rmSync(output, { recursive: true, force: true });

const site = new Eleventy("docs", "site", { configPath: "docs/site/eleventy.config.js", quietMode: true });
await site.write();
for (const file of copiedFiles()) {
  const target = path.join(output, "files", file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.cpSync(file, target, { recursive: true });
}
for (const file of filesOf(output, ".html")) {
  const id = path.relative(output, file).split(path.sep).join("/").slice(0, -".html".length);
  fs.writeFileSync(file, withMenu(fs.readFileSync(file, "utf8"), id));
}
for (const name of ["style.css", "client.js"]) fs.copyFileSync(path.join(here, name), path.join(output, name));
fs.copyFileSync(path.join(here, "node_modules/minisearch/dist/umd/index.js"), path.join(output, "minisearch.js"));
fs.writeFileSync(path.join(output, "search.js"), searchScript(output));

const { pages, links, problems } = problemsOf(output);
for (const problem of problems) console.error(problem);
console.log(`${pages} pages in ${output}, ${links} links, ${problems.length} of them broken`);
process.exitCode = problems.length === 0 ? 0 : 1;
