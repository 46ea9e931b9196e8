/**
 * The data card of an output: `README.md` with what data set viewers read in its head, and what became of every row below.
 *
 * Invariant: equal outputs have equal cards: no time, host or path. Names of columns and sources are shown as they are, never as markup.
 */
import { stringify } from "yaml";

export interface CardSource {
  readonly name: string;
  readonly rows_in: number;
  readonly rows: number;
  /** Absent where the source was not tokenized. */
  readonly tokens?: number;
  /** By stage id, then by reason. */
  readonly dropped: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By kind. */
  readonly errors: Readonly<Record<string, number>>;
}

export interface CardFacts {
  readonly run: string;
  readonly output: string;
  readonly plan_fingerprint: string;
  readonly split: string;
  readonly extension: string;
  readonly files: number;
  readonly rows: number;
  readonly dropped_rows: number;
  readonly keep_dropped: boolean;
  readonly text_bytes: number;
  readonly file_bytes: number;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly sources: readonly CardSource[];
}

export function dataCard(facts: CardFacts): string {
  const { output, split, extension } = facts;
  const config = (name: string, folder: string) => ({
    config_name: name,
    data_files: [{ split, path: `${folder}${split}-*.${extension}` }],
  });
  const head = {
    configs: [
      { ...config("default", ""), default: true },
      ...(facts.keep_dropped ? [config("dropped", "dropped/")] : []),
    ],
  };
  const parts = [
    `---\n${stringify(head, { lineWidth: 0 })}---`,
    `# ${plain(output)}`,
    `Made by shardmill, run ${code(facts.run)}, plan ${code(facts.plan_fingerprint)}. \`output.json\` names every file with size and sha256.`,
    table(
      ["what", "how much"],
      [
        ["rows", integer(facts.rows)],
        ["files", integer(facts.files)],
        ["bytes of text", integer(facts.text_bytes)],
        ["bytes of files", integer(facts.file_bytes)],
        ...(facts.keep_dropped ? [["rows kept aside in `dropped/`", integer(facts.dropped_rows)]] : []),
      ],
    ),
    "## Columns",
    table(
      ["column", "type"],
      facts.columns.map(({ name, type }) => [code(name), code(type)]),
    ),
    "## Sources",
    table(
      ["source", "rows read", "rows here", "tokens"],
      facts.sources.map((source) => [
        code(source.name),
        integer(source.rows_in),
        integer(source.rows),
        source.tokens === undefined ? "—" : integer(source.tokens),
      ]),
    ),
    "## Rows that are not here",
    lossTable(facts.sources),
  ];
  return `${parts.join("\n\n")}\n`;
}

function lossTable(sources: readonly CardSource[]): string {
  const rows = sources.flatMap(({ name, dropped, errors }) => {
    const row = (why: string, count: number): string[] => [code(name), code(why), integer(count)];
    return [
      ...Object.entries(dropped).flatMap(([stage, reasons]) =>
        Object.entries(reasons).map(([reason, count]) => row(`${stage}: ${reason}`, count)),
      ),
      ...Object.entries(errors).map(([kind, count]) => row(`unusable: ${kind}`, count)),
    ];
  });
  if (rows.length === 0) return "None: every row that was read is here.";
  return table(["source", "why", "rows"], rows);
}

function integer(value: number): string {
  return value.toLocaleString("en-US");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Text of others as text of the page: nothing in it is markup. */
function plain(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]()#+\-.!|<>&~]/g, (sign) => `\\${sign}`).replaceAll(/\s+/g, " ");
}

/** Text of others in code: a fence longer than any in it, and no end of a table's cell. */
function code(text: string): string {
  const single = text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...single.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${single}${fence}` : `${fence} ${single} ${fence}`;
}
