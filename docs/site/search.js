/** The index of the search: a record for every heading, with the text below it. A script and no JSON, so that it works from the disk. */
import fs from "node:fs";
import path from "node:path";
import MiniSearch from "minisearch";
import { filesOf } from "./check.js";

export const OPTIONS = { fields: ["title", "text"], storeFields: ["title", "page", "excerpt"] };
const EXCERPT = 160;

export function searchScript(output) {
  const records = filesOf(output, ".html").flatMap((file) => {
    // The log is for who looks for an experiment; in the search it would drown everything else.
    if (path.basename(file) === "LOG.html") return [];
    const html = /<main id="page">(.*?)<\/main>/s.exec(fs.readFileSync(file, "utf8"))?.[1] ?? "";
    const where = path.relative(output, file).split(path.sep).join("/");
    const page = plain(/<h1[^>]*>(.*?)<\/h1>/s.exec(html)?.[1] ?? where);
    return html.split(/(?=<h[123] id=)/).flatMap((section) => {
      const [, id, heading] = /^<h[123] id="([^"]*)"[^>]*>(.*?)<\/h[123]>/s.exec(section) ?? [];
      if (id === undefined) return [];
      const text = plain(section.replace(/^<h[123].*?<\/h[123]>/s, ""));
      return [{ id: `${where}#${id}`, title: plain(heading), page, text, excerpt: text.slice(0, EXCERPT) }];
    });
  });
  const index = new MiniSearch(OPTIONS);
  index.addAll(records);
  return `window.SEARCH = ${JSON.stringify({ options: OPTIONS, index: JSON.stringify(index) }).replaceAll("<", "\\u003c")};\n`;
}

function plain(html) {
  return html
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replaceAll(/\s+/g, " ")
    .trim();
}
