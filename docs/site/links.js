/**
 * Links of the pages as a site has them: `x.md` becomes `x.html`, and files of the repository that are no pages are copied beside it.
 *
 * Invariant: what is linked to is there when the page is built; the build checks anchors afterwards.
 */
import fs from "node:fs";
import path from "node:path";

const copied = new Set();

/** Files of the repository that pages link to, from its root. */
export function copiedFiles() {
  return [...copied].sort();
}

/** Where `href` of the page `source` (from the repository's root) leads in the site, from the page's own place. */
export function siteLink(href, source) {
  if (/^[a-z][a-z0-9+.-]*:|^#|^\/\//i.test(href)) return href;
  const [file, anchor] = href.split("#");
  const target = path.posix.join(path.posix.dirname(source), decodeURIComponent(file));
  const from = path.posix.dirname(placeOf(source));
  const hash = anchor === undefined ? "" : `#${anchor}`;
  if (!fs.existsSync(target)) throw new Error(`${source} links to ${href}, and there is no ${target}`);
  return path.posix.relative(from, placeOf(target)) + hash;
}

/** Where a file of the repository is in the site. */
export function placeOf(file) {
  if (file === "README.md") return "index.html";
  if (file.startsWith("docs/") && file.endsWith(".md")) return `${file.slice("docs/".length, -".md".length)}.html`;
  copied.add(file.replace(/\/$/, ""));
  return `files/${file}`;
}

/** For markdown-it: rewrites links and pictures of every page. */
export function rewriteLinks(markdown) {
  markdown.core.ruler.push("site_links", (state) => {
    const source = path.posix.normalize(state.env.page.inputPath);
    // The first page is the README, which Eleventy is given as a page that has no file.
    const page = path.posix.basename(source) === "index.md" ? "README.md" : source;
    const visit = (token) => {
      for (const name of ["href", "src"]) {
        const value = token.attrGet(name);
        if (value !== null) token.attrSet(name, siteLink(value, page));
      }
      for (const child of token.children ?? []) visit(child);
    };
    for (const token of state.tokens) visit(token);
  });
}
