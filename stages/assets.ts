/**
 * Files that stages need besides their input, as options name them and as operators get them.
 *
 * Invariant: in a recipe a reference says where a file is, in a plan what it holds (`sha256:…`): a plan has no path of it.
 */
import { z } from "zod";

/** An option that names a file: local, http(s)://, hf:// (data sets and models), tiktoken:NAME or data:,TEXT. */
export interface AssetRef {
  readonly asset: string;
}

/** The schema of an option that names a file, see {@link AssetRef}. A relative path starts at the recipe's folder. */
export function assetPath(): z.ZodType<AssetRef, string> {
  return z
    .string()
    .min(1)
    .transform((asset): AssetRef => ({ asset }));
}

export function isAssetRef(value: unknown): value is AssetRef {
  return typeof value === "object" && value !== null && "asset" in value && typeof value.asset === "string";
}

/** `value` with `map` of every reference in it, however deep. */
export function mapAssetRefs<Value>(value: Value, map: (ref: AssetRef) => AssetRef): Value {
  const mapped = (part: unknown): unknown => {
    if (isAssetRef(part)) return map(part);
    if (Array.isArray(part)) return part.map(mapped);
    if (!isPlain(part)) return part;
    return Object.fromEntries(Object.entries(part).map(([key, member]) => [key, mapped(member)]));
  };
  return mapped(value) as Value;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The files that a stage's options name, before anything is planned. */
export interface AssetFiles {
  /** What messages call a file. */
  readonly name: (ref: AssetRef) => string;
  /** A file's bytes from its beginning on, in pieces; whoever has seen enough ends the loop. */
  readonly stream: (ref: AssetRef) => AsyncIterable<Uint8Array>;
}

/** The content of the files that a stage's options name. */
export interface Assets {
  /** The bytes of a file, in memory that all threads share. May hold more than 2 GiB. */
  readonly bytes: (ref: AssetRef) => Uint8Array;
  /** What messages call a file: its base name. */
  readonly name: (ref: AssetRef) => string;
  /**
   * Memory for what the stage makes of its files, shared by all threads: `size_bytes` of it from byte `TABLES_START` on, which `fill` fills in
   * whichever thread asks first, calling `progress` now and then where it takes long. Equal tables must have the same size and bytes. Of a stage
   * that declares `tables`.
   */
  readonly tables: (
    size_bytes: number,
    fill: (buffer: ArrayBufferLike, progress: () => void) => void,
  ) => WebAssembly.Memory;
}
