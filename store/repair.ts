/**
 * What the owner of a run does about damage: it removes the marker that vouches for it, so that the task is done again.
 *
 * Invariant: nothing but markers goes. Files stay until they are written anew under the same names, and what other markers say of their own
 * files stays true. Only the owner of a run may call this: another run that reads the same folder meets the damage itself.
 */
import fs from "node:fs";
import { join } from "node:path";
import { type Damage, ShardmillError } from "../batch/errors.ts";
import { spanFiles } from "./layout.ts";
import { readSealed } from "./marker.ts";

/** The damage an error tells of, whichever thread threw it. */
export function damageOf(error: unknown): Damage | undefined {
  return error instanceof ShardmillError ? error.details.damaged : undefined;
}

/** Removes the marker. Of a list of spans, the markers of the spans go first: a list made anew may be cut in other places. */
export function discardDamaged({ folder, marker }: Damage): void {
  if (marker === spanFiles.spans) discardSpans(folder);
  fs.rmSync(join(folder, marker), { force: true });
}

/** Removes the markers of a folder that cannot be read: they are as good as absent to whoever looks for them. Returns their names. */
export function discardUnreadable(folder: string): readonly string[] {
  if (!fs.existsSync(folder)) return [];
  const names = fs.readdirSync(folder).filter((name) => name.endsWith(".done.json") || name === spanFiles.spans);
  const damaged = names.filter((name) => readSealed(folder, name).state === "damaged");
  for (const marker of damaged) discardDamaged({ folder, marker });
  return damaged;
}

/** Removes the markers of all spans of an ingest folder. */
export function discardSpans(folder: string): void {
  for (const name of spanMarkers(folder)) fs.rmSync(join(folder, name), { force: true });
}

/** The markers of spans that are there. */
export function spanMarkers(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder).filter((name) => spanFiles.isMarker(name));
}
