/** How files on the Hub are written: `hf://datasets/ORG/NAME@REVISION/PATH` in data sets, `hf://ORG/NAME@REVISION/PATH` in models. */
import { RecipeError } from "../../batch/errors.ts";

export interface HubPath {
  readonly type: "dataset" | "model";
  /** `ORG/NAME`. */
  readonly repo: string;
  readonly revision: string;
  /** A path or glob inside the repository. */
  readonly path: string;
}

const FORM = "hf://datasets/ORG/NAME@REVISION/GLOB";
const MODEL_FORM = "hf://ORG/NAME@REVISION/PATH";
const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** A revision of a repository, and what stands behind it. */
type HubAddress = Omit<HubPath, "path"> & { readonly rest: readonly string[] };

/**
 * Throws RecipeError `recipe/hub-path`. A missing revision is `main`; slashes in a revision are written `%2F`. Text is read from data sets alone:
 * where `models` is not allowed, a path without `datasets/` is taken for a slip.
 */
export function parseHubPath(url: string, models: boolean): HubPath {
  const segments = url.slice("hf://".length).split("/");
  if (segments[0] === "spaces" || segments[0] === "buckets") throw bad(url, `${segments[0]} are not read`, models);
  if (segments[0] !== "datasets" && !models) {
    const why = segments[0] === "models" ? "models are not read" : "it lacks datasets/";
    throw bad(url, `${why}; only datasets are`, models);
  }
  const { rest, ...address } = parseAddress(segments, (why) => bad(url, why, models));
  const path = rest.join("/");
  if (path === "" || path === "/") throw bad(url, "it says no file", models);
  return { ...address, path };
}

/** The repository of a data set, with a branch: `hf://datasets/ORG/NAME@BRANCH`. Throws RecipeError `flag/hub-repository`. */
export function parseHubRepository(url: string): Omit<HubPath, "path"> {
  const fail = (why: string): RecipeError =>
    new RecipeError({
      code: "flag/hub-repository",
      what: `${JSON.stringify(url)} is no repository to publish to: ${why}`,
      fix: "write hf://datasets/ORG/NAME, or hf://datasets/ORG/NAME@BRANCH; slashes in the name of a branch are written %2F",
    });
  if (!url.startsWith("hf://datasets/")) throw fail("only data sets are published");
  const { rest, ...address } = parseAddress(url.slice("hf://".length).replace(/\/$/, "").split("/"), fail);
  if (rest.length > 0) throw fail(`${rest.join("/")} is a path in it, and files get their own`);
  return address;
}

function parseAddress(given: readonly string[], fail: (why: string) => RecipeError): HubAddress {
  const segments = [...given];
  const type = segments[0] === "datasets" ? "dataset" : "model";
  if (segments[0] === "datasets" || segments[0] === "models") segments.shift();
  const org = segments.shift() ?? "";
  const [name = "", ...revisionParts] = (segments.shift() ?? "").split("@");
  let revision = revisionParts.length > 0 ? decoded(revisionParts.join("@"), fail) : "main";
  // The Hub's own references hold slashes, and people write them as they are.
  if (revision === "refs" && (segments[0] === "convert" || segments[0] === "pr")) {
    revision = `refs/${segments.shift()}/${segments.shift()}`;
  }
  if (!SEGMENT.test(org) || !SEGMENT.test(name)) throw fail("the repository is written ORG/NAME");
  if (revision === "" || revision.split("/").some((part) => part === "" || part === ".." || part === ".")) {
    throw fail(`${JSON.stringify(revision)} is no revision`);
  }
  return { type, repo: `${org}/${name}`, revision, rest: segments };
}

function decoded(text: string, fail: (why: string) => RecipeError): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw fail(`${JSON.stringify(text)} is no revision`);
  }
}

export function formatHubPath({ type, repo, revision, path }: HubPath): string {
  return `hf://${repoPath({ type, repo })}@${revision.replaceAll("/", "%2F")}/${path}`;
}

/** Where a repository is, in addresses of the Hub and in ours: models have no prefix. */
export function repoPath({ type, repo }: Pick<HubPath, "type" | "repo">): string {
  return type === "dataset" ? `datasets/${repo}` : repo;
}

function bad(url: string, why: string, models: boolean): RecipeError {
  const example = `write ${FORM}, for example hf://datasets/HuggingFaceFW/fineweb-edu@v1.3.0/sample/10BT/*.parquet`;
  return new RecipeError({
    code: "recipe/hub-path",
    what: `${url} cannot be understood: ${why}`,
    fix: models ? `${example}; or ${MODEL_FORM} for a file of a model` : example,
  });
}
