/** How files on the Hub are written: `hf://datasets/ORG/NAME@REVISION/PATH`. */
import { RecipeError } from "../../batch/errors.ts";

export interface HubPath {
  /** `ORG/NAME`. */
  readonly repo: string;
  readonly revision: string;
  /** A path or glob inside the repository. */
  readonly path: string;
}

const FORM = "hf://datasets/ORG/NAME@REVISION/GLOB";
const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Throws RecipeError `recipe/hub-path`. A missing revision is `main`; slashes in a revision are written `%2F`. */
export function parseHubPath(url: string): HubPath {
  const segments = url.slice("hf://".length).split("/");
  const kind = segments.shift();
  if (kind !== "datasets") {
    const model =
      kind === "models" || kind === "spaces" || kind === "buckets" ? `${kind} are not read` : `it lacks datasets/`;
    throw bad(url, `${model}; only datasets are`);
  }
  const org = segments.shift() ?? "";
  const [name = "", ...revisionParts] = (segments.shift() ?? "").split("@");
  let revision = revisionParts.length > 0 ? decodeURIComponent(revisionParts.join("@")) : "main";
  // The Hub's own references hold slashes, and people write them as they are.
  if (revision === "refs" && (segments[0] === "convert" || segments[0] === "pr")) {
    revision = `refs/${segments.shift()}/${segments.shift()}`;
  }
  if (!SEGMENT.test(org) || !SEGMENT.test(name)) throw bad(url, "the repository is written ORG/NAME");
  if (revision === "" || revision.split("/").some((part) => part === "" || part === ".." || part === ".")) {
    throw bad(url, `${JSON.stringify(revision)} is no revision`);
  }
  const path = segments.join("/");
  if (path === "" || path === "/") throw bad(url, "it says no file");
  return { repo: `${org}/${name}`, revision, path };
}

export function formatHubPath({ repo, revision, path }: HubPath): string {
  return `hf://datasets/${repo}@${revision.replaceAll("/", "%2F")}/${path}`;
}

function bad(url: string, why: string): RecipeError {
  return new RecipeError({
    code: "recipe/hub-path",
    what: `${url} cannot be understood: ${why}`,
    fix: `write ${FORM}, for example hf://datasets/HuggingFaceFW/fineweb-edu@v1.3.0/sample/10BT/*.parquet`,
  });
}
