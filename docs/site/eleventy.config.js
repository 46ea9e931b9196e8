/** How pages become HTML: GitHub's Markdown and anchors, highlighted code, one layout. No page has template code in it. */
import fs from "node:fs";
import highlight from "@11ty/eleventy-plugin-syntaxhighlight";
import MarkdownIt from "markdown-it";
import anchor from "markdown-it-anchor";
import { layout } from "./layout.js";
import { rewriteLinks } from "./links.js";

/** As GitHub makes them, so that a link works in both places. */
export function slug(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
    .replaceAll(" ", "-");
}

export default function configure(config) {
  const markdown = new MarkdownIt({ html: true, linkify: false });
  markdown.use(anchor, { slugify: slug, permalink: anchor.permalink.headerLink({ safariReaderFix: true }) });
  markdown.use(rewriteLinks);
  config.addPlugin(highlight, { errorOnInvalidLanguage: false });
  config.setLibrary("md", markdown);
  config.addGlobalData(
    "eleventyComputed.permalink",
    () => (data) => data.permalink || `${data.page.filePathStem}.html`,
  );
  config.addTransform("layout", function (content) {
    return layout(content, this.page);
  });
  config.ignores.add("docs/site/**");
  config.ignores.add("docs/examples/**");
  config.addTemplate("index.md", fs.readFileSync("README.md", "utf8"), { permalink: "/index.html" });
  return { markdownTemplateEngine: false, htmlTemplateEngine: false, templateFormats: ["md"] };
}
