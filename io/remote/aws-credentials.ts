/**
 * Who asks an S3 store: keys from the environment, else from a profile, a container's or an instance's role.
 *
 * The order is that of AWS's own tools. Invariants: keys live in this object and in the headers made of them; a role's keys are fetched again
 * five minutes before they run out. Whoever has none asks as nobody, which public buckets answer. Price: two small files; outside a cloud, where
 * neither has keys, a second of waiting for an instance that is not there, once a thread.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { RunError } from "../../batch/errors.ts";
import type { AwsCredentials } from "../../kernels/sigv4.ts";
import type { Fetch } from "./fetch.ts";

/** Where keys may come from, as plain data. Paths are absolute. */
export interface AwsData {
  /** Of the environment. */
  readonly credentials?: AwsCredentials;
  readonly region?: string;
  /** Where a store that is not AWS's is, without a slash at the end; buckets are the first part of its paths. */
  readonly endpoint?: string;
  readonly profile: string;
  /** The environment names the profile, so one that is not there is an error. */
  readonly profile_is_named: boolean;
  readonly credentials_file: string;
  readonly config_file: string;
  /** Where a container's role has its keys. */
  readonly container?: { readonly url: string; readonly token?: string; readonly token_file?: string };
  /** Where an instance's role has its keys; absent where nobody is to ask. */
  readonly instance?: string;
}

/** What was found. */
export interface AwsIdentity {
  readonly credentials: AwsCredentials | undefined;
  /** Milliseconds since 1970 from which on to ask anew. */
  readonly renew_at?: number;
  /** For messages. */
  readonly origin: string;
  readonly region: string;
  readonly endpoint?: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

const DEFAULT_REGION = "us-east-1";
const CONTAINER_HOST = "http://169.254.170.2";
const INSTANCE_HOST = "http://169.254.169.254";
const INSTANCE_TIMEOUT_MS = 1_000;
const CONTAINER_TIMEOUT_MS = 5_000;
const RENEW_BEFORE_MS = 300_000;
/** How long it stays known that there are no keys. */
const NOBODY_MS = 600_000;

/** Reads the variables that AWS's tools read. What is empty counts as not set. */
export function awsData(variables: Variables): AwsData {
  const get = (name: string): string | undefined => variables[name]?.trim() || undefined;
  const id = get("AWS_ACCESS_KEY_ID");
  const secret = get("AWS_SECRET_ACCESS_KEY");
  const token = get("AWS_SESSION_TOKEN");
  const region = get("AWS_REGION") ?? get("AWS_DEFAULT_REGION");
  const endpoint = get("AWS_ENDPOINT_URL_S3") ?? get("AWS_ENDPOINT_URL");
  const profile = get("AWS_PROFILE");
  const relative = get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const container = relative === undefined ? get("AWS_CONTAINER_CREDENTIALS_FULL_URI") : CONTAINER_HOST + relative;
  const [containerToken, tokenFile] = [
    get("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
    get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
  ];
  const folder = path.join(os.homedir(), ".aws");
  return {
    ...(id !== undefined &&
      secret !== undefined && {
        credentials: { access_key_id: id, secret_access_key: secret, ...(token && { session_token: token }) },
      }),
    ...(region && { region }),
    ...(endpoint && { endpoint: endpoint.replace(/\/+$/, "") }),
    profile: profile ?? "default",
    profile_is_named: profile !== undefined,
    credentials_file: path.resolve(get("AWS_SHARED_CREDENTIALS_FILE") ?? path.join(folder, "credentials")),
    config_file: path.resolve(get("AWS_CONFIG_FILE") ?? path.join(folder, "config")),
    ...(container && {
      container: {
        url: container,
        ...(containerToken && { token: containerToken }),
        ...(tokenFile && { token_file: tokenFile }),
      },
    }),
    ...(get("AWS_EC2_METADATA_DISABLED")?.toLowerCase() !== "true" && {
      instance: (get("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? INSTANCE_HOST).replace(/\/+$/, ""),
    }),
  };
}

/** Looks for keys. Throws RunError `run/aws-credentials` where something that was named does not give them. */
export async function findIdentity(data: AwsData, fetch: Fetch, now: () => number): Promise<AwsIdentity> {
  const profile = readProfile(data);
  const endpoint = data.endpoint ?? profile.endpoint_url?.replace(/\/+$/, "");
  const place = { region: data.region ?? profile.region ?? DEFAULT_REGION, ...(endpoint && { endpoint }) };
  if (data.credentials !== undefined) return { ...place, credentials: data.credentials, origin: "AWS_ACCESS_KEY_ID" };
  const { aws_access_key_id: id, aws_secret_access_key: secret, aws_session_token: token } = profile;
  const origin = `profile ${data.profile}`;
  if (id !== undefined && secret !== undefined) {
    const credentials = { access_key_id: id, secret_access_key: secret, ...(token && { session_token: token }) };
    return { ...place, credentials, origin };
  }
  const foreign = ["credential_process", "sso_session", "sso_start_url", "role_arn"].find((key) => key in profile);
  if (foreign !== undefined) {
    throw unusable(
      `${origin} gets its keys by ${foreign}, which is not read here`,
      `run \`eval "$(aws configure export-credentials --profile ${data.profile} --format env)"\` first`,
    );
  }
  if (data.container !== undefined) return { ...place, ...(await containerRole(data.container, fetch)) };
  if (data.instance !== undefined) {
    const found = await instanceRole(data.instance, fetch);
    if (found !== undefined) return { ...place, ...found };
  }
  return { ...place, credentials: undefined, origin: "nobody", renew_at: now() + NOBODY_MS };
}

/** The keys of a profile, of both files; the credentials file goes first. */
function readProfile(data: AwsData): Readonly<Record<string, string>> {
  const { profile, profile_is_named, credentials_file, config_file } = data;
  const inConfig = profile === "default" ? "default" : `profile ${profile}`;
  const config = sectionOf(config_file, inConfig);
  const keys = sectionOf(credentials_file, profile);
  if (config === undefined && keys === undefined && profile_is_named && data.credentials === undefined) {
    throw unusable(
      `AWS_PROFILE is ${JSON.stringify(profile)}, and neither ${credentials_file} nor ${config_file} has such a profile`,
      "correct the name, or unset AWS_PROFILE",
    );
  }
  return { ...config, ...keys };
}

/** A section of an INI file as AWS writes them; undefined where there is none. */
function sectionOf(file: string, section: string): Record<string, string> | undefined {
  const text = textOf(file);
  if (text === undefined) return undefined;
  let found: Record<string, string> | undefined;
  let isInside = false;
  for (const line of text.split(/\r?\n/)) {
    const head = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1];
    if (head !== undefined) {
      isInside = head.replaceAll(/\s+/g, " ") === section;
      if (isInside) found ??= {};
      continue;
    }
    // Lines that are indented belong to a nested setting, such as `s3 =`.
    const [, key, value] = /^([A-Za-z0-9_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (isInside && found !== undefined && key !== undefined && value) found[key] = value;
  }
  return found;
}

function textOf(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

type Role = Pick<AwsIdentity, "credentials" | "renew_at" | "origin">;

async function containerRole(container: NonNullable<AwsData["container"]>, fetch: Fetch): Promise<Role> {
  const origin = "the container's role";
  const refused = (problem: string): RunError =>
    unusable(`${origin} gives no keys: ${problem}`, "check AWS_CONTAINER_* and the container's role");
  const token = container.token ?? (container.token_file && textOf(container.token_file)?.trim());
  if (container.token_file && token === undefined) throw refused(`${container.token_file} cannot be read`);
  const headers: Record<string, string> = token ? { authorization: token } : {};
  const signal = AbortSignal.timeout(CONTAINER_TIMEOUT_MS);
  const answer = await fetch(container.url, { headers, signal, redirect: "error" }).catch(() => undefined);
  if (answer === undefined) throw refused("no answer");
  if (!answer.ok) throw refused(`HTTP ${answer.status}`);
  return roleOf(await toldBy(answer), origin);
}

/** Version 2 of the instance metadata service; undefined where there is no instance, or one without a role. */
async function instanceRole(host: string, fetch: Fetch): Promise<Role | undefined> {
  const ask = async (where: string, init: RequestInit): Promise<Response | undefined> => {
    try {
      const signal = AbortSignal.timeout(INSTANCE_TIMEOUT_MS);
      const answer = await fetch(`${host}/latest/${where}`, { ...init, signal, redirect: "error" });
      return answer.ok ? answer : undefined;
    } catch {
      return undefined;
    }
  };
  const session = await ask("api/token", {
    method: "PUT",
    headers: { "x-aws-ec2-metadata-token-ttl-seconds": "21600" },
  });
  if (session === undefined) return undefined;
  const headers = { "x-aws-ec2-metadata-token": await session.text() };
  const folder = "meta-data/iam/security-credentials/";
  const name = (await (await ask(folder, { headers }))?.text())?.split("\n")[0]?.trim();
  const answer = name ? await ask(folder + encodeURIComponent(name), { headers }) : undefined;
  return answer && roleOf(await toldBy(answer), `the instance's role ${name}`);
}

/** Nothing where the body is not JSON, or does not come. */
async function toldBy(answer: Response): Promise<Readonly<Record<string, unknown>>> {
  const told: unknown = await answer.json().catch(() => undefined);
  return { ...(told as Readonly<Record<string, unknown>> | null | undefined) };
}

function roleOf(told: Readonly<Record<string, unknown>>, origin: string): Role {
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = told;
  if (typeof AccessKeyId !== "string" || typeof SecretAccessKey !== "string") {
    throw unusable(`${origin} gives no keys`, "check the role");
  }
  const credentials = {
    access_key_id: AccessKeyId,
    secret_access_key: SecretAccessKey,
    ...(typeof Token === "string" && { session_token: Token }),
  };
  const ends = Date.parse(String(Expiration));
  return { credentials, origin, ...(!Number.isNaN(ends) && { renew_at: ends - RENEW_BEFORE_MS }) };
}

function unusable(what: string, fix: string): RunError {
  return new RunError({
    code: "run/aws-credentials",
    what,
    why: "s3:// locations are read and written with AWS's credentials",
    fix,
  });
}
