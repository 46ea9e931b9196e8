/**
 * What is wrong with a recipe, and where: findings, code frames, the error that carries them all.
 *
 * Owns the mapping from a path in the recipe's value (`sources.dclm.from`) to a place a person can look at: a range of the YAML
 * text, a `--set` flag, or the path itself for recipes made in code. Invariant: all findings are reported at once, in the
 * order of the text; only a syntax error is reported alone, because what follows it is noise.
 */
import { isAlias, isMap, isNode, isScalar, isSeq, type LineCounter, type Node, type Pair, type ParsedNode } from "yaml";
import { type ErrorDetails, formatError, formatPlace, type Place, RecipeError } from "../../batch/errors.ts";

/** Where a value sits in a recipe: mapping keys and list positions from the top. */
export type Path = readonly (string | number)[];

/** One thing that is wrong. `part` says whether its key or its value is to be shown. */
export interface Finding extends Omit<ErrorDetails, "place" | "frame"> {
  readonly path: Path;
  readonly part?: "key" | "value";
}

/** Every problem of a recipe: `issues` one by one, `message` all of them as text. */
export class RecipeErrors extends RecipeError {
  readonly issues: readonly RecipeError[];

  constructor(name: string, issues: readonly RecipeError[]) {
    const [only] = issues.length === 1 ? issues : [];
    super(only?.details ?? summary(name, issues));
    this.issues = issues;
  }
}

function summary(name: string, issues: readonly RecipeError[]): ErrorDetails {
  const blocks = issues.map((issue) => `\n${formatError(issue.details)}`);
  return {
    code: "recipe/invalid",
    what: `${name} has ${issues.length} problems`,
    frame: blocks.join("\n"),
  };
}

function keyOf({ details }: RecipeError): string {
  return JSON.stringify([details.code, details.what, details.place, details.frame]);
}

/** A `--set path=value` flag, resolved against the recipe: it took the place of what the file says at `path`. */
export interface Override {
  readonly flag: string;
  readonly path: Path;
}

/** The text a recipe came from; `contents` is the root of its YAML document. */
export interface RecipeText {
  readonly file: string;
  readonly text: string;
  readonly lines: LineCounter;
  readonly contents: ParsedNode | null;
}

/** Finds the place of a path and draws it. */
export class Locator {
  readonly name: string;
  readonly #source: RecipeText | undefined;
  readonly #overrides: readonly Override[];

  constructor(name: string, source: RecipeText | undefined, overrides: readonly Override[]) {
    this.name = name;
    this.#source = source;
    this.#overrides = overrides;
  }

  /** The position of the value at `path` in the recipe's file, where it has one. */
  place(path: Path): Place | undefined {
    if (this.#source === undefined || this.#override(path) !== undefined) return undefined;
    return placeAt(this.#source, rangeOf(this.#source, path, "value")[0]);
  }

  error(finding: Finding): RecipeError {
    const { path, part = "value", ...details } = finding;
    const override = this.#override(path);
    if (override !== undefined) {
      const isKey = part === "key" && path.length === override.path.length;
      return new RecipeError({ ...details, frame: flagFrame(override.flag, isKey ? String(path.at(-1)) : undefined) });
    }
    if (this.#source === undefined) {
      return new RecipeError(path.length === 0 ? details : { ...details, frame: `  at: ${formatPath(path)}` });
    }
    const [start, end] = rangeOf(this.#source, path, part);
    return new RecipeError({
      ...details,
      place: placeAt(this.#source, start),
      frame: codeFrame(this.#source, start, end),
    });
  }

  /** Throws every finding, in the order of the text; does nothing when there is none. */
  throwAll(findings: readonly Finding[]): void {
    if (findings.length === 0) return;
    const errors = findings.map((finding) => this.error(finding));
    // What stands behind an alias is looked at wherever the alias is, and is wrong in one place.
    const issues = [...new Map(errors.map((error) => [keyOf(error), error])).values()];
    throw new RecipeErrors(this.name, issues.toSorted(byPlace));
  }

  #override(path: Path): Override | undefined {
    return this.#overrides.findLast((override) => override.path.every((part, i) => part === path[i]));
  }
}

function byPlace(a: RecipeError, b: RecipeError): number {
  const [left, right] = [a.details.place, b.details.place];
  if (left === undefined || right === undefined) return (left ? 0 : 1) - (right ? 0 : 1);
  if (!("file" in left) || !("file" in right)) return 0;
  return left.line - right.line || left.column - right.column;
}

/** `training_stages[0].weights.dclm`. */
function formatPath(path: Path): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join("");
}

/** The frame of a flag: its value underlined, or `key` where that ends the flag's path. */
export function flagFrame(flag: string, key?: string): string {
  const equals = flag.indexOf("=");
  const [start, end] = key === undefined ? [equals + 1, flag.length] : [equals - key.length, equals];
  return draw("--set", flag, start, end);
}

/** Where in the file `offset` is; lines and columns start at 1, columns count UTF-16 units. */
export function placeAt(source: RecipeText, offset: number): Extract<Place, { file: string }> {
  const { line, col } = source.lines.linePos(offset);
  return { file: source.file, line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** The line of `start` with what lies up to `end` underlined. */
export function codeFrame(source: RecipeText, start: number, end: number): string {
  const place = placeAt(source, start);
  const lineStart = source.text.lastIndexOf("\n", start - 1) + 1;
  const newline = source.text.indexOf("\n", start);
  const line = source.text.slice(lineStart, newline === -1 ? undefined : newline).replace(/\r$/, "");
  return draw(formatPlace(place), line, start - lineStart, Math.min(end - lineStart, line.length));
}

const FRAME_WIDTH = 120;

function draw(label: string, line: string, start: number, end: number): string {
  const cut = start > FRAME_WIDTH ? start - FRAME_WIDTH / 2 : 0;
  const head = cut > 0 ? "…" : "";
  const shown = line.slice(cut, cut + FRAME_WIDTH);
  const tail = cut + FRAME_WIDTH < line.length ? "…" : "";
  const pad = head.replace("…", " ") + Array.from(line.slice(cut, start), (c) => (c === "\t" ? c : " ")).join("");
  const width = Math.max(1, [...line.slice(start, Math.min(end, cut + FRAME_WIDTH))].length);
  const gutter = `  ${" ".repeat(label.length)} │ `;
  return `  ${label} │ ${head}${shown}${tail}\n${gutter}${pad}${"^".repeat(width)}`;
}

type Span = readonly [start: number, end: number];

/** The range of a path's key or value; of its nearest existing parent where the path is not in the text. */
function rangeOf(source: RecipeText, path: Path, part: "key" | "value"): Span {
  let node: unknown = source.contents;
  let best: Span = spanOf(node) ?? [0, 1];
  for (const [depth, step] of path.entries()) {
    const child = childOf(resolve(node, source), step, source);
    if (child === undefined) break;
    node = child.value;
    const key = spanOf(child.key);
    const value = spanOf(node);
    const wantsKey = (part === "key" && depth === path.length - 1) || !isScalar(node) || value?.[0] === value?.[1];
    best = (wantsKey ? (key ?? value) : (value ?? key)) ?? best;
  }
  return best;
}

interface Child {
  readonly key?: unknown;
  readonly value: unknown;
}

function childOf(node: unknown, step: string | number, source: RecipeText): Child | undefined {
  if (isSeq(node)) return typeof step === "number" ? { value: node.items[step] } : undefined;
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => keyText(item) === String(step));
  if (pair !== undefined) return pair;
  const merged = node.items.filter((item) => keyText(item) === "<<").map((item) => resolve(item.value, source));
  for (const base of merged.flatMap((value) => (isSeq(value) ? value.items : [value]))) {
    const child = childOf(resolve(base, source), step, source);
    if (child !== undefined) return child;
  }
  return undefined;
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : "";
}

/** Follows an alias to its anchor: the last node before it that carries the name. */
function resolve(node: unknown, source: RecipeText): unknown {
  if (!isAlias(node)) return node;
  let target: Node | undefined;
  const before = node.range?.[0] ?? Number.POSITIVE_INFINITY;
  const visit = (candidate: unknown): void => {
    if (!isNode(candidate) || isAlias(candidate)) return;
    const start = candidate.range?.[0] ?? 0;
    if (candidate.anchor === node.source && start < before) target = candidate;
    if (isSeq(candidate)) candidate.items.forEach(visit);
    if (isMap(candidate)) for (const pair of candidate.items) visit(pair.value);
  };
  visit(source.contents);
  return target;
}

/** A scalar's own text; of a collection only its first key or item, because a frame shows one line. */
function spanOf(node: unknown): Span | undefined {
  if (!isNode(node) || node.range == null) return undefined;
  if (isMap(node) && node.items[0] !== undefined && !node.flow) return spanOf(node.items[0].key);
  if (isSeq(node) && node.items.length > 0 && !node.flow) return spanOf(node.items[0]);
  return [node.range[0], node.range[1]];
}
