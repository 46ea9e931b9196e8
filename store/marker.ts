/**
 * Completion markers: the only truth about what is done.
 *
 * A marker is written last, after every file it names is durable; a task whose marker is there and whose files have the sizes it
 * says is not done again. Invariant: marker content depends on plan and task alone.
 */
import fs from "node:fs";
import { join } from "node:path";
import { RunError } from "../batch/errors.ts";
import type { CommittedFile } from "../io/local/commit.ts";

interface WithFiles {
  readonly files: readonly CommittedFile[];
}

/** The marker at `path` when it and its files are all there, else undefined. A marker whose files are gone is removed. */
export function readMarker<Marker extends WithFiles>(folder: string, name: string): Marker | undefined {
  const path = join(folder, name);
  let text: string;
  try {
    text = fs.readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  let marker: Marker;
  try {
    marker = JSON.parse(text) as Marker;
  } catch (error) {
    throw new RunError(
      {
        code: "run/corrupt-marker",
        what: `${path} is not JSON`,
        why: "markers are committed whole, so something else wrote or damaged it",
        fix: "delete the file and run again",
      },
      { cause: error },
    );
  }
  if (marker.files.every((file) => sizeOf(join(folder, file.name)) === file.size_bytes)) return marker;
  fs.rmSync(path, { force: true });
  return undefined;
}

function sizeOf(path: string): number {
  try {
    return fs.statSync(path).size;
  } catch {
    return -1;
  }
}
