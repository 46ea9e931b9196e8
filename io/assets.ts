/**
 * The files that stages need besides their input: read once, hashed, and shared.
 *
 * Invariant: a location stands for the same bytes from plan to end; who opens one that has changed since is told.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { RecipeError, RunError } from "../batch/errors.ts";
import { encodingFile, TIKTOKEN } from "./tokenizer-files.ts";

/** Prefix of an asset that is written out where it is named: RFC 2397, as text. */
const DATA = "data:,";

export interface LoadedAsset {
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** The assets of a process. */
export class AssetLibrary {
  readonly #loaded = new Map<string, LoadedAsset>();

  /** Reads the file at `location` for `stage`. Throws RecipeError `recipe/missing-asset`. */
  async load(location: string, stage: string): Promise<LoadedAsset> {
    return this.#load(location, stage);
  }

  /** The file at `location`, which the plan says has this hash. Throws RunError `run/changed-asset`. */
  open(location: string, sha256: string, stage: string): Uint8Array {
    const asset = this.#load(location, stage);
    if (asset.sha256 === sha256) return asset.bytes;
    throw new RunError({
      code: "run/changed-asset",
      what: `${location}, which ${stage} needs, is not the file that was planned`,
      why: "its result would be stored as that of the other file",
      fix: "run the recipe again, so that it is planned with the file as it is now",
    });
  }

  /** The file at `location` as it is now, for who has no plan. Throws RecipeError `recipe/missing-asset`. */
  openUnchecked(location: string, stage: string): Uint8Array {
    return this.#load(location, stage).bytes;
  }

  #load(location: string, stage: string): LoadedAsset {
    const known = this.#loaded.get(location);
    if (known !== undefined) return known;
    try {
      const bytes = contentOf(location);
      const asset = { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
      this.#loaded.set(location, asset);
      return asset;
    } catch (error) {
      throw new RecipeError(
        {
          code: "recipe/missing-asset",
          what: `${stage} needs the file ${location}, which cannot be read: ${error instanceof Error ? error.message : error}`,
          fix: "check the path; relative paths start at the recipe's folder",
        },
        { cause: error },
      );
    }
  }
}

function contentOf(location: string): Uint8Array {
  if (!location.startsWith(DATA)) return readFileSync(pathOf(location));
  return Buffer.from(decodeURIComponent(location.slice(DATA.length)), "utf8");
}

/** A folder stands for the `tokenizer.json` in it. */
function pathOf(location: string): string {
  if (location.startsWith(TIKTOKEN)) return encodingFile(location.slice(TIKTOKEN.length));
  return statSync(location, { throwIfNoEntry: false })?.isDirectory() ? join(location, "tokenizer.json") : location;
}
