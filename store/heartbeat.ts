/** One beat of a lock: other hosts see by the file's time that its owner lives. */
import fs from "node:fs";

/**
 * Writes the first byte of the lock again while it is that of `id`, so that the disk's clock stamps it and not this host's. Never throws:
 * a lock may be away for a moment, or gone, and whoever holds it looks before it relies on it.
 */
export function beat(path: string, id: string): void {
  try {
    const descriptor = fs.openSync(path, "r+");
    try {
      const text = fs.readFileSync(descriptor, "utf8");
      if ((JSON.parse(text) as { id?: string }).id === id) fs.writeSync(descriptor, text.slice(0, 1), 0);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    // See above.
  }
}
