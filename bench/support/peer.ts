/** Asks a peer: a script of bench/peers/ run by a Python that has it. What it prints comes back; where it fails, so does the benchmark. */
import { spawnSync } from "node:child_process";

/** The Python that benchmarks may ask; undefined where none is named. */
export const PEER_PYTHON = process.env.SHARDMILL_PYTHON;

export function runPeer(python: string, script: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(python, [`bench/peers/${script}`, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
    ...(input !== undefined && { input }),
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${script} failed:\n${stderr}`);
  return stdout;
}
