/** What a verb may touch: the process is handed in, so that a test can hand in another. */
import type { CommandContext } from "@stricli/core";

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

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

export type Api = typeof import("../index.ts");

/**
 * Loads the public API, runs a verb with it, and turns what the verb throws into a message and an exit code. Help and flag
 * errors come out without it: loading takes a third of a second.
 */
export async function guarded(context: CliContext, verb: (api: Api) => Promise<number>): Promise<void> {
  const api = await import("../index.ts");
  try {
    context.process.exitCode = await verb(api);
  } catch (error) {
    context.process.exitCode = report(context, api, error);
  }
}

function report(context: CliContext, { ShardmillError }: Api, error: unknown): number {
  if (error instanceof ShardmillError || error instanceof Stopped) {
    context.process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  context.process.stderr.write(
    `bug: ${text}\n  fix: this should not happen: please report it with the recipe and this text\n`,
  );
  return EXIT.failed;
}

export function print(context: CliContext, text: string): void {
  context.process.stdout.write(`${text}\n`);
}

export function printJson(context: CliContext, value: unknown): void {
  context.process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
