/**
 * Where models answer: endpoints by the names that recipes give them, with their keys, from flags and the process environment.
 *
 * Invariant: an address or a key is in this data, in requests and nowhere else: no file, plan, journal or message has one. A name may have
 * several addresses, which are used in turns. A flag goes before `SHARDMILL_ENDPOINT_NAME`, that before `OPENAI_BASE_URL`, which is the
 * endpoint `default`.
 */
import { ownOf } from "../../batch/entry.ts";
import { RecipeError } from "../../batch/errors.ts";

/** What crosses to a worker thread. */
export interface EndpointData {
  /** Addresses by name, as flags gave them. */
  readonly given: Readonly<Record<string, readonly string[]>>;
  /** The variables that tell of endpoints. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface Endpoint {
  readonly name: string;
  /** Of the chat completions themselves. */
  readonly urls: readonly URL[];
  readonly key: string | undefined;
}

/** The endpoint that a stage asks unless its recipe names another. */
export const DEFAULT_ENDPOINT = "default";
export const ENDPOINT_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

const VARIABLES = /^(SHARDMILL_ENDPOINT_[A-Z0-9_]+|SHARDMILL_API_KEY(_[A-Z0-9_]+)?|OPENAI_API_KEY|OPENAI_BASE_URL)$/;
const PATH = "/chat/completions";

/**
 * Reads `NAME=URL` flags and the environment. Throws RecipeError `flag/endpoint` for what is none; the message does not repeat the address.
 */
export function endpointData(
  flags: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): EndpointData {
  const given = new Map<string, string[]>();
  for (const flag of flags) {
    const equals = flag.indexOf("=");
    const name = flag.slice(0, Math.max(0, equals));
    if (!ENDPOINT_NAME.test(name)) throw badEndpoint("--endpoint", "is not NAME=URL");
    const url = checkedUrl(flag.slice(equals + 1), `--endpoint ${name}`).href;
    given.set(name, [...(given.get(name) ?? []), url]);
  }
  const variables = Object.entries(environment).flatMap(([name, value]) =>
    VARIABLES.test(name) && value?.trim() ? [[name, value.trim()] as const] : [],
  );
  return { given: Object.fromEntries(given), variables: Object.fromEntries(variables) };
}

/** The endpoint of a name, undefined where nobody has said where it is. Throws RecipeError `flag/endpoint` for a variable that holds no address. */
export function findEndpoint({ given, variables }: EndpointData, name: string): Endpoint | undefined {
  const suffix = variableSuffix(name);
  const key = variables[`SHARDMILL_API_KEY_${suffix}`] ?? variables.SHARDMILL_API_KEY ?? variables.OPENAI_API_KEY;
  const variable = `SHARDMILL_ENDPOINT_${suffix}`;
  const fromVariable = variables[variable]?.split(/[\s,]+/) ?? [];
  const fallback = name === DEFAULT_ENDPOINT ? variables.OPENAI_BASE_URL : undefined;
  const flags = ownOf(given, name);
  const urls = flags
    ? flags.map((url) => new URL(url))
    : fromVariable.length > 0
      ? fromVariable.map((url) => checkedUrl(url, variable))
      : fallback === undefined
        ? []
        : [checkedUrl(fallback, "OPENAI_BASE_URL")];
  return urls.length === 0 ? undefined : { name, urls, key };
}

/** How variables spell a name. */
export function variableSuffix(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}

/** The address of chat completions below a server's base: `http://host:8000/v1`. */
function checkedUrl(text: string, origin: string): URL {
  if (!URL.canParse(text)) throw badEndpoint(origin, "holds no URL");
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw badEndpoint(origin, "holds no http:// or https:// URL");
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw badEndpoint(origin, "has user information, a query or a fragment in its URL");
  // A path that is empty reads as `/`.
  const base = url.pathname.replace(/\/+$/, "");
  url.pathname = base.endsWith(PATH) ? base : base + PATH;
  return url;
}

function badEndpoint(origin: string, problem: string): RecipeError {
  return new RecipeError({
    code: "flag/endpoint",
    what: `${origin} ${problem}`,
    why: "stages that ask a model need the base address of its server; its key comes from the environment",
    fix: "write it as --endpoint qwen=http://localhost:8000/v1, and a key as SHARDMILL_API_KEY_QWEN",
  });
}
