/**
 * The data card of a repository that outputs are published to: one README.md for all of them, beside what people wrote there.
 *
 * Its head says which files each split of each configuration has, so that `load_dataset(NAME, CONFIG, split=…)` finds them; its text has a part for each
 * run. Invariants: what stands on a card already stays, but for the splits and the part of the run that is published; publishing the same twice
 * changes nothing; files of earlier, other shardings are named by no split.
 */
import { isMap, parseDocument, stringify } from "yaml";
import { z } from "zod";
import { DataError } from "../../batch/errors.ts";
import { type CardFacts, code, integer, outputSections, plain, table } from "./card.ts";

export interface PublishedOutput {
  readonly facts: CardFacts;
  /** What `load_dataset` is asked for. */
  readonly config: string;
  /** Where its files lie, with a slash at the end; empty for the repository's top. */
  readonly folder: string;
  /** Whether dropped rows are published as well. */
  readonly dropped: boolean;
}

interface Configuration {
  readonly config_name: string;
  readonly data_files: readonly { readonly split: string; readonly path: string }[];
}

const HEAD = /^\uFEFF?---[ \t]*\r?\n(?:([\s\S]*?)\r?\n)?---[ \t]*(?:\r?\n|$)/;

const configurationShape = z.looseObject({ config_name: z.string() });
const splitShape = z.looseObject({ split: z.string() });

/** `repository` is ORG/NAME, `existing` its card. Throws DataError `data/bad-card` where that one's head cannot be read. */
export function repositoryCard(
  repository: string,
  run: string,
  outputs: readonly PublishedOutput[],
  existing: string | undefined,
): string {
  const configurations = configurationsOf(outputs);
  const [, head = ""] = HEAD.exec(existing ?? "") ?? [];
  const body = existing?.replace(HEAD, "") ?? `\n# ${plain(repository.split("/").at(-1) ?? repository)}\n`;
  return `---\n${mergedHead(repository, head, configurations)}---\n${withPart(body, run, runPart(run, outputs))}`;
}

function configurationsOf(outputs: readonly PublishedOutput[]): Configuration[] {
  const splits = new Map<string, { split: string; path: string }[]>();
  const add = (config: string, folder: string, { split, extension, files }: CardFacts): void => {
    const entries = splits.get(config) ?? [];
    splits.set(config, entries);
    // As many files as there are, and no split whose name only begins like this one's.
    entries.push({ split, path: `${folder}${split}-?????-of-${String(files).padStart(5, "0")}.${extension}` });
  };
  for (const { facts, config, folder } of outputs) add(config, folder, facts);
  for (const { facts, config, folder, dropped } of outputs) {
    if (dropped) add(config === "default" ? "dropped" : `${config}-dropped`, `dropped/${folder}`, facts);
  }
  return [...splits].map(([config_name, data_files]) => ({ config_name, data_files }));
}

function mergedHead(repository: string, head: string, ours: readonly Configuration[]): string {
  if (head.trim() === "") return stringify({ configs: ours }, { lineWidth: 0 });
  const document = parseDocument(head);
  if (document.errors.length > 0 || !isMap(document.contents)) throw badHead(repository);
  const there: unknown = document.toJS({ maxAliasCount: 10 });
  const { configs = [], dataset_info } = there as { readonly configs?: unknown; readonly dataset_info?: unknown };
  if (!Array.isArray(configs)) throw badHead(repository);
  document.set("configs", mergedConfigurations(configs, ours));
  // It counts rows of files that are replaced, and readers refuse data that is not as counted.
  const names = new Set(ours.map(({ config_name }) => config_name));
  const counts = (entry: unknown): boolean =>
    names.has(configurationShape.safeParse(entry).data?.config_name ?? "default");
  if (Array.isArray(dataset_info))
    document.set(
      "dataset_info",
      dataset_info.filter((entry) => !counts(entry)),
    );
  else if (dataset_info !== undefined && counts(dataset_info)) document.delete("dataset_info");
  return document.toString({ lineWidth: 0 });
}

function mergedConfigurations(there: readonly unknown[], ours: readonly Configuration[]): unknown[] {
  const left = new Map(ours.map((configuration) => [configuration.config_name, configuration]));
  const merged = there.map((entry) => {
    const known = configurationShape.safeParse(entry).data;
    const own = known === undefined ? undefined : left.get(known.config_name);
    if (known === undefined || own === undefined) return entry;
    left.delete(known.config_name);
    const { data_files } = known;
    const others = Array.isArray(data_files) ? data_files : [];
    const isOurs = (split: string): boolean => own.data_files.some((file) => file.split === split);
    const kept = others.filter((file) => {
      const { data } = splitShape.safeParse(file);
      return data !== undefined && !isOurs(data.split);
    });
    return { ...known, data_files: [...kept, ...own.data_files] };
  });
  return [...merged, ...left.values()];
}

function badHead(repository: string): DataError {
  return new DataError({
    code: "data/bad-card",
    what: `the head of README.md in ${repository} is no YAML that holds keys`,
    why: "configurations are added to what stands there, and nothing of it may be lost",
    fix: "mend what stands between its two lines of ---, or publish with --no-card",
  });
}

function runPart(run: string, outputs: readonly PublishedOutput[]): string {
  const [first] = outputs;
  const parts = [
    `Made by shardmill, run ${code(run)}${first === undefined ? "" : `, plan ${code(first.facts.plan_fingerprint)}`}.`,
    table(
      ["configuration", "split", "rows", "files", "bytes of files"],
      outputs.map(({ config, facts: { split, rows, files, file_bytes } }) => {
        return [code(config), code(split), integer(rows), integer(files), integer(file_bytes)];
      }),
    ),
    ...outputs.flatMap(({ config, facts }) => {
      return [`## ${plain(config)} / ${plain(facts.split)}`, ...outputSections(facts, "###")];
    }),
  ];
  return parts.join("\n\n");
}

/** The part of a run stands between two lines that only look like text of others, never are: no such text has a line of its own. */
function withPart(body: string, run: string, part: string): string {
  const name = encodeURIComponent(run).replaceAll("--", "-%2D");
  const [begin, end] = [`<!-- shardmill ${name}: begin -->`, `<!-- shardmill ${name}: end -->`];
  const own = `${begin}\n\n${part}\n\n${end}`;
  const lines = body.split("\n");
  const at = (line: string, from: number): number => lines.findIndex((text, i) => i >= from && text.trimEnd() === line);
  const from = at(begin, 0);
  const to = from < 0 ? -1 : at(end, from);
  if (to < 0) return `${body.trimEnd() === "" ? "" : `${body.trimEnd()}\n`}\n${own}\n`;
  return [...lines.slice(0, from), own, ...lines.slice(to + 1)].join("\n");
}
