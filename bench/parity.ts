/**
 * Makes the tables of docs/parity.md anew: what other tools decide beside what is decided here, on the same documents.
 *
 *   node dist/bench/parity.js [SECTION ...] --python PYTHON [--samples DIR] [--corpus DIR]
 *       [--lists DIR] [--model FILE] [--url-lists DIR] [--documents N] [--chars N]
 *
 * A section writes between its own marks; sections that are not named stay as they are. Exit 1 where a section does not
 * hold what it promises. Raw figures on stdout.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { decontamination } from "./parity/decontamination.ts";
import { exact } from "./parity/exact.ts";
import { filters } from "./parity/filters.ts";
import { language } from "./parity/language.ts";
import { minhash } from "./parity/minhash.ts";
import { type ParitySection, withSection } from "./parity/section.ts";
import { sentences } from "./parity/sentences.ts";
import { urls } from "./parity/urls.ts";

/** In the order of the page. */
const SECTIONS: readonly ParitySection[] = [filters, language, minhash, sentences, exact, urls, decontamination];

const PAGE = "docs/parity.md";
const HEAD = `# Parity

What other tools decide beside what is decided here, on the same documents. The tables are written by
\`npm run bench -- parity\`; each stands between marks of its own.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: "string", default: "python3" },
    samples: { type: "string", default: "../shared/samples" },
    corpus: { type: "string", default: "bench/corpus" },
    lists: { type: "string" },
    "url-lists": { type: "string" },
    model: { type: "string" },
    label: { type: "string" },
    documents: { type: "string" },
    chars: { type: "string" },
  },
});
const unknown = positionals.filter((name) => !SECTIONS.some((section) => section.name === name));
if (unknown.length > 0) {
  const known = SECTIONS.map(({ name }) => name).join(", ");
  throw new Error(`there is no section ${unknown.join(", ")}: there are ${known}`);
}
const { python, samples, corpus, ...rest } = values;
const options = Object.fromEntries(
  Object.entries(rest).filter((entry): entry is [string, string] => entry[1] !== undefined),
);
let page = existsSync(PAGE) ? readFileSync(PAGE, "utf8") : HEAD;
const figures: Record<string, unknown> = {};
for (const section of SECTIONS) {
  if (positionals.length > 0 && !positionals.includes(section.name)) continue;
  const say = (message: string) => process.stderr.write(`${section.name}: ${message}\n`);
  const result = await section.run({ python, samples, corpus, options, say });
  page = withSection(page, section, result.text);
  figures[section.name] = { holds: result.holds, ...(result.figures as object) };
  if (!result.holds) process.exitCode = 1;
  process.stderr.write(`${result.text}\n`);
}
writeFileSync(PAGE, page);
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
