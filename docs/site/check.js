/** Looks at the built site: every link inside it leads to a file, every anchor to a heading. */
import fs from "node:fs";
import path from "node:path";

export function filesOf(folder, extension) {
  return fs
    .readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(extension) && !name.startsWith("files"))
    .sort()
    .map((name) => path.join(folder, name));
}

export function problemsOf(output) {
  const pages = filesOf(output, ".html");
  const anchors = new Map(
    pages.map((file) => [
      file,
      new Set([...fs.readFileSync(file, "utf8").matchAll(/ id="([^"]*)"/g)].map(([, id]) => decodeURIComponent(id))),
    ]),
  );
  const problems = [];
  let links = 0;
  for (const file of pages) {
    for (const [, value] of fs.readFileSync(file, "utf8").matchAll(/ (?:href|src)="([^"]*)"/g)) {
      if (/^[a-z][a-z0-9+.-]*:/i.test(value)) continue;
      links++;
      const [target, anchor] = value.split("#");
      const found = target === "" ? file : path.resolve(path.dirname(file), decodeURIComponent(target));
      const where = path.relative(output, file);
      if (!fs.existsSync(found)) problems.push(`${where}: ${value} is not there`);
      else if (anchor && anchors.has(found) && !anchors.get(found).has(decodeURIComponent(anchor)))
        problems.push(`${where}: ${value} has no such heading`);
    }
  }
  return { pages: pages.length, links, problems };
}
