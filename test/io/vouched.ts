/** Checked files for tests that have no marker: as if one of this name vouched for them. */
import fs from "node:fs";
import path from "node:path";
import { RunError } from "../../batch/errors.ts";
import { createIntermediate } from "../../io/local/commit.ts";
import { pathOf, type Vouched, type VouchedFile } from "../../io/local/vouched.ts";

export const MARKER = "00000.done.json";

export function vouchedFor(target: string, file: VouchedFile): Vouched {
  return { folder: path.dirname(target), marker: MARKER, file };
}

/** Commits what `write` writes. */
export function writeVouched(target: string, write: (file: { write(bytes: Uint8Array): void }) => void): Vouched {
  const pending = createIntermediate(target);
  try {
    write(pending);
    return vouchedFor(target, pending.commit());
  } catch (error) {
    pending.abort();
    throw error;
  }
}

export function flipByte(file: string, at: number): void {
  const bytes = fs.readFileSync(file);
  bytes[at < 0 ? bytes.length + at : at] ^= 1;
  fs.writeFileSync(file, bytes);
}

/** For `assert.throws`: the damage names the file and its marker, and the message says `what`. */
export function damaged(vouched: Vouched, what: RegExp): (error: unknown) => boolean {
  return (error) => {
    const { folder, marker, file } = vouched;
    return (
      error instanceof RunError &&
      error.code === "store/damaged" &&
      error.message.includes(pathOf(vouched)) &&
      what.test(error.message) &&
      JSON.stringify(error.details.damaged) === JSON.stringify({ folder, marker, file: file.name })
    );
  };
}
