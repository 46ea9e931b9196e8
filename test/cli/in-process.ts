/** The command line in this process, with streams that are kept: what a verb prints, and what it would exit with. */
import process from "node:process";
import type { TestContext } from "node:test";
import { run } from "@stricli/core";
import { buildCli } from "../../cli/app.ts";
import { type CliContext, EXIT } from "../../cli/context.ts";

export interface Outcome {
  readonly status: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Threads take half a second to start, and bytes are the same without them. */
const DOES_TASKS: ReadonlySet<string> = new Set(["run", "quickstart", "rank"]);

/** Verbs that run in `folder`, until the test ends. What does tasks has no worker threads unless it is told how many. */
export function cliIn(t: TestContext, folder: string): (...args: readonly string[]) => Promise<Outcome> {
  const before = process.cwd();
  process.chdir(folder);
  t.after(() => process.chdir(before));
  return (...args) => verb(args);
}

/** One verb that runs in `folder`. */
export function cliAt(folder: string, ...args: readonly string[]): Promise<Outcome> {
  return cliWith(folder, args, {});
}

/** {@link cliAt} with variables of the environment, which endpoints and keys are read from. */
export async function cliWith(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const before = process.cwd();
  const variables = Object.keys(env).map((name) => [name, process.env[name]] as const);
  process.chdir(folder);
  Object.assign(process.env, env);
  try {
    return await verb(args);
  } finally {
    process.chdir(before);
    for (const [name, value] of variables) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

async function verb(args: readonly string[]): Promise<Outcome> {
  const written = { stdout: "", stderr: "" };
  const keeper = (stream: keyof typeof written) => ({
    write: (text: string): void => {
      written[stream] += text;
    },
  });
  const own: CliContext["process"] = {
    stdout: keeper("stdout"),
    stderr: keeper("stderr"),
    env: {},
    exitCode: null,
    on: () => {},
    off: () => {},
  };
  const isPlain = DOES_TASKS.has(args[0] ?? "") && !args.includes("--workers");
  await run(buildCli("0.0.0"), [...args, ...(isPlain ? ["--workers", "0"] : [])], { process: own });
  const { exitCode: code } = own;
  // As main.ts does: the argument parser uses negative codes for what a user typed wrong.
  return { status: typeof code === "number" && code < 0 ? EXIT.usage : code, ...written };
}
