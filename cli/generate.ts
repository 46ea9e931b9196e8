/** Writes the reference pages that follow from the command line and from the sources. Run by `npm run gen` after `plan/generate.ts`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { errorsPage } from "./errors-page.ts";
import { flagsPage } from "./flags-page.ts";

/** Content by path from the root of the checkout, which is `root`. */
export async function generatedPages(root: string): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["docs/reference/errors.md", errorsPage(root)],
    ["docs/reference/flags.md", await flagsPage()],
  ]);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [path, content] of await generatedPages(process.cwd())) {
    writeFileSync(join(process.cwd(), path), content);
    process.stdout.write(`${path}\n`);
  }
}
