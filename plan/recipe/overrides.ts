/**
 * `--set path=value`: one value of a recipe replaced from the command line.
 *
 * A path names keys, stages of a pipeline by id and training stages by name: `pipelines.web.gopher-quality.min_words=60`. Names
 * may hold dots, so the longest key that fits is taken. Invariant: the given value is never changed, because YAML aliases
 * share parts of it; containers along the path are copied.
 */
import { parseDocument } from "yaml";
import { RecipeError } from "../../batch/errors.ts";
import { didYouMean } from "../../batch/suggest.ts";
import { flagFrame, type Override } from "./diagnostics.ts";

/** Applies `flags` in order. Throws a RecipeError `recipe/bad-override` for a flag that cannot be followed. */
export function applyOverrides(
  root: unknown,
  flags: readonly string[],
): { readonly value: unknown; readonly overrides: readonly Override[] } {
  let value = root;
  const overrides: Override[] = [];
  for (const flag of flags) {
    const equals = flag.indexOf("=");
    if (equals < 1) throw badFlag(flag, "has no `path=value`", "write it as `--set seed=7`");
    const path: (string | number)[] = [];
    value = setAt(value, flag.slice(0, equals), parseValue(flag, flag.slice(equals + 1)), path, flag);
    overrides.push({ flag, path });
  }
  return { value, overrides };
}

/** The id a stage goes by in its pipeline: its own, or the last part of the stage's name. */
export function stageId(use: unknown): string | undefined {
  if (!isRecord(use)) return undefined;
  if (typeof use.id === "string") return use.id;
  return typeof use.use === "string" ? use.use.slice(use.use.lastIndexOf("/") + 1) : undefined;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function setAt(container: unknown, rest: string, value: unknown, path: (string | number)[], flag: string): unknown {
  const [head = ""] = rest.split(".");
  if (Array.isArray(container)) {
    const names = container.map((item, i) => stageId(item) ?? nameOf(item) ?? String(i));
    const named = longestPrefix(rest, names) ?? longestPrefix(rest, Object.keys(container));
    if (named === undefined) {
      throw badFlag(flag, `finds no \`${head}\` in \`${path.join(".")}\``, didYouMean(head, names));
    }
    const index = names.includes(named) ? names.indexOf(named) : Number(named);
    path.push(index);
    return container.with(index, setRest(container[index], rest.slice(named.length), value, path, flag));
  }
  if (container !== undefined && container !== null && !isRecord(container)) {
    const fix = "set the whole value, `--set PATH={ key: value }`";
    throw badFlag(flag, `goes on below \`${path.join(".")}\`, which holds no keys`, fix);
  }
  const known = container ?? {};
  const key = longestPrefix(rest, Object.keys(known)) ?? head;
  const named = path.length === 1 && (path[0] === "sources" || path[0] === "pipelines");
  // A part of something that is not there can only be a slip; a whole new entry, or a section left to its defaults, can be meant.
  if (named && key !== rest && !Object.hasOwn(known, key)) {
    throw badFlag(flag, `finds no \`${key}\` in \`${path[0]}\``, didYouMean(key, Object.keys(known)));
  }
  path.push(key);
  const inner: unknown = Object.hasOwn(known, key) ? Reflect.get(known, key) : undefined;
  return { ...known, [key]: setRest(inner, rest.slice(key.length), value, path, flag) };
}

function setRest(current: unknown, rest: string, value: unknown, path: (string | number)[], flag: string): unknown {
  return rest === "" ? value : setAt(current, rest.slice(1), value, path, flag);
}

function longestPrefix(rest: string, keys: readonly string[]): string | undefined {
  return keys.filter((key) => rest === key || rest.startsWith(`${key}.`)).sort((a, b) => b.length - a.length)[0];
}

function nameOf(item: unknown): string | undefined {
  return isRecord(item) && typeof item.name === "string" ? item.name : undefined;
}

function parseValue(flag: string, text: string): unknown {
  const document = parseDocument(text);
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem === undefined) return document.toJS();
  throw badFlag(flag, "has a value that is not YAML", "quote it: `--set 'tokenizer.eos=\"<|end|>\"'`");
}

function badFlag(flag: string, what: string, fix: string): RecipeError {
  return new RecipeError({ code: "recipe/bad-override", what: `\`--set\` ${what}`, fix, frame: flagFrame(flag) });
}
