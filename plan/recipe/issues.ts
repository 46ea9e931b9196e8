/**
 * zod's issues in the project's words: what is wrong, why it matters, what to do.
 *
 * Invariant: every kind of issue ends in a finding with a code of its own kind; texts name the user's key, never zod's.
 */

import type { z } from "zod";
import { ownOf } from "../../batch/entry.ts";
import { didYouMean, suggest } from "../../batch/suggest.ts";
import type { Finding, Path } from "./diagnostics.ts";
import { NAME_PATTERN } from "./shapes.ts";

type Issue = z.core.$ZodIssue;

/** What is being checked: the thing's name in a sentence, and keys that are known beside those of the schema. */
export interface Subject {
  /** With its article: `a source`, `filter/gopher-quality`. */
  readonly name: string;
  readonly otherKeys?: readonly string[];
}

/** Keys people look for in the wrong place, by the end of the path: an answer better than a near word. */
const MISPLACED = new Map([
  ["weight", "weights stand in a training stage, by source name: `weights: { NAME: 0.3 }`"],
  ["stages", "stages stand in a list under `pipelines`, training stages under `training_stages`"],
  ["workers", "a recipe holds only what changes output bytes: use the flag `--workers`"],
  ["memory", "a recipe holds only what changes output bytes: use the flag `--memory`"],
  ["output", "a recipe holds only what changes output bytes: where output goes is a flag"],
]);

/** Checks `value` and adds what is wrong to `findings`; `path` is where it sits in the recipe. */
export function check<S extends z.ZodType>(
  schema: S,
  value: unknown,
  path: Path,
  subject: Subject,
  findings: Finding[],
): z.output<S> | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const known = [...keysAt(schema, []), ...(subject.otherKeys ?? [])];
  const extra =
    typeof value === "object" && value !== null ? Object.keys(value).filter((key) => !known.includes(key)) : [];
  const reported = new Set(
    result.error.issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : [])),
  );
  for (const issue of result.error.issues) {
    const missing = issue.path.length === 1 && at(value, issue.path) === undefined;
    // A misspelt key is also a missing one: say it once, as misspelt.
    const misspelt = missing ? extra.find((key) => suggest(key, [String(issue.path[0])]) !== undefined) : undefined;
    if (misspelt === undefined) findings.push(...translate(issue, schema, value, path, subject));
    else if (!reported.has(misspelt)) findings.push(unknownKey(subject.name, misspelt, known, [...path, misspelt]));
  }
  return undefined;
}

function translate(issue: Issue, schema: z.ZodType, root: unknown, base: Path, subject: Subject): Finding[] {
  const inner = issue.path.filter((part): part is string | number => typeof part !== "symbol");
  const path = [...base, ...inner];
  const value = at(root, inner);
  const name = inner.length > 0 ? label(path) : subject.name;
  if (value === undefined && path.length > 0 && issue.code.startsWith("invalid_")) {
    const what = `${inner.length === 0 ? "a recipe" : subject.name} needs ${label(path)}`;
    return [{ path, code: "recipe/missing-key", what, fix: `add \`${path.at(-1)}: …\`` }];
  }
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = [...keysAt(schema, inner), ...(inner.length === 0 ? (subject.otherKeys ?? []) : [])];
      return issue.keys.map((key) => unknownKey(name, key, known, [...path, key]));
    }
    case "invalid_type":
      return [wrongType(path, name, [expectation(issue)], value)];
    case "invalid_union": {
      const deeper = issue.errors.find((errors) => errors.every((one) => one.path.length > 0));
      if (deeper !== undefined) {
        return deeper.flatMap((one) =>
          translate({ ...one, path: [...issue.path, ...one.path] } as Issue, schema, root, base, subject),
        );
      }
      const shallow = issue.errors.flat();
      const failed = shallow.filter((one) => one.code !== "invalid_type");
      if (failed.length > 0) {
        return translate({ ...failed[0], path: issue.path } as Issue, schema, root, base, subject);
      }
      if (shallow.length > 0) return [wrongType(path, name, [...new Set(shallow.map(expectation))], value)];
      break;
    }
    case "invalid_value": {
      const values = issue.values.map(String);
      const fix = values.length === 1 ? `write \`${values[0]}\`` : didYouMean(String(value), values);
      return [{ path, code: "recipe/bad-value", what: `${name} cannot be ${show(value)}`, fix }];
    }
    case "too_small":
    case "too_big":
      return [{ path, code: "recipe/out-of-range", ...bound(issue, name, value) }];
    case "invalid_key":
      if (issue.issues.some(isBadName)) return [badName(path, String(inner.at(-1)), "key")];
      break;
    case "invalid_format":
      if (isBadName(issue)) return [badName(path, String(value), "value")];
      break;
    case "custom":
      if (issue.params?.code === "recipe/bad-size") {
        const fix = "a whole number of tokens, or a figure with K, M, B or T: `4096`, `250K`, `1.5M`, `8B`";
        return [{ path, code: "recipe/bad-size", what: `${name}: ${show(value)} ${issue.message}`, fix }];
      }
      break;
  }
  return [{ path, code: "recipe/bad-value", what: `${name}: ${issue.message}` }];
}

function isBadName(issue: Issue): boolean {
  return issue.code === "invalid_format" && issue.pattern === String(NAME_PATTERN);
}

/** A key nobody reads: named, with what it may have been meant to be. */
export function unknownKey(owner: string, key: string, known: readonly string[], path: Path): Finding {
  const moved = suggest(key, known) === undefined ? MISPLACED.get(key) : undefined;
  return {
    code: "recipe/unknown-key",
    what: `${owner} has no key \`${key}\``,
    why: "a key that nothing reads would be a setting you only believe to have made",
    fix: moved ?? didYouMean(key, known),
    path,
    part: "key",
  };
}

/** A name that could not be part of a file name. */
export function badName(path: Path, name: string, part: "key" | "value"): Finding {
  return {
    code: "recipe/bad-name",
    what: `${name === "" ? "an empty text" : `\`${name}\``} cannot be a name`,
    why: "names become file names and parts of row addresses",
    fix: "start with a letter or digit; go on with letters, digits, `-`, `_` and `.`",
    path,
    part,
  };
}

/** "must be X or Y, it is Z". */
export function wrongType(path: Path, name: string, expected: readonly string[], value: unknown): Finding {
  const what = `${name} must be ${expected.join(" or ")}, not ${kindOf(value)}`;
  const unquoted = expected.includes("a text") && (typeof value === "number" || typeof value === "boolean");
  return { code: "recipe/wrong-type", what, ...(unquoted ? { fix: `quote it: \`"${value}"\`` } : {}), path };
}

function bound(issue: Extract<Issue, { code: "too_small" | "too_big" }>, name: string, value: unknown) {
  const small = issue.code === "too_small";
  const limit = small ? issue.minimum : issue.maximum;
  if (issue.origin === "string" || issue.origin === "array" || issue.origin === "set") {
    const unit = issue.origin === "string" ? "characters" : "entries";
    if (small && Number(limit) === 1) return { what: `${name} is empty`, fix: `give at least one of its ${unit}` };
    return { what: `${name} must have ${small ? "at least" : "at most"} ${limit} ${unit}` };
  }
  const relation = `${small ? "greater" : "less"} than${issue.inclusive === false ? "" : " or equal to"} ${limit}`;
  return { what: `${name} must be ${relation}, it is ${show(value)}` };
}

function expectation(issue: Issue): string {
  if (issue.code !== "invalid_type") return "something else";
  const words: Readonly<Record<string, string>> = {
    string: "a text",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
    array: "a list",
    object: "a mapping",
    record: "a mapping",
    tuple: "a list",
    null: "empty",
  };
  return words[issue.expected] ?? issue.expected;
}

/** What a value is, for "not …". */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return typeof value === "string" ? `the text ${show(value)}` : show(value);
}

function show(value: unknown): string {
  if (typeof value === "object" || value === undefined) return kindOf(value);
  const text = typeof value === "string" ? `\`${value}\`` : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function label(path: Path): string {
  const last = path.at(-1);
  if (path.at(-2) === "weights") return `the weight of \`${last}\``;
  if (typeof last !== "number") return `\`${last}\``;
  return `entry ${last + 1} of \`${path.findLast((part) => typeof part === "string") ?? "the recipe"}\``;
}

function at(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.hasOwn(value, part) ? Reflect.get(value, part) : undefined;
  }
  return value;
}

/** The keys a schema knows at `path`: walks objects, lists and records, through defaults and optionals. */
function keysAt(schema: z.ZodType, path: Path): string[] {
  const target = path.reduce<z.core.$ZodType | undefined>((node, step) => childSchema(node, step), schema);
  const object = unwrap(target);
  return object?._zod.def.type === "object" ? Object.keys((object._zod.def as z.core.$ZodObjectDef).shape) : [];
}

function childSchema(node: z.core.$ZodType | undefined, step: string | number): z.core.$ZodType | undefined {
  const known = unwrap(node);
  switch (known?._zod.def.type) {
    case "object":
      return ownOf((known._zod.def as z.core.$ZodObjectDef).shape, String(step));
    case "array":
      return (known._zod.def as z.core.$ZodArrayDef).element;
    case "record":
      return (known._zod.def as z.core.$ZodRecordDef).valueType;
    default:
      return undefined;
  }
}

function unwrap(node: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  let current = node;
  for (;;) {
    switch (current?._zod.def.type) {
      case "optional":
      case "default":
      case "prefault":
      case "nullable":
        current = (current._zod.def as z.core.$ZodOptionalDef).innerType;
        break;
      case "pipe":
        current = (current._zod.def as z.core.$ZodPipeDef).in;
        break;
      default:
        return current;
    }
  }
}
