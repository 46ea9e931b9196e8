/**
 * The owner of a run: one process at a time writes its plan, manifests and exports and removes what is not needed any more.
 *
 * `runs/NAME/lock.json` says who. It is made with `link`, so of many takers one wins. A dead owner's lock is taken over: whoever links
 * `.lock.ID.next`, where ID is the dead lock's, is the only one that may put its own in the place of that one. An owner on this machine is
 * dead when its process is; one on another machine when it has not touched its lock for {@link STALE_MS}, by the clock of the disk.
 * Invariant: two owners never hold a run at once, but where a host stood still for longer than that; such an owner finds out before it
 * writes (`assertHeld`). Price: a write every five seconds; a thread of 9 MB from `beatAlone` on.
 */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import { RunError } from "../batch/errors.ts";
import { builtFile } from "../io/built-file.ts";
import { commitFirst } from "../io/local/commit.ts";
import { writeBoundary } from "../io/local/fault.ts";
import { type ProcessName, stateOf, thisProcess } from "../io/local/process.ts";
import { temporaryName } from "../io/local/temporary-name.ts";
import { beat } from "./heartbeat.ts";
import { readJsonFile } from "./json-file.ts";
import type { Layout } from "./layout.ts";

const HEARTBEAT_MS = 5_000;
/** Twelve heartbeats. */
export const STALE_MS = 60_000;

export interface Owner {
  /** Of this lock, never of another. */
  readonly id: string;
  readonly host: string;
  readonly process: ProcessName;
  /** ISO 8601. */
  readonly since: string;
  /** Fingerprint of the plan that is being run. */
  readonly plan: string;
}

interface HeldLock {
  readonly owner: Owner;
  /** Where it is written. */
  readonly path: string;
}

/** A run that this process owns. */
export class RunLock {
  readonly owner: Owner;
  readonly #path: string;
  readonly #ticker: NodeJS.Timeout;
  #heart: Worker | undefined;

  /** Use {@link lockRun}. */
  constructor(path: string, owner: Owner) {
    this.owner = owner;
    this.#path = path;
    this.#ticker = setInterval(() => beat(path, owner.id), HEARTBEAT_MS);
    this.#ticker.unref();
  }

  /** From now on the main thread may be busy for minutes: a thread of its own keeps the lock fresh. */
  beatAlone(): void {
    this.#heart ??= new Worker(builtFile("bundle/heartbeat-worker.js"), {
      workerData: { path: this.#path, id: this.owner.id, every_ms: HEARTBEAT_MS },
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    // Without a heart the lock goes stale for other hosts, and `assertHeld` tells whether one of them took it.
    this.#heart.on("error", () => {});
    this.#heart.unref();
  }

  /** Throws RunError `run/lock-lost` where another process has taken the run over. */
  assertHeld(): void {
    const holder = holderOf(this.#path)?.owner;
    if (holder?.id === this.owner.id) return;
    throw new RunError({
      code: "run/lock-lost",
      what: `this run now belongs to ${holder === undefined ? "nobody" : describeOwner(holder)}`,
      why: `its lock was not touched for ${STALE_MS / 1000} seconds, so this process was taken for dead`,
      fix: "run the same command again when the other one is done; nothing that was committed is lost",
    });
  }

  /** Gives the run up. Never throws: it follows errors. */
  async release(): Promise<void> {
    clearInterval(this.#ticker);
    await this.#heart?.terminate();
    try {
      if (readOwner(this.#path)?.id === this.owner.id) fs.rmSync(this.#path, { force: true });
    } catch {
      // The next owner finds this process dead and takes over.
    }
  }
}

/** Takes the run `name` for the plan of this fingerprint. Throws RunError `run/owned` (exit 75) where a living process has it. */
export function lockRun(layout: Layout, name: string, plan: string): RunLock {
  const path = layout.lockFile(name);
  const owner: Owner = {
    id: randomBytes(8).toString("hex"),
    host: os.hostname(),
    process: thisProcess(),
    since: new Date().toISOString(),
    plan,
  };
  const bytes = Buffer.from(`${JSON.stringify(owner)}\n`);
  for (;;) {
    if (commitFirst(path, bytes)) return new RunLock(path, owner);
    const held = holderOf(path);
    if (held === undefined) continue;
    if (isAlive(held)) throw owned(name, held.owner);
    if (takeOver(path, held, owner, bytes)) return new RunLock(path, owner);
  }
}

/** A run with a living owner. */
export interface LivingRun {
  readonly name: string;
  readonly owner: Owner;
}

/** The runs of `layout` that a living process owns, by name. */
export function livingRuns(layout: Layout): LivingRun[] {
  const folder = layout.run("");
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const held = holderOf(layout.lockFile(name));
      return held !== undefined && isAlive(held) ? [{ name, owner: held.owner }] : [];
    });
}

function describeOwner({ host, process, since }: Owner): string {
  return `process ${process.pid} on ${host}, since ${since}`;
}

/** Whether this process, of all that found `dead` dead, is now the owner. */
function takeOver(path: string, dead: HeldLock, owner: Owner, bytes: Buffer): boolean {
  const next = nextOf(path, dead.owner.id);
  if (!commitFirst(next, bytes)) return false;
  // Somebody slow may link a `next` of a lock that was replaced long ago: only who the chain from the lock leads to has it.
  if (holderOf(path)?.owner.id !== owner.id) {
    fs.rmSync(next, { force: true });
    return false;
  }
  const temporary = temporaryName(path);
  fs.writeFileSync(temporary, bytes, { flag: "wx" });
  writeBoundary();
  fs.renameSync(temporary, path);
  writeBoundary();
  for (const name of fs.readdirSync(dirname(path))) {
    if (isNext(name)) fs.rmSync(join(dirname(path), name), { force: true });
  }
  return true;
}

/** Who has the run: the lock, or the last of those that took it over and had no time to say so in it. */
function holderOf(path: string): HeldLock | undefined {
  let held: HeldLock | undefined;
  for (let at = path; ; at = nextOf(path, held.owner.id)) {
    const owner = readOwner(at);
    if (owner === undefined) return held;
    held = { owner, path: at };
  }
}

function nextOf(path: string, id: string): string {
  return join(dirname(path), `.lock.${id}.next`);
}

function isNext(name: string): boolean {
  return /^\.lock\.[0-9a-f]+\.next$/.test(name);
}

function readOwner(path: string): Owner | undefined {
  const fix = "see that no process works on the run, then delete the file";
  return readJsonFile(path, { code: "run/corrupt-lock", fix }) as Owner | undefined;
}

function isAlive({ owner, path }: HeldLock): boolean {
  const state = stateOf(owner.process);
  return state === "unknown" ? ageOf(path) < STALE_MS : state === "alive";
}

/** How long ago a file was touched, by the clock that stamps files there: hosts may disagree about the time. */
function ageOf(path: string): number {
  const probe = temporaryName(path);
  fs.writeFileSync(probe, "", { flag: "wx" });
  try {
    const touched = fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return fs.statSync(probe).mtimeMs - touched;
  } finally {
    fs.rmSync(probe, { force: true });
  }
}

function owned(name: string, owner: Owner): RunError {
  return new RunError({
    code: "run/owned",
    what: `the run ${name} is being worked on by ${describeOwner(owner)}`,
    why: "two processes would write its manifests and exports over each other",
    fix: `wait for it, stop it, or use another name for this run: stores are shared, so nothing is done twice`,
  });
}
