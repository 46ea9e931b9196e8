/** What a verb may touch: the process is handed in, so that a test can hand in another. */
import type { CommandContext } from "@stricli/core";
import { printable } from "./printable.ts";

export interface CliContext extends CommandContext {
  readonly process: {
    readonly stdout: {
      write(text: string): void;
      readonly isTTY?: boolean | undefined;
      readonly columns?: number | undefined;
    };
    readonly stderr: {
      write(text: string): void;
      readonly isTTY?: boolean | undefined;
      readonly columns?: number | undefined;
      readonly rows?: number | undefined;
      on?(event: "resize", listener: () => void): void;
      off?(event: "resize", listener: () => void): void;
    };
    readonly env: Readonly<Record<string, string | undefined>>;
    exitCode?: number | string | null;
    on(signal: "SIGINT" | "SIGTERM" | "SIGUSR1", handler: () => void): void;
    off(signal: "SIGINT" | "SIGTERM" | "SIGUSR1", handler: () => void): void;
  };
}

/** Exit codes of the command line; the reference lists them. */
export const EXIT = { ok: 0, failed: 1, usage: 2, gate: 3, again: 75, interrupted: 130 } as const;

/** Thrown in the place of what an interrupted run throws, with what the process ends with. */
export class Stopped extends Error {
  readonly exitCode: number;

  constructor(cause: Error, exitCode: number) {
    super(cause.message, { cause });
    this.exitCode = exitCode;
  }
}

export type Api = typeof import("../index.ts");

/**
 * Loads the public API, runs a verb with it, and turns what the verb throws into a message and an exit code; with
 * --json also into an object on stdout, in one line with `lines`. Help and flag errors come out without it: loading
 * takes a third of a second.
 */
export async function guarded(
  context: CliContext,
  { json, lines = false }: { readonly json: boolean; readonly lines?: boolean },
  verb: (api: Api) => Promise<number>,
): Promise<void> {
  const api = await import("../index.ts");
  try {
    context.process.exitCode = await verb(api);
  } catch (error) {
    context.process.exitCode = report(context, api, error);
    if (!json) return;
    const told = { type: "error", error: errorJson(api, error), exit_code: context.process.exitCode };
    if (lines) context.process.stdout.write(`${JSON.stringify(told)}\n`);
    else printJson(context, told);
  }
}

function report(context: CliContext, { ShardmillError }: Api, error: unknown): number {
  if (error instanceof ShardmillError || error instanceof Stopped) {
    context.process.stderr.write(`${printable(error.message)}\n`);
    return error.exitCode;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  context.process.stderr.write(
    `bug: ${printable(text)}\n  fix: this should not happen: please report it with the recipe and this text\n`,
  );
  return EXIT.failed;
}

/** An error for programs: its parts, and those of a recipe one by one. */
function errorJson({ errorToData, RecipeErrors }: Api, error: unknown): unknown {
  const { stack: _stack, ...data } = errorToData(error instanceof Stopped ? error.cause : error);
  return error instanceof RecipeErrors ? { ...data, issues: error.issues.map((issue) => issue.toData()) } : data;
}

/** Text for people. What it quotes of others can do nothing to a terminal. */
export function print(context: CliContext, text: string): void {
  context.process.stdout.write(`${printable(text)}\n`);
}

/** A remark for people. */
export function note(context: CliContext, message: string): void {
  context.process.stderr.write(`${printable(message)}\n`);
}

export function warn(context: CliContext, message: string): void {
  context.process.stderr.write(`warning: ${printable(message)}\n`);
}

export function printJson(context: CliContext, value: unknown): void {
  context.process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
