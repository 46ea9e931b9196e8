/**
 * Dies on purpose, so that tests can prove what a power cut leaves behind.
 *
 * Inert unless `SHARDMILL_FAULT` is set: `main:N` or `worker:N` kills the process with SIGKILL at the N-th write boundary (from 1)
 * of a thread of that kind, so that no handler and no `finally` runs. Price when inert: one comparison per boundary.
 */
import { isMainThread } from "node:worker_threads";

const [, kind, step] = /^(main|worker):(\d+)$/.exec(process.env.SHARDMILL_FAULT ?? "") ?? [];
const fatal = kind === (isMainThread ? "main" : "worker") ? Number(step) : 0;
let passed = 0;

/** Marks a point between two effects on disk. */
export function writeBoundary(): void {
  if (fatal === 0) return;
  if (++passed === fatal) process.kill(process.pid, "SIGKILL");
}
