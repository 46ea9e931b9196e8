/** What publishing is asked for, what it tells and what came of it; where it goes, and whose token it has. */
import { RecipeError } from "../batch/errors.ts";
import { createIoEnvironment, type IoEnvironment } from "../io/environment.ts";
import { checkHubAddress } from "../io/remote/hub.ts";
import { parseHubRepository } from "../io/remote/hub-path.ts";
import type { HubRepository } from "../io/remote/hub-repository.ts";
import type { PublishedExtra } from "./publish-files.ts";

export interface PublishOptions {
  /** `hf://datasets/ORG/NAME`, or with `@BRANCH`. */
  readonly to: string;
  /** The branch, where `to` says none. */
  readonly branch?: string;
  /** Names of outputs; all when absent. */
  readonly outputs?: readonly string[];
  /** What is sent beside the rows that were kept. */
  readonly extras?: readonly PublishedExtra[];
  /** Make the repository, and the branch, where they are not there. */
  readonly create?: boolean;
  /** Create it private; where it is there, it must be. */
  readonly private?: boolean;
  /** Open a pull request with the first commit, and go on in it. */
  readonly pull_request?: boolean;
  /** First line and description of the commits. */
  readonly message?: string;
  /** Write the repository's README.md (default). */
  readonly card?: boolean;
  /** Remove shards of the same splits that an earlier publishing left. */
  readonly prune?: boolean;
  readonly files_per_commit?: number;
  /** Look, and change nothing. Without a token nothing is looked at, and every file counts as one to send. */
  readonly dry_run?: boolean;
  /** Its token is used; from HF_TOKEN when absent. */
  readonly environment?: IoEnvironment;
  readonly report?: (event: PublishEvent) => void;
  /** Finish files that are on their way, then stop. */
  readonly stop?: AbortSignal;
  /** Stop at once. */
  readonly kill?: AbortSignal;
}

export type PublishEvent =
  | { readonly type: "publish_created"; readonly repository: string; readonly private: boolean }
  | {
      readonly type: "publish_planned";
      readonly files: number;
      readonly bytes: number;
      readonly there: number;
      readonly commits: number;
    }
  | { readonly type: "publish_checked" | "publish_sent"; readonly bytes: number; readonly of_bytes: number }
  | {
      readonly type: "publish_committed";
      readonly commit: number;
      readonly commits: number;
      readonly files: number;
      readonly url: string;
    }
  | { readonly type: "publish_pull_request"; readonly number: number; readonly url: string };

export interface PublishResult {
  readonly repository: string;
  readonly branch: string;
  /** Absent in a dry run without a token: the Hub was not asked what it has. */
  readonly url?: string;
  readonly dry_run: boolean;
  readonly created: boolean;
  /** The card is not among them. */
  readonly files: readonly {
    readonly path: string;
    readonly size_bytes: number;
    readonly sha256: string;
    readonly was_there: boolean;
  }[];
  readonly card: "unchanged" | "written" | "left_out";
  readonly deleted: readonly string[];
  /** Shards of the same splits that stay there and that the card does not name. */
  readonly stale: readonly string[];
  /** Without `oid` and `url` in a dry run. */
  readonly commits: readonly {
    readonly files: number;
    readonly size_bytes: number;
    readonly oid?: string;
    readonly url?: string;
  }[];
  /** Bytes of large files that storage did not have. */
  readonly uploaded_bytes: number;
  readonly warnings: readonly string[];
  readonly pull_request?: { readonly number: number; readonly url: string };
}

/** Throws RecipeError `flag/hub-repository`, `flag/publish-branch`. */
export function addressOf({ to, branch, pull_request = false }: PublishOptions): HubRepository["address"] {
  const said = parseHubRepository(to);
  const address = branch === undefined || said.revision !== "main" ? said : { ...said, revision: branch };
  const wrong = (what: string, fix: string): RecipeError => new RecipeError({ code: "flag/publish-branch", what, fix });
  if (branch !== undefined && address.revision !== branch) {
    throw wrong(`--to names the branch ${said.revision} and --branch ${branch}`, "name one of them");
  }
  if (/^[0-9a-f]{40}$/.test(address.revision)) {
    throw wrong(`${address.revision} is a commit, and a commit cannot be added to`, "name a branch, or none for main");
  }
  if (pull_request && address.revision.startsWith("refs/pr/")) {
    throw wrong(`${address.revision} is a pull request already`, "leave --pr out to go on in it");
  }
  return address;
}

/** Undefined where nothing can be asked, and nothing needs to be. Throws RecipeError `flag/hub-token`, `flag/hub-endpoint`. */
export function environmentOf({ environment, dry_run = false }: PublishOptions): IoEnvironment | undefined {
  const token = environment?.hubToken ?? process.env.HF_TOKEN?.trim();
  if (!token) {
    if (dry_run) return undefined;
    throw new RecipeError({
      code: "flag/hub-token",
      what: "HF_TOKEN is not set",
      why: "only whoever may write to a repository can publish there; tokens are taken from nowhere else",
      fix: "set it to a token that may write, or see with --dry-run what would be sent",
    });
  }
  if (/[^\x21-\x7e]/.test(token)) {
    throw new RecipeError({
      code: "flag/hub-token",
      what: "HF_TOKEN holds blanks or signs that no token has",
      fix: "copy the token again, without what stands around it",
    });
  }
  const own = environment ?? createIoEnvironment({ hubToken: token });
  checkHubAddress(own);
  return own;
}
