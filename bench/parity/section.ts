/**
 * What a part of the parity page is: a comparison with another tool on the same input, and the lines that it writes.
 *
 * Invariant: a section stands between its own two marks in docs/parity.md, so that one can be made anew without the
 * others.
 */
export interface ParityContext {
  /** The Python that has the peers. */
  readonly python: string;
  /** Folder of the samples, and of the Debian corpus as JSON lines. */
  readonly samples: string;
  readonly corpus: string;
  /** Other folders and figures that sections ask for by name. */
  readonly options: Readonly<Record<string, string>>;
  /** Tells how far it is. */
  readonly say: (message: string) => void;
}

export interface ParityResult {
  /** Markdown, without the heading. */
  readonly text: string;
  /** Whether what the section asks for is reached. */
  readonly holds: boolean;
  /** Raw figures, kept beside the page by `npm run bench`. */
  readonly figures: unknown;
}

export interface ParitySection {
  /** Names the marks. */
  readonly name: string;
  readonly title: string;
  readonly run: (context: ParityContext) => Promise<ParityResult>;
}

const start = (name: string) => `<!-- parity:${name} -->`;
const end = (name: string) => `<!-- /parity:${name} -->`;

/** `page` with the section's text between its marks; at the end of the page where it has none yet. */
export function withSection(page: string, { name, title }: ParitySection, text: string): string {
  const block = `${start(name)}\n## ${title}\n\n${text.trim()}\n${end(name)}`;
  const from = page.indexOf(start(name));
  const to = page.indexOf(end(name));
  if (from < 0 || to < from) return `${page.trimEnd()}\n\n${block}\n`;
  return `${page.slice(0, from)}${block}${page.slice(to + end(name).length)}`;
}

/** A Markdown table. */
export function tableOf(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
