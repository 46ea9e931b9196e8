/**
 * The commands of a page's `sh` block, one after the other: `shardmill …` in this process, all else by bash.
 *
 * A process for each command, and threads for each run, cost a second of CPU time; what they print and leave is the same. Invariant: what this does not
 * understand (variables, background processes, a changed folder) is bash's, the whole block.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { Outcome } from "./cli/in-process.ts";

/** Lines that change what later lines mean, or go on beside them. */
const STATEFUL = /^\s*(?:(?:cd|export|trap|set|source)\s|[A-Za-z_]\w*=\S*\s*$)|(?:^|[^&>])&(?:\s|$)/m;
const COMMAND = /^(?:npx )?shardmill\s+(.*)$/;

interface Call {
  readonly args: readonly string[];
  /** What takes its output: a file, or a command behind a pipe. */
  readonly file?: string;
  readonly pipe?: string;
}

export interface Shell {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly shardmill: (...args: readonly string[]) => Promise<Outcome>;
}

/** Runs a block; throws where a command of it fails. `name` says whose it is. */
export async function runCommands(text: string, name: string, shell: Shell): Promise<void> {
  const joined = text.replaceAll(/\\\n\s*/g, " ");
  if (STATEFUL.test(joined)) return bash(text, name, shell);
  let others: string[] = [];
  const flush = (): void => {
    if (others.join("").trim() !== "") bash(others.join("\n"), name, shell);
    others = [];
  };
  for (const line of joined.split("\n")) {
    const call = callOf(line);
    if (call === undefined) {
      others.push(line);
      continue;
    }
    flush();
    const { status, stdout, stderr } = await shell.shardmill(...call.args);
    assert.ok(status === 0 || status === null, `${name}:\n${line}\n${stdout}\n${stderr}`);
    if (call.file !== undefined) fs.writeFileSync(path.join(shell.cwd, call.file), stdout);
    if (call.pipe !== undefined) bash(call.pipe, name, shell, stdout);
  }
  flush();
}

function bash(script: string, name: string, { cwd, env }: Shell, input = ""): void {
  const { status, stderr, stdout } = spawnSync("bash", ["-euo", "pipefail", "-c", script], {
    cwd,
    env,
    input,
    encoding: "utf8",
  });
  assert.equal(status, 0, `${name}:\n${script}\n${stdout}\n${stderr}`);
}

/** A line that is one call of the command line, undefined where it is anything else. */
function callOf(line: string): Call | undefined {
  const [, rest] = COMMAND.exec(line) ?? [];
  if (rest === undefined) return undefined;
  const args: string[] = [];
  const word = /\s*(?:'([^']*)'|"([^"$`\\]*)"|([^\s'"$`\\*?~<>|&;(){}#!]+)|(#.*)|(>(?!>)|\|(?!\|))\s*(.*))/y;
  while (word.lastIndex < rest.trimEnd().length) {
    const glued = word.lastIndex > 0 && !/\s/.test(rest[word.lastIndex] ?? "");
    const match = word.exec(rest);
    if (match === null || glued) return undefined;
    const [, single, double, bare, comment, sign, target = ""] = match;
    if (sign === ">") return /^[\w./-]+$/.test(target) ? { args, file: target } : undefined;
    if (sign === "|") return { args, pipe: target };
    if (comment !== undefined) break;
    args.push(single ?? double ?? bare ?? "");
  }
  return { args };
}
