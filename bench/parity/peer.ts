/** Asks a peer: a script of bench/peers/ run by the Python that was named. What it prints comes back; where it fails, so does the section. */
import { spawnSync } from "node:child_process";
import type { ParityContext } from "./section.ts";

export function askPeer({ python }: ParityContext, script: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(python, [`bench/peers/${script}`, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
    ...(input !== undefined && { input }),
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${script} failed:\n${stderr}`);
  return stdout;
}
