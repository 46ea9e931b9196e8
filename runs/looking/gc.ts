/**
 * Removes what no run asks for from the store.
 *
 * Asked for is what any plan of any run names, see asked.ts. A folder is moved aside first and goes only if nobody asks for it then either:
 * a run writes its plan before it looks at the store, so whoever saw the folder is seen here, and gets it back; whoever looks later finds
 * nothing and makes it again. One gc works at a time, under a lock of its own. Invariant: without `delete` nothing is touched; what is not
 * of the store's own names stays; answers that stages were given go only where that is asked for. Price: one look at every file.
 */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";
import { Layout } from "../../store/layout.ts";
import { lockRun } from "../../store/lock.ts";
import { type Asked, askedOf, GC_RUN, runsStamp } from "./asked.ts";
import { folderSize, namesIn } from "./folder-size.ts";

export interface GcOptions {
  /** Remove; a dry run where absent. */
  readonly delete?: boolean;
  /** Also folders with answers of models and services, which cost something to get again. */
  readonly with_answers?: boolean;
}

export interface UnaskedEntry {
  /** From the store's folder. */
  readonly path: string;
  readonly kind: string;
  readonly files: number;
  readonly size_bytes: number;
  /** ISO 8601. */
  readonly modified: string;
  /** It holds answers that were asked for outside. */
  readonly answers: boolean;
  /** Whether it is gone. */
  readonly deleted: boolean;
  /** Why it is not, where it was to go. */
  readonly kept?: string;
}

export interface GcResult {
  readonly entries: readonly UnaskedEntry[];
  readonly unasked_bytes: number;
  readonly freed_bytes: number;
  /** What runs ask for. */
  readonly asked_bytes: number;
  /** What is in the store and not of it. */
  readonly unknown: readonly string[];
}

const FOLDER = /^(ingest|verdicts|output|match|tokens|validation|windows|quantiles|rows)-[0-9a-f]+$/;
/** What a gc that was killed had moved aside. */
const ASIDE = /^\.gc-[0-9a-f]+-/;
const KEPT: ReadonlySet<string> = new Set(["assets", "identities.jsonl"]);

/** Throws RunError `run/owned` (exit 75) where another gc works, or a run is just starting; `run/corrupt-plan`. */
export async function collectGarbage(out = ".", options: GcOptions = {}): Promise<GcResult> {
  const layout = new Layout(out);
  if (!fs.existsSync(layout.store)) {
    return { entries: [], unasked_bytes: 0, freed_bytes: 0, asked_bytes: 0, unknown: [] };
  }
  if (options.delete !== true) return sweep(layout, options);
  const lock = lockRun(layout, GC_RUN, "");
  try {
    return sweep(layout, options);
  } finally {
    await lock.release();
    removeEmpty(layout.run(GC_RUN));
  }
}

/** Where another gc has its lock there by now, the folder stays. */
function removeEmpty(folder: string): void {
  try {
    fs.rmdirSync(folder);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

function sweep(layout: Layout, options: GcOptions): GcResult {
  const asked = new CurrentlyAsked(layout);
  const entries: UnaskedEntry[] = [];
  const unknown: string[] = [];
  let asked_bytes = 0;
  const look = (path: string, isAsked: (asked: Asked) => boolean, kind: string): void => {
    let answers = false;
    const { files, size_bytes, modified_ms } = folderSize(join(layout.store, path), (name) => {
      answers ||= name.endsWith(".journal.jsonl");
    });
    if (isAsked(asked.now())) {
      asked_bytes += size_bytes;
      return;
    }
    const entry = { path, kind, files, size_bytes, modified: new Date(modified_ms).toISOString(), answers };
    entries.push({ ...entry, ...removed(layout, entry, isAsked, asked, options) });
  };
  for (const name of namesIn(layout.store)) {
    const [, kind = "left over"] = FOLDER.exec(name) ?? [];
    if (FOLDER.test(name)) look(name, ({ folders }) => folders.has(name), kind);
    else if (ASIDE.test(name)) look(name, () => false, kind);
    else if (!KEPT.has(name) && !name.startsWith(".")) unknown.push(name);
  }
  for (const name of namesIn(layout.assets)) {
    if (/^[0-9a-f]{64}$/.test(name)) look(join("assets", name), ({ assets }) => assets.has(name), "asset");
  }
  return {
    entries,
    unasked_bytes: entries.reduce((sum, { size_bytes }) => sum + size_bytes, 0),
    freed_bytes: entries.reduce((sum, { size_bytes, deleted }) => sum + (deleted ? size_bytes : 0), 0),
    asked_bytes,
    unknown,
  };
}

function removed(
  layout: Layout,
  { path, answers }: Pick<UnaskedEntry, "path" | "answers">,
  isAsked: (asked: Asked) => boolean,
  asked: CurrentlyAsked,
  options: GcOptions,
): Pick<UnaskedEntry, "deleted" | "kept"> {
  if (options.delete !== true) return { deleted: false };
  if (answers && options.with_answers !== true) {
    return { deleted: false, kept: "it holds answers that cost something to get: --with-answers removes it too" };
  }
  const from = join(layout.store, path);
  const aside = join(layout.store, `.gc-${randomBytes(4).toString("hex")}-${path.replace("/", "-")}`);
  fs.renameSync(from, aside);
  let isWanted = true;
  try {
    isWanted = isAsked(asked.now());
  } finally {
    // Also where a run has just begun, and nobody can say what it asks for.
    if (isWanted && !fs.existsSync(from)) fs.renameSync(aside, from);
  }
  if (isWanted) return { deleted: false, kept: "a run that began meanwhile asks for it" };
  fs.rmSync(aside, { recursive: true, force: true });
  return { deleted: true };
}

/** What runs ask for, read again whenever a run began or has another plan. */
class CurrentlyAsked {
  readonly #layout: Layout;
  #stamp: string | undefined;
  #asked: Asked | undefined;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  now(): Asked {
    const stamp = runsStamp(this.#layout);
    if (this.#asked !== undefined && this.#stamp === stamp) return this.#asked;
    // The stamp first: what changes while plans are read is seen the next time.
    this.#asked = askedOf(this.#layout);
    this.#stamp = stamp;
    return this.#asked;
  }
}
