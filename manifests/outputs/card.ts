/**
 * The data card of an output: `README.md` with what data set viewers read in its head, and what became of every row below.
 *
 * Invariant: equal outputs have equal cards: no time, host or path. Names of columns and sources are shown as they are, never as markup.
 */
import { stringify } from "yaml";
import { z } from "zod";
import type { ChatFigures } from "../chat.ts";

export interface CardSource {
  readonly name: string;
  readonly rows_in: number;
  readonly rows: number;
  /** Absent where the source was not tokenized. */
  readonly tokens?: number;
  /** Of a source of chats that counts them. */
  readonly chat?: ChatFigures;
  /** What `chat/render`, `chat/lint` and `chat/pairs` counted of the rows that they met; absent where there are none. */
  readonly found?: readonly { readonly id: string; readonly use: string; readonly state: unknown }[];
  /** By stage id, then by reason. */
  readonly dropped: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By kind. */
  readonly errors: Readonly<Record<string, number>>;
}

export interface CardFacts {
  readonly run: string;
  readonly output: string;
  readonly plan_fingerprint: string;
  /** Absent where the data set has one configuration. */
  readonly config?: string;
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
  const { output, split, extension, config = "default" } = facts;
  const below = facts.config === undefined ? "" : `${facts.config}/`;
  const configuration = (name: string, folder: string) => ({
    config_name: name,
    data_files: [{ split, path: `${folder}${below}${split}-*.${extension}` }],
  });
  const head = {
    configs: [
      { ...configuration(config, ""), default: true },
      ...(facts.keep_dropped ? [configuration("dropped", "dropped/")] : []),
    ],
  };
  const parts = [
    `---\n${stringify(head, { lineWidth: 0 })}---`,
    `# ${plain(output)}`,
    `Made by shardmill, run ${code(facts.run)}, plan ${code(facts.plan_fingerprint)}. \`output.json\` names every file with size and sha256.`,
    ...outputSections(facts, "##"),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** What a card says of one output: how much there is, columns, sources, what became of every row. `heading` is the signs of a heading. */
export function outputSections(facts: CardFacts, heading: string): string[] {
  return [
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
    `${heading} Columns`,
    table(
      ["column", "type"],
      facts.columns.map(({ name, type }) => [code(name), code(type)]),
    ),
    `${heading} Sources`,
    table(
      ["source", "rows read", "rows here", "tokens"],
      facts.sources.map((source) => [
        code(source.name),
        integer(source.rows_in),
        integer(source.rows),
        source.tokens === undefined ? "—" : integer(source.tokens),
      ]),
    ),
    ...conversations(facts, heading),
    ...pairs(facts, heading),
    `${heading} Rows that are not here`,
    lossTable(facts.sources),
  ];
}

/** Of chats alone: how many and how long, and what rows have beside their turns. */
function conversations({ sources }: CardFacts, heading: string): string[] {
  const counted = sources.flatMap(({ name, chat }) => (chat === undefined ? [] : [{ name, chat }]));
  if (counted.length === 0) return [];
  const lengths = counted.map(({ name, chat }) => {
    const { rows, turns, context_tokens: context, response_tokens: response } = chat;
    const isCounted = context !== undefined && response !== undefined;
    const [contextLength, responseLength] = isCounted ? [context, response] : [chat.context_bytes, chat.response_bytes];
    return [
      code(name),
      integer(rows),
      isCounted ? integer(context + response) : "—",
      mean(turns, rows),
      ...[contextLength, responseLength].map((sum) => `${mean(sum, rows)} ${isCounted ? "tokens" : "bytes"}`),
    ];
  });
  const shares = counted.map(({ name, chat }) => [
    code(name),
    ...[chat.rows_with_instructions, chat.rows_with_tools, chat.rows_with_trace, chat.rows_with_empty_turn].map(
      (rows) => percent(rows, chat.rows),
    ),
  ]);
  return [
    `${heading} Conversations`,
    "Counted where the source's pipeline counts them. Lengths are means over rows of what turns say, without what a chat template writes around them: " +
      "the response is what the assistant says, the context all else.",
    table(["source", "rows", "tokens", "turns", "context", "response"], lengths),
    table(["source", "with instructions", "with tools", "with a reasoning trace", "with an empty turn"], shares),
  ];
}

const pairCounts = z.object({
  rows: z.number(),
  near_identical: z.number(),
  chosen_longer: z.number(),
  rejected_longer: z.number(),
  chosen_bytes: z.number().default(0),
  rejected_bytes: z.number().default(0),
});

/** Of preference pairs alone: how alike the two answers are, and which is the longer one. */
function pairs({ sources }: CardFacts, heading: string): string[] {
  const counted = sources.flatMap(({ name, found = [] }) => {
    return found.flatMap(({ use, state }) => (use === "chat/pairs" ? [{ name, ...pairCounts.parse(state) }] : []));
  });
  if (counted.length === 0) return [];
  const rows = counted.map(({ name, rows: all, near_identical, chosen_longer, rejected_longer, ...bytes }) => [
    code(name),
    integer(all),
    ...[near_identical, chosen_longer, rejected_longer].map((some) => percent(some, all)),
    `${mean(bytes.chosen_bytes, all)} bytes`,
    `${mean(bytes.rejected_bytes, all)} bytes`,
  ]);
  return [
    `${heading} Preference pairs`,
    "As they were mapped, before later stages. Where the chosen answer is nearly always the longer one, a model learns length.",
    table(["source", "pairs", "nearly identical", "chosen longer", "rejected longer", "chosen", "rejected"], rows),
  ];
}

function mean(sum: number, rows: number): string {
  return rows === 0 ? "—" : (sum / rows).toFixed(2);
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "—" : `${((100 * part) / whole).toFixed(1)} %`;
}

function lossTable(sources: readonly CardSource[]): string {
  const rows = sources.flatMap(({ name, dropped, errors }) => {
    const row = (why: string, count: number): string[] => [code(name), code(why), integer(count)];
    return [
      ...Object.entries(dropped).flatMap(([stage, reasons]) =>
        byName(reasons).map(([reason, count]) => row(`${stage}: ${reason}`, count)),
      ),
      ...byName(errors).map(([kind, count]) => row(`unusable: ${kind}`, count)),
    ];
  });
  if (rows.length === 0) return "None: every row that was read is here.";
  return table(["source", "why", "rows"], rows);
}

export function integer(value: number): string {
  return value.toLocaleString("en-US");
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Text of others as text of the page: nothing in it is markup. */
export function plain(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]()#+\-.!|<>&~]/g, (sign) => `\\${sign}`).replaceAll(/\s+/g, " ");
}

/** Text of others in code: a fence longer than any in it, and no end of a table's cell. */
export function code(text: string): string {
  const single = text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...single.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${single}${fence}` : `${fence} ${single} ${fence}`;
}

/** Counts in an order that does not depend on which came first. */
function byName(counts: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
}
