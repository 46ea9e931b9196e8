/**
 * Keeps a lock fresh from a thread of its own: the main thread may be busy for minutes, and other hosts must not take it for dead.
 *
 * Writes the first byte of the file again while the lock is its own, so that the disk's clock stamps it and not this host's. Never ends by
 * itself, and never keeps the process alive.
 */
import fs from "node:fs";
import { workerData } from "node:worker_threads";

const { path, id, every_ms } = workerData as { path: string; id: string; every_ms: number };

setInterval(() => {
  try {
    touch();
  } catch {
    // Not there for a moment, or gone: whoever holds it looks before it relies on it.
  }
}, every_ms);

function touch(): void {
  const descriptor = fs.openSync(path, "r+");
  try {
    const text = fs.readFileSync(descriptor, "utf8");
    if ((JSON.parse(text) as { id?: string }).id === id) fs.writeSync(descriptor, text.slice(0, 1), 0);
  } finally {
    fs.closeSync(descriptor);
  }
}
