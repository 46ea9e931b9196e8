/** `shardmill publish`: a finished run's data sets to a repository on the Hub. */
import { buildCommand } from "@stricli/core";
import type { PublishedExtra, PublishResult } from "../../index.ts";
import { type CliContext, EXIT, guarded, note, print, printJson, warn } from "../context.ts";
import { jsonFlag, outFlag, parseCount } from "../flags.ts";
import { counted, formatBytes, formatTable } from "../format.ts";
import { interruptible } from "../interrupt.ts";
import { publishReporter } from "../reporters/publishing.ts";
import { runArgument } from "./status.ts";

interface Flags {
  readonly out: string;
  readonly to: string;
  readonly branch?: string;
  readonly output?: readonly string[];
  readonly with?: readonly PublishedExtra[];
  readonly create: boolean;
  readonly private: boolean;
  readonly pr: boolean;
  readonly message?: string;
  readonly card: boolean;
  readonly prune: boolean;
  readonly filesPerCommit?: number;
  readonly dryRun: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
}

const text = (value: string): string => value;
const EXTRAS = ["dropped", "exports", "manifests"] as const;
const flag = (brief: string) => ({ kind: "boolean", default: false, withNegated: false, brief }) as const;

export const publishCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "upload a finished run's outputs to a data set's repository on the Hub",
    fullDescription: [
      "Sends CONFIG/SPLIT-00000-of-00004.parquet and so on, with a card that load_dataset(NAME, CONFIG, split=SPLIT) goes by.",
      "Files are checked before anything is sent; what the repository has already is not sent again, so a publishing that was",
      "cut goes on with the same command. The token is taken from HF_TOKEN alone.",
      "",
      "  shardmill publish my-mix --to hf://datasets/ME/MY-MIX --dry-run",
      "  shardmill publish my-mix --to hf://datasets/ME/MY-MIX --create --private",
    ].join("\n"),
  },
  parameters: {
    flags: {
      out: outFlag,
      to: { kind: "parsed", parse: text, placeholder: "hf://…", brief: "hf://datasets/ORG/NAME, or …@BRANCH" },
      branch: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "name",
        brief: "branch to commit to, main by default",
      },
      output: {
        kind: "parsed",
        parse: text,
        variadic: true,
        optional: true,
        placeholder: "name",
        brief: "publish this output alone; may be given more than once",
      },
      with: { kind: "enum", values: EXTRAS, variadic: true, optional: true, brief: "send these as well" },
      create: flag("make the repository, and the branch, where they are not there"),
      private: flag("make it private; refuse one that is public"),
      pr: flag("open a pull request instead of committing to the branch"),
      message: { kind: "parsed", parse: text, optional: true, placeholder: "text", brief: "what commits say" },
      card: { kind: "boolean", default: true, brief: "write what load_dataset goes by into README.md" },
      prune: flag("delete files that an earlier publishing of the same splits left"),
      filesPerCommit: {
        kind: "parsed",
        parse: parseCount("files-per-commit", 1),
        optional: true,
        placeholder: "n",
        brief: "files a commit may have, 99 by default",
      },
      dryRun: flag("list files, sizes and commits, and change nothing"),
      quiet: flag("only the result and errors"),
      json: jsonFlag,
    },
    positional: { kind: "tuple", parameters: [runArgument] },
    aliases: { q: "quiet" },
  },
  func(flags, name) {
    return guarded(this, flags, async ({ openRun, publishToHub }) => {
      const { to, branch, output, message, card, prune, create, filesPerCommit } = flags;
      const run = openRun(name, flags.out);
      const reporter = publishReporter(this, flags.quiet);
      const result = await interruptible(this, { ...reporter, report: () => {} }, ({ stop, kill }) =>
        publishToHub(run, {
          to,
          ...(branch === undefined ? {} : { branch }),
          ...(output === undefined ? {} : { outputs: output }),
          ...(message === undefined ? {} : { message }),
          ...(filesPerCommit === undefined ? {} : { files_per_commit: filesPerCommit }),
          extras: flags.with ?? [],
          create,
          private: flags.private,
          pull_request: flags.pr,
          card,
          prune,
          dry_run: flags.dryRun,
          report: reporter.report,
          stop,
          kill,
        }),
      );
      for (const warning of result.warnings) warn(this, warning);
      if (flags.json) printJson(this, result);
      else tell(this, result);
      return EXIT.ok;
    });
  },
});

function tell(context: CliContext, result: PublishResult): void {
  const { repository, branch, url, dry_run, files, card, deleted, stale, commits, pull_request } = result;
  const sent = files.filter(({ was_there }) => !was_there);
  if (dry_run) {
    const rows = files.map(({ path, size_bytes, was_there }) => [
      path,
      formatBytes(size_bytes),
      was_there ? "there" : "send",
    ]);
    const cards = card === "written" ? [["README.md", "", "write"]] : [];
    print(
      context,
      formatTable(["file", "size", ""], [...rows, ...cards, ...deleted.map((path) => [path, "", "delete"])]),
    );
  }
  const bytes = sent.reduce((sum, { size_bytes }) => sum + size_bytes, 0);
  const there = files.length - sent.length;
  const amount = `${counted(sent.length, "file")} (${formatBytes(bytes)}) in ${counted(commits.length, "commit")}`;
  print(
    context,
    dry_run
      ? `would send ${amount} to ${repository}@${branch}; ${counted(there, "file")} there already`
      : `${pull_request?.url ?? url}: sent ${amount}; ${counted(there, "file")} there already`,
  );
  if (dry_run && url === undefined) note(context, "HF_TOKEN is not set: the Hub was not asked what it has");
  if (stale.length === 0) return;
  note(
    context,
    `${counted(stale.length, "file")} of an earlier publishing of the same splits stay, and the card does not name them; --prune deletes them`,
  );
}
