/**
 * A finished run's data sets in a repository on the Hub, in few commits.
 *
 * Invariants: a file is sent only when it is what the run wrote; what the repository has already, or storage has from an upload that was cut, is not
 * sent again; a commit is made on top of what was looked at, and when somebody was faster everything is looked at anew; the token comes from HF_TOKEN
 * and is in no message and no file. Price: a hash of every file that is sent; one listing a folder; memory for one commit's small files.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { RunError } from "../batch/errors.ts";
import type { IoEnvironment } from "../io/environment.ts";
import { uploadLargeFiles } from "../io/remote/hub-lfs.ts";
import { conflict, missing } from "../io/remote/hub-refusal.ts";
import {
  type CommitOperation,
  type Committed,
  type FileToAsk,
  HubRepository,
  type RemoteEntry,
  type UploadMode,
} from "../io/remote/hub-repository.ts";
import { interrupted } from "../workers/engines/threads.ts";
import {
  CARD,
  type CommitGroup,
  FILES_PER_COMMIT,
  folderOf,
  groupCommits,
  type Survey,
  sizeOf,
  type Wanted,
  wantedOf,
} from "./publish-commits.ts";
import { damageOf, type LocalFile, type Published, publishedFiles, unsound } from "./publish-files.ts";
import { addressOf, environmentOf, type PublishOptions, type PublishResult } from "./publish-options.ts";
import type { OpenRun } from "./status.ts";

/** Times in a row that others may have been faster. */
const MAX_CONFLICTS = 5;
/** By so many first bytes the Hub tells text from binary. */
const SAMPLE_BYTES = 512;
const NOTHING: Survey = { head: "", entries: new Map(), card: undefined };

/**
 * Throws what publish-files.ts, publish-options.ts and io/remote throw, RunError `run/hub-public`, `run/hub-ignored`, `run/interrupted`. Nothing was sent
 * where files are unsound.
 */
export async function publishToHub(run: OpenRun, options: PublishOptions): Promise<PublishResult> {
  const address = addressOf(options);
  const environment = environmentOf(options);
  const { extras = [], outputs, card = true } = options;
  const published = await publishedFiles(run, { extras, card, ...(outputs && { outputs }) });
  try {
    const publication = new Publication(run, published, options, address, environment);
    return await publication.make();
  } catch (error) {
    throw options.kill?.aborted === true ? interrupted() : error;
  }
}

class Publication {
  readonly #run: OpenRun;
  readonly #published: Published;
  readonly #options: PublishOptions;
  readonly #environment: IoEnvironment | undefined;
  #address: HubRepository["address"];
  #opensPullRequest: boolean;
  #created = false;
  #uploaded_bytes = 0;
  #pull_request: Committed["pull_request"];
  #commits: PublishResult["commits"] = [];
  readonly #modes = new Map<string, UploadMode>();
  readonly #checked = new Set<string>();

  constructor(
    run: OpenRun,
    published: Published,
    options: PublishOptions,
    address: HubRepository["address"],
    environment: IoEnvironment | undefined,
  ) {
    this.#run = run;
    this.#published = published;
    this.#options = options;
    this.#address = address;
    this.#environment = environment;
    this.#opensPullRequest = options.pull_request ?? false;
  }

  async make(): Promise<PublishResult> {
    const hub = this.#environment && new Hub(this.#address, this.#environment, this.#options.kill);
    const isThere = hub !== undefined && (await this.#open(hub));
    const seen = isThere ? await this.#survey(hub) : NOTHING;
    const wanted = this.#wanted(seen);
    if (isThere) await this.#askModes(hub, wanted);
    const groups = this.#groups(wanted);
    const there = this.#published.files.length - wanted.files.length;
    const planned = { files: wanted.files.length, bytes: sizeOf(wanted.files), there, commits: groups.length };
    this.#options.report?.({ type: "publish_planned", ...planned });
    await this.#check(wanted.files);
    if (hub !== undefined && this.#options.dry_run !== true) await this.#send(hub, seen);
    else this.#commits = groups.map(figuresOf);
    return this.#result(wanted);
  }

  /** Whether there is a branch to look at; makes what may be made. */
  async #open({ repository, environment }: Hub): Promise<boolean> {
    const { create = false, private: isPrivate = false, dry_run = false, report } = this.#options;
    const { repo, revision } = this.#address;
    let info = await repository.info();
    if (info === undefined && create) {
      if (dry_run) return false;
      await repository.create(isPrivate);
      this.#created = true;
      report?.({ type: "publish_created", repository: repo, private: isPrivate });
      info = await repository.info();
    }
    if (info === undefined) throw missing(this.#address, environment);
    if (isPrivate && !info.private) {
      throw new RunError({
        code: "run/hub-public",
        what: `${repo} is there and public, and --private was asked for`,
        why: "what is published there can be read by everybody",
        fix: "make it private in its settings, name another repository, or leave --private out",
      });
    }
    if ((await repository.head()) !== undefined) return true;
    if (!create || revision.startsWith("refs/")) throw missing(this.#address, environment);
    if (!dry_run) await repository.createBranch();
    return !dry_run;
  }

  async #survey({ repository, environment }: Hub): Promise<Survey> {
    const head = await repository.head();
    if (head === undefined) throw missing(this.#address, environment);
    const entries = new Map<string, RemoteEntry>();
    for (const folder of new Set(this.#published.files.map(({ path }) => folderOf(path)))) {
      for (const entry of await repository.list(head, folder)) entries.set(entry.path, entry);
    }
    const card = this.#options.card === false ? undefined : await repository.read(head, CARD);
    return { head, entries, card };
  }

  #wanted(seen: Survey): Wanted {
    const { card = true, prune = false } = this.#options;
    const address = { repository: this.#address.repo, run: this.#run.plan.name };
    return wantedOf(this.#published, seen, { ...address, card, prune });
  }

  #groups({ files, card, deleted }: Wanted): CommitGroup[] {
    const last = { ...(card === undefined ? {} : { card }), deleted };
    return groupCommits(files, this.#modes, last, this.#options.files_per_commit ?? FILES_PER_COMMIT);
  }

  async #askModes({ repository }: Hub, { files, card }: Wanted): Promise<void> {
    const asked: FileToAsk[] = files
      .filter(({ path }) => !this.#modes.has(path))
      .map((file) => ({ path: file.path, size_bytes: file.size_bytes, sample: sampleOf(file) }));
    if (card !== undefined && !this.#modes.has(CARD)) {
      const content = Buffer.from(card);
      asked.push({ path: CARD, size_bytes: content.length, sample: content.subarray(0, SAMPLE_BYTES) });
    }
    const { modes, ignored } = await repository.uploadModes(asked, this.#opensPullRequest);
    for (const [path, mode] of modes) this.#modes.set(path, mode);
    if (ignored.length === 0) return;
    const more = ignored.length > 3 ? ` and ${ignored.length - 3} more` : "";
    throw new RunError({
      code: "run/hub-ignored",
      what: `.gitignore of ${this.#address.repo} keeps out ${ignored.slice(0, 3).join(", ")}${more}`,
      why: "a data set without them would not be the run's",
      fix: "take the pattern out of .gitignore there",
    });
  }

  /** Throws RunError `run/publish-unsound` before anything is sent. */
  async #check(files: readonly LocalFile[]): Promise<void> {
    const left = files.filter(({ path }) => !this.#checked.has(path));
    const of_bytes = sizeOf(left);
    const problems: string[] = [];
    let bytes = 0;
    for (const file of left) {
      this.#lookUp();
      const damage = await damageOf(file);
      if (damage === undefined) this.#checked.add(file.path);
      else problems.push(`${file.path} ${damage}`);
      bytes += file.size_bytes;
      this.#options.report?.({ type: "publish_checked", bytes, of_bytes });
    }
    if (problems.length > 0) throw unsound(this.#run.plan, problems);
  }

  /** Commits until the repository has everything. */
  async #send(first: Hub, firstSeen: Survey): Promise<void> {
    let hub = first;
    let seen = firstSeen;
    for (let conflicts = 0; ; ) {
      const wanted = this.#wanted(seen);
      await this.#askModes(hub, wanted);
      await this.#check(wanted.files);
      const groups = this.#groups(wanted);
      const onProgress = this.#progress(sizeOf(wanted.files));
      let parent: string | undefined = seen.head;
      for (const [i, group] of groups.entries()) {
        this.#uploaded_bytes += await this.#upload(hub, group, onProgress);
        const pullRequest = this.#opensPullRequest;
        const request = {
          ...this.#message(i, groups.length),
          parent,
          pullRequest,
          operations: this.#operations(group),
        };
        const committed = await hub.repository.commit(request);
        parent = committed?.oid;
        if (committed === undefined || parent === undefined) break;
        conflicts = 0;
        for (const { path, size_bytes } of group.files) onProgress(path, size_bytes);
        this.#tell(committed, group, i, groups.length);
        if (committed.pull_request !== undefined) hub = this.#inPullRequest(hub, committed.pull_request);
      }
      if (parent !== undefined) return;
      if (++conflicts > MAX_CONFLICTS) throw conflict(this.#address);
      await hub.environment.client.pause(conflicts, this.#options.kill);
      seen = await this.#survey(hub);
    }
  }

  #tell({ oid, url }: Committed, group: CommitGroup, i: number, commits: number): void {
    const figures = figuresOf(group);
    this.#commits = [...this.#commits, { ...figures, oid, url }];
    this.#options.report?.({ type: "publish_committed", commit: i + 1, commits, files: figures.files, url });
  }

  /** What follows goes to the pull request that was opened. */
  #inPullRequest({ environment }: Hub, pull_request: NonNullable<Committed["pull_request"]>): Hub {
    this.#pull_request = pull_request;
    this.#opensPullRequest = false;
    this.#address = { ...this.#address, revision: `refs/pr/${pull_request.number}` };
    this.#options.report?.({ type: "publish_pull_request", ...pull_request });
    return new Hub(this.#address, environment, this.#options.kill);
  }

  async #upload(
    { environment }: Hub,
    { files }: CommitGroup,
    onProgress: (path: string, bytes: number) => void,
  ): Promise<number> {
    this.#lookUp();
    const large = files
      .filter(({ path }) => this.#modes.get(path) === "lfs")
      .map(({ folder, name, ...file }) => ({ ...file, file: join(folder, name) }));
    const sent = await uploadLargeFiles(large, {
      address: this.#address,
      environment,
      pullRequest: this.#opensPullRequest,
      onProgress: ({ path }, bytes) => onProgress(path, bytes),
      stop: this.#options.stop,
      kill: this.#options.kill,
    });
    this.#lookUp();
    return sent;
  }

  #operations({ files, card, deleted }: CommitGroup): CommitOperation[] {
    return [
      ...files.map((file): CommitOperation => {
        const { path, size_bytes, sha256 } = file;
        if (this.#modes.get(path) === "lfs") return { kind: "lfs", path, size_bytes, sha256 };
        const content = readFileSync(join(file.folder, file.name));
        const isSound = createHash("sha256").update(content).digest("hex") === sha256;
        if (!isSound) throw unsound(this.#run.plan, [`${path} changed while it was sent`]);
        return { kind: "regular", path, content };
      }),
      ...deleted.map((path): CommitOperation => ({ kind: "delete", path })),
      ...(card === undefined ? [] : [{ kind: "regular", path: CARD, content: Buffer.from(card) } as const]),
    ];
  }

  #message(i: number, commits: number): { readonly summary: string; readonly description: string } {
    const { plan } = this.#run;
    const [line = "", ...more] = (this.#options.message ?? "").trim().split("\n");
    const summary = line.trim() === "" ? `Add data sets of run ${plan.name}` : line.trim();
    const description = more.join("\n").trim() || `Made by shardmill, plan ${plan.fingerprint}.`;
    return { summary: commits === 1 ? summary : `${summary} (${i + 1} of ${commits})`, description };
  }

  #progress(of_bytes: number): (path: string, bytes: number) => void {
    const sent = new Map<string, number>();
    let sum = 0;
    return (path, bytes) => {
      sum += bytes - (sent.get(path) ?? 0);
      sent.set(path, bytes);
      this.#options.report?.({ type: "publish_sent", bytes: sum, of_bytes });
    };
  }

  #lookUp(): void {
    if (this.#options.stop?.aborted === true || this.#options.kill?.aborted === true) throw interrupted();
  }

  /** `wanted` is what was found wanting at first. */
  #result({ files, card, deleted, stale }: Wanted): PublishResult {
    const { dry_run = false, card: hasCard = true } = this.#options;
    const { repo, revision } = this.#address;
    const lacking = new Set(files.map(({ path }) => path));
    return {
      repository: repo,
      branch: revision,
      ...(this.#environment && { url: `${this.#environment.hubUrl}/datasets/${repo}` }),
      dry_run,
      created: this.#created,
      files: this.#published.files.map(({ path, size_bytes, sha256 }) => {
        return { path, size_bytes, sha256, was_there: !lacking.has(path) };
      }),
      card: !hasCard ? "left_out" : card === undefined ? "unchanged" : "written",
      deleted,
      stale,
      commits: this.#commits,
      uploaded_bytes: this.#uploaded_bytes,
      warnings: this.#published.warnings,
      ...(this.#pull_request && { pull_request: this.#pull_request }),
    };
  }
}

/** A branch, and the way there. */
class Hub {
  readonly repository: HubRepository;
  readonly environment: IoEnvironment;

  constructor(address: HubRepository["address"], environment: IoEnvironment, kill: AbortSignal | undefined) {
    this.repository = new HubRepository(address, environment, kill);
    this.environment = environment;
  }
}

function figuresOf({ files, card }: CommitGroup): { readonly files: number; readonly size_bytes: number } {
  return { files: files.length + (card === undefined ? 0 : 1), size_bytes: sizeOf(files) };
}

function sampleOf({ folder, name }: LocalFile): Uint8Array {
  const sample = Buffer.alloc(SAMPLE_BYTES);
  const file = openSync(join(folder, name), "r");
  try {
    return sample.subarray(0, readSync(file, sample, 0, SAMPLE_BYTES, 0));
  } finally {
    closeSync(file);
  }
}
