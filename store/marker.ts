/**
 * Completion markers: the only truth about what is done.
 *
 * A marker is written last, after every file it names is durable; a task whose marker is there and whose files have the sizes it
 * says is not done again. Invariants: marker content depends on plan and task alone; it is sealed (io/local/seal.ts), so a flipped byte is
 * found; reading has no side effect, whoever owns the run removes what is damaged (repair.ts).
 */
import fs from "node:fs";
import { join } from "node:path";
import { type Damage, RunError } from "../batch/errors.ts";
import { unseal } from "../io/local/seal.ts";
import { damagedStore, type Vouched, type VouchedFile } from "../io/local/vouched.ts";

export interface WithFiles {
  readonly files: readonly VouchedFile[];
}

export type MarkerState<Marker> =
  | { readonly state: "done"; readonly marker: Marker }
  | { readonly state: "absent" }
  /** The marker is damaged, or a file it names is gone or has another size. */
  | { readonly state: "damaged"; readonly damage: Damage; readonly what: string };

/** What the marker `name` of `folder` and the sizes of its files say. */
export function readMarker<Marker extends WithFiles>(folder: string, name: string): MarkerState<Marker> {
  const read = readSealed<Marker>(folder, name);
  if (read.state !== "done") return read;
  for (const { name: file, size_bytes } of read.marker.files) {
    const size = sizeOf(join(folder, file));
    if (size === size_bytes) continue;
    const what = size === undefined ? "is gone" : `has ${size} bytes where ${size_bytes} were committed`;
    return { state: "damaged", damage: { folder, marker: name, file }, what };
  }
  return read;
}

/** The marker alone: its figures stay true when files it names have been removed. */
export function readSealed<Marker>(folder: string, name: string): MarkerState<Marker> {
  const path = join(folder, name);
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { state: "absent" };
    throw new RunError({ code: "run/unreadable-marker", what: `cannot read ${path}` }, { cause: error });
  }
  const marker = unseal(bytes);
  if (marker === undefined) return { state: "damaged", damage: { folder, marker: name }, what: "is damaged" };
  return { state: "done", marker: marker as Marker };
}

/** {@link readSealed} for who only wants to look: undefined where the marker is absent or damaged. */
export function markerFacts<Marker>(folder: string, name: string): Marker | undefined {
  const read = readSealed<Marker>(folder, name);
  return read.state === "done" ? read.marker : undefined;
}

/** A file of the store by the marker that vouches for it, as plain data for tasks. */
export interface MarkedFile {
  readonly folder: string;
  readonly marker: string;
  readonly name: string;
}

/**
 * The files that a marker vouches for, by name, for who is about to read them. Throws RunError `store/damaged` where the marker is
 * absent or damaged, or does not name the file.
 */
export function vouchers(folder: string, marker: string): (name: string) => Vouched {
  const read = readSealed<WithFiles>(folder, marker);
  if (read.state === "absent") throw damagedStore({ folder, marker }, "is gone");
  if (read.state === "damaged") throw damagedStore(read.damage, read.what);
  const files = new Map(read.marker.files.map((file) => [file.name, file]));
  return (name) => {
    const file = files.get(name);
    if (file === undefined) throw damagedStore({ folder, marker }, `does not name ${name}`);
    return { folder, marker, file };
  };
}

/** One file: see {@link vouchers}. */
export function vouch({ folder, marker, name }: MarkedFile): Vouched {
  return vouchers(folder, marker)(name);
}

function sizeOf(path: string): number | undefined {
  return fs.statSync(path, { throwIfNoEntry: false })?.size;
}
