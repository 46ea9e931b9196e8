/** The sha256 of a file, in hex. Invariant: one pass in pieces of 1 MiB, whatever the file's size. Price: 1.7 GB/s from memory. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import { lookUp } from "../stopping.ts";
import { reading } from "./reading.ts";

const PIECE = 1 << 20;

/** Throws DataError `data/unreadable`, and RunError `run/interrupted` soon after `stop` is aborted. */
export async function hashFile(file: string, stop?: AbortSignal): Promise<string> {
  try {
    return await hashAll(file, stop);
  } catch (error) {
    return reading(file, () => {
      throw error;
    });
  }
}

async function hashAll(file: string, stop: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  const handle = await fs.promises.open(file, "r");
  try {
    const buffer = Buffer.allocUnsafeSlow(PIECE);
    for (;;) {
      lookUp(stop);
      const { bytesRead } = await handle.read(buffer, 0, PIECE);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}
