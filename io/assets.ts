/**
 * The files that stages need besides their input, by what they hold.
 *
 * A plan knows an asset by hash, size and name; the library knows where such bytes are on this machine: a file as the recipe names it, a
 * download, or the copy that the owner of a run put into its store. Invariant: bytes that are handed out have the hash that was asked for,
 * checked once a process; all its threads share them. Price: one read of each asset that a stage asks for, a `stat` of each when a run begins.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { RunError } from "../batch/errors.ts";
import { type AssetMemory, filledMemory, isReady, memoryOf, reserveMemory } from "./asset-memory.ts";
import { createPending, type PendingFile } from "./local/commit.ts";
import { hashFile } from "./local/hash-file.ts";
import { identifyFile } from "./local/identity.ts";
import { reading } from "./local/reading.ts";
import { filledTables, reserveTables, type SharedTables } from "./shared-tables.ts";
import type { ByteSource } from "./source.ts";

/** A file by its content. */
export interface Asset {
  /** For messages: a base name. Never part of a fingerprint. */
  readonly name: string;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly size_bytes: number;
  /** Where on the Hub it was found, `hf://ORG/NAME@COMMIT/PATH`. Never part of a fingerprint. */
  readonly location?: string;
}

/** Where bytes are. `stored`: the file is the store's own copy. */
export type AssetOrigin =
  | { readonly file: string; readonly stored?: true }
  | { readonly memory: AssetMemory }
  | { readonly open: () => Promise<ByteSource> };

/** An asset as a worker thread is told of it. */
export interface SharedAsset {
  readonly asset: Asset;
  readonly file?: string;
  readonly memory: AssetMemory;
}

/** Tables that stages make of assets, by who makes them. */
export type SharedTablesByKey = ReadonlyMap<string, SharedTables>;

interface Entry {
  readonly asset: Asset;
  readonly origin: AssetOrigin;
  memory?: AssetMemory;
}

const PIECE_BYTES = 4 * 1024 * 1024;
/** Of who may end after the first one. */
const FIRST_PIECE_BYTES = 256 * 1024;

/** The assets of a process, or of a thread that shares those of its process. */
export class AssetLibrary {
  readonly #entries = new Map<string, Entry>();
  readonly #tables: Map<string, SharedTables>;

  constructor(shared: readonly SharedAsset[] = [], tables: SharedTablesByKey = new Map()) {
    this.#tables = new Map(tables);
    for (const { asset, file, memory } of shared) {
      const origin: AssetOrigin = file === undefined ? { memory } : { file, stored: true };
      this.#entries.set(asset.sha256, { asset, origin, memory });
    }
  }

  /** Says where the bytes of `asset` are; the last word counts, and bytes that are at hand stay. */
  add(asset: Asset, origin: AssetOrigin): void {
    const memory = "memory" in origin ? origin.memory : this.#entries.get(asset.sha256)?.memory;
    this.#entries.set(asset.sha256, { asset, origin, ...(memory && { memory }) });
  }

  /**
   * The bytes of `asset` for `user`, a stage. Throws RunError `run/changed-asset` where the file is another one by now,
   * `run/damaged-asset` where the store's copy is.
   */
  bytes(asset: Asset, user: string): Uint8Array {
    const entry = this.#entry(asset, user);
    const { origin } = entry;
    entry.memory ??= reserveMemory(asset.name, asset.size_bytes);
    return filledMemory(entry.memory, (bytes, progress) => {
      if (!("file" in origin)) throw new Error(`${asset.name} was not fetched before it was asked for`);
      if (!readChecked(origin.file, asset.sha256, bytes, progress)) throw wrongContent(asset, origin, user);
    });
  }

  /** As {@link bytes}, also where they must be fetched first. */
  async fetch(asset: Asset, user: string): Promise<Uint8Array> {
    const entry = this.#entry(asset, user);
    const { origin } = entry;
    if ("open" in origin && (entry.memory === undefined || !isReady(entry.memory))) {
      const memory = await memoryOf(asset.name, asset.size_bytes, pieces(origin));
      if (hashOf(new Uint8Array(memory.bytes)) !== asset.sha256) throw wrongContent(asset, origin, user);
      entry.memory = memory;
    }
    return this.bytes(asset, user);
  }

  /** The bytes of `asset` from wherever they are, in pieces, not checked: for who looks only at their beginning. */
  stream(asset: Asset, user: string): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
    const { origin } = this.#entry(asset, user);
    if ("file" in origin) return filePieces(origin.file);
    return "open" in origin ? pieces(origin) : [new Uint8Array(origin.memory.bytes)];
  }

  /**
   * Puts the bytes of `asset` into `target`, whole or not at all, unless they are there; from then on they are read from it. What is there is
   * hashed, unless the cache of identities knows it by its stamp. Errors as {@link bytes}, and what a write throws.
   */
  async publish(asset: Asset, target: string, user: string, identityCacheFile?: string): Promise<void> {
    if (!(await isThere(asset, target, identityCacheFile))) {
      const entry = this.#entry(asset, user);
      const pending = createPending(target);
      try {
        await copyTo(pending, entry);
        if ((await hashFile(pending.temporary)) !== asset.sha256) throw wrongContent(asset, entry.origin, user);
        pending.commit();
      } catch (error) {
        pending.abort();
        throw error;
      }
    }
    this.add(asset, { file: target, stored: true });
  }

  /** Says that `key` will ask for tables, so that threads which begin from now on share them. */
  reserveTables(key: string): void {
    if (!this.#tables.has(key)) this.#tables.set(key, reserveTables());
  }

  /** The tables of `key`, see {@link filledTables}. */
  tables(
    key: string,
    name: string,
    size_bytes: number,
    fill: (buffer: ArrayBufferLike, progress: () => void) => void,
  ): WebAssembly.Memory {
    this.reserveTables(key);
    return filledTables(this.#tables.get(key) ?? reserveTables(), name, size_bytes, fill);
  }

  shareTables(): SharedTablesByKey {
    return this.#tables;
  }

  /** What worker threads are given: the same memory, and where to read what nobody has read yet. */
  share(): readonly SharedAsset[] {
    return [...this.#entries.values()].flatMap((entry): SharedAsset[] => {
      const { asset, origin } = entry;
      if ("file" in origin && origin.stored) {
        entry.memory ??= reserveMemory(asset.name, asset.size_bytes);
        return [{ asset, file: origin.file, memory: entry.memory }];
      }
      return entry.memory !== undefined && isReady(entry.memory) ? [{ asset, memory: entry.memory }] : [];
    });
  }

  #entry(asset: Asset, user: string): Entry {
    const entry = this.#entries.get(asset.sha256);
    if (entry !== undefined) return entry;
    throw new RunError({
      code: "run/missing-asset",
      what: `${asset.name}, which ${user} needs, is not at hand (sha256 ${asset.sha256})`,
      fix: "run the recipe again: its files are then put into the store",
    });
  }
}

/** Fills `bytes` with all of `file`; whether they have the hash. */
export function readChecked(
  file: string,
  sha256: string,
  bytes: Uint8Array,
  progress: () => void = () => {},
  pieceBytes = PIECE_BYTES,
): boolean {
  return reading(file, () => {
    const descriptor = fs.openSync(file, "r");
    try {
      if (fs.fstatSync(descriptor).size !== bytes.length) return false;
      const hash = createHash("sha256");
      for (let at = 0; at < bytes.length; ) {
        const count = fs.readSync(descriptor, bytes, at, Math.min(pieceBytes, bytes.length - at), at);
        if (count === 0) return false;
        hash.update(bytes.subarray(at, at + count));
        at += count;
        progress();
      }
      return hash.digest("hex") === sha256;
    } finally {
      fs.closeSync(descriptor);
    }
  });
}

export function hashOf(content: Uint8Array): string {
  const hash = createHash("sha256");
  for (let at = 0; at < content.length; at += PIECE_BYTES) hash.update(content.subarray(at, at + PIECE_BYTES));
  return hash.digest("hex");
}

/** Whether `target` holds the asset already. One that is damaged does not. */
async function isThere(asset: Asset, target: string, identityCacheFile: string | undefined): Promise<boolean> {
  const found = fs.statSync(target, { throwIfNoEntry: false });
  if (found?.size !== asset.size_bytes) return false;
  const { identity } = await identifyFile(path.resolve(target), identityCacheFile);
  return identity === `sha256:${asset.sha256}`;
}

async function copyTo(pending: PendingFile, { origin, memory }: Entry): Promise<void> {
  if (memory !== undefined && isReady(memory)) {
    const bytes = new Uint8Array(memory.bytes);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) pending.write(bytes.subarray(at, at + PIECE_BYTES));
  } else if ("file" in origin) {
    // Where the file system can, the copy shares the blocks of the original.
    reading(origin.file, () => fs.copyFileSync(origin.file, pending.temporary, fs.constants.COPYFILE_FICLONE));
  } else if ("open" in origin) {
    for await (const piece of pieces(origin)) pending.write(piece);
  }
}

/** The bytes of a file, in pieces. Throws DataError `data/unreadable`. */
export function* filePieces(file: string): Generator<Uint8Array> {
  const descriptor = reading(file, () => fs.openSync(file, "r"));
  try {
    for (;;) {
      const piece = new Uint8Array(FIRST_PIECE_BYTES);
      const count = reading(file, () => fs.readSync(descriptor, piece));
      if (count === 0) return;
      yield piece.subarray(0, count);
    }
  } finally {
    fs.closeSync(descriptor);
  }
}

async function* pieces({ open }: Extract<AssetOrigin, { open: unknown }>): AsyncGenerator<Uint8Array> {
  const source = await open();
  try {
    yield* source.stream(0);
  } finally {
    await source.close();
  }
}

function wrongContent(asset: Asset, origin: AssetOrigin, user: string): RunError {
  if ("file" in origin && origin.stored) {
    return new RunError({
      code: "run/damaged-asset",
      what: `${origin.file}, the store's copy of ${asset.name}, which ${user} needs, does not hold what was put there`,
      why: "its result would be stored as that of the file that was planned",
      fix: "run the same command again: the copy is made anew",
    });
  }
  return new RunError({
    code: "run/changed-asset",
    what: `${asset.name}, which ${user} needs, is not the file that was planned`,
    why: "its result would be stored as that of the other file",
    fix: "run the recipe again, so that it is planned with the file as it is now",
  });
}
