/** The frame of a page: menu, search, the page, its own headings. Everything it needs lies beside it. */
import { MENU } from "./menu.js";

const titles = new Map();
const pages = [];

/** Frames the HTML of a page; what the menu calls it is known when all are framed, so the menu is filled in by {@link withMenu}. */
export function layout(content, page) {
  const id = page.outputPath.replace(/^.*?\/?site\//, "").replace(/\.html$/, "");
  const heading = /<h1[^>]*>(.*?)<\/h1>/s.exec(content)?.[1] ?? id;
  const title = heading.replaceAll(/<[^>]+>/g, "").trim();
  titles.set(id, id === "index" ? "shardmill" : title);
  pages.push(id);
  const up = "../".repeat(id.split("/").length - 1);
  const headings = [...content.matchAll(/<h2 id="([^"]*)"[^>]*>(.*?)<\/h2>/gs)]
    .map(([, anchor, text]) => `<li><a href="#${anchor}">${text.replaceAll(/<[^>]+>/g, "")}</a></li>`)
    .join("");
  // Tables scroll by themselves, so that a page never does sideways.
  const body = content.replaceAll("<table>", '<div class="wide"><table>').replaceAll("</table>", "</table></div>");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${id === "index" ? "shardmill" : `${title} · shardmill`}</title>
<link rel="stylesheet" href="${up}style.css">
</head>
<body data-root="${up}" data-page="${id}">
<a class="skip" href="#page">To the page</a>
<header><a class="name" href="${up}index.html">shardmill</a>
<form role="search"><input type="search" placeholder="Search" aria-label="Search the documentation" autocomplete="off"></form>
</header>
<div class="found" role="status" aria-live="polite"></div>
<details class="menu" open><summary>Menu</summary><nav aria-label="Pages"><!--menu--></nav></details>
<main id="page">${body}</main>
<aside><nav aria-label="On this page"><ul>${headings}</ul></nav></aside>
<script src="${up}minisearch.js" defer></script>
<script src="${up}search.js" defer></script>
<script src="${up}client.js" defer></script>
</body>
</html>
`;
}

/** Fills the menu of a framed page in. Throws for a page that no part has, or one in the menu that is not there. */
export function withMenu(html, id) {
  const inMenu = MENU.flatMap((part) => part.pages);
  const missing = pages.filter((page) => !inMenu.includes(page));
  const gone = inMenu.filter((page) => !titles.has(page));
  if (missing.length > 0) throw new Error(`docs/site/menu.js lacks ${missing.join(", ")}`);
  if (gone.length > 0) throw new Error(`docs/site/menu.js has pages that are not there: ${gone.join(", ")}`);
  const up = "../".repeat(id.split("/").length - 1);
  const link = (page) =>
    `<li><a href="${up}${page}.html"${page === id ? ' aria-current="page"' : ""}>${titles.get(page)}</a></li>`;
  const menu = MENU.map(({ part, pages: inPart }) => `<h2>${part}</h2><ul>${inPart.map(link).join("")}</ul>`).join("");
  return html.replace("<!--menu-->", menu);
}
