/**
 * What it means when the Hub says no to something that would change a repository.
 *
 * Invariant: what the Hub says is quoted short, without URLs' queries and without the token, whatever it echoes.
 */
import { RunError, type ShardmillError } from "../../batch/errors.ts";
import type { IoEnvironment } from "../environment.ts";
import type { Answer } from "./fetch.ts";
import type { HubPath } from "./hub-path.ts";
import { redact } from "./redact.ts";

const MAX_QUOTED = 300;

/** What was asked for, and of which repository. */
export interface Asked {
  readonly address: Omit<HubPath, "path">;
  /** As in "the Hub refuses to …". */
  readonly doing: string;
}

/** `said` is the body of the answer. */
export function refusal(status: number, said: string, { address, doing }: Asked, env: IoEnvironment): ShardmillError {
  const { repo } = address;
  const quoted = quote(said, env);
  const because = quoted === "" ? "" : `: ${quoted}`;
  if (status === 401) {
    return new RunError({
      code: "run/hub-access",
      what: `the Hub does not know the token in HF_TOKEN (HTTP 401)${because}`,
      why: "only whoever may write to a repository can publish there",
      fix: `make a token that may write to ${repo} at ${env.hubUrl}/settings/tokens, and set HF_TOKEN to it`,
    });
  }
  if (status === 403) {
    return new RunError({
      code: "run/hub-access",
      what: `the token in HF_TOKEN may not ${doing} (HTTP 403)${because}`,
      why: "only whoever may write to a repository can publish there",
      fix: `give it write access to ${repo} at ${env.hubUrl}/settings/tokens, or open a pull request with --pr`,
    });
  }
  if (status === 404) return missing(address, env, because);
  if (status === 409 || status === 412) return conflict(address, because);
  return new RunError({
    code: "run/hub-refused",
    what: `the Hub refuses to ${doing} (HTTP ${status})${because}`,
    fix: "do what it says, then run the same command again: it goes on where it stopped",
  });
}

export function missing({ repo, revision }: Asked["address"], env: IoEnvironment, because = ""): RunError {
  return new RunError({
    code: "run/hub-missing",
    what: `there is no data set ${repo} with a branch ${revision} that this token may see${because}`,
    fix: `look at ${env.hubUrl}/datasets/${repo}; --create makes what is missing`,
  });
}

export function conflict({ repo, revision }: Asked["address"], because = ""): RunError {
  return new RunError({
    code: "run/hub-conflict",
    what: `others keep committing to ${revision} of ${repo}${because}`,
    why: "a commit is only made on top of what was looked at, so that nobody's work is undone",
    fix: "run the same command again when they are done: nothing is sent twice",
  });
}

/** An answer that makes no sense. */
export function nonsense({ address, doing }: Asked, what: string): RunError {
  return new RunError({
    code: "run/hub-answer",
    what: `the Hub's answer cannot be understood (asked to ${doing}, ${address.repo}): ${redact(what)}`,
  });
}

/** The body of an answer as text; what is longer than an error can be is cut. */
export async function bodyText(answer: Answer): Promise<string> {
  return Buffer.from(await answer.bytes()).toString("utf8");
}

function quote(said: string, { hubToken }: IoEnvironment): string {
  const text = messageIn(said).replaceAll(/\s+/g, " ").trim();
  const safe = redact(hubToken === undefined ? text : text.replaceAll(hubToken, "…"));
  return safe.length > MAX_QUOTED ? `${safe.slice(0, MAX_QUOTED)}…` : safe;
}

function messageIn(said: string): string {
  try {
    const { error, message }: { error?: unknown; message?: unknown } = JSON.parse(said) ?? {};
    return [error, message].find((part) => typeof part === "string") ?? "";
  } catch {
    return said.startsWith("<") ? "" : said;
  }
}
