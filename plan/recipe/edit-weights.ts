/**
 * Writes the weights of a training stage into the text of a recipe, and nothing else: what stands around them stays as it is, comments too.
 *
 * A map of shares keeps its lines where its sources stay; one of groups, a rule, `amounts` or `repeat` becomes a map of shares. A stage that is
 * not there is added after the last, with that one's budget and window. Invariant: the edited text is the given one outside the stage's weights.
 * Price: one parse.
 */
import { isMap, isScalar, isSeq, type Node, type Pair, parseDocument, type YAMLMap } from "yaml";
import { RecipeError } from "../../batch/errors.ts";

interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

export interface StageWeights {
  readonly stage: string;
  /** Share of tokens by source; sources with 0 are left out. */
  readonly weights: Readonly<Record<string, number>>;
}

/** `name` is the recipe's in messages. Throws RecipeError `recipe/not-editable`. */
export function withStageWeights(text: string, name: string, { stage, weights }: StageWeights): string {
  const refuse = (what: string, fix: string): RecipeError =>
    new RecipeError({ code: "recipe/not-editable", what: `${name}: ${what}`, fix });
  const document = parseDocument(text);
  const stages = document.errors.length === 0 ? document.get("training_stages") : undefined;
  if (!isSeq(stages)) throw refuse("no list of training stages is in it", "write `training_stages:` as a list");
  const read = Object.entries(weights).filter(([, weight]) => weight > 0);
  const maps = stages.items.filter(isMap);
  const found = maps.find((item) => item.get("name") === stage);
  const splices = found === undefined ? added(stage, read, maps, text, refuse) : changed(found, read, text, refuse);
  return splices
    .toSorted((a, b) => b.from - a.from)
    .reduce((edited, { from, to, text: own }) => edited.slice(0, from) + own + edited.slice(to), text);
}

type Weights = readonly (readonly [string, number])[];
type Refuse = (what: string, fix: string) => RecipeError;

function changed(item: YAMLMap, weights: Weights, text: string, refuse: Refuse): readonly Splice[] {
  const pair = pairOf(item, "weights");
  if (pair !== undefined) {
    const value = nodeOf(pair.value);
    if (isMap(value) && isFlat(value)) return flatSplices(value, weights, text);
    if (value !== undefined) return [{ ...rangeOf(value), text: flowMap(weights) }];
  }
  const other = pairOf(item, "amounts") ?? pairOf(item, "repeat");
  const key = nodeOf(other?.key);
  const value = nodeOf(other?.value);
  if (key !== undefined && value !== undefined) {
    if (item.has("tokens")) {
      return [
        { ...rangeOf(key), text: "weights" },
        { ...rangeOf(value), text: flowMap(weights) },
      ];
    }
    throw refuse(
      "the stage's budget is the sum of its `amounts`",
      "give it `tokens:`, and take the amounts as weights",
    );
  }
  const first = nodeOf(pairOf(item, "name")?.value);
  if (first === undefined) throw refuse("the stage has no name of its own", "write its `name:`");
  const { from, to } = rangeOf(first);
  const start = item.range?.[0] ?? from;
  const isInLine = item.flow === true;
  return [
    { from: to, to, text: `${isInLine ? ", " : `\n${" ".repeat(columnOf(text, start))}`}weights: ${flowMap(weights)}` },
  ];
}

/** Whether a map gives plain numbers alone. */
function isFlat(map: YAMLMap): boolean {
  return map.items.every(({ key, value }) => isScalar(key) && isScalar(value) && typeof value.value === "number");
}

/** Values changed where they stand; lines of sources that lost their weight go, and new ones follow the last. */
function flatSplices(map: YAMLMap, weights: Weights, text: string): readonly Splice[] {
  const wanted = new Map(weights);
  const pairs = map.items.flatMap(({ key, value }) => {
    const [name, number] = [nodeOf(key), nodeOf(value)];
    return name !== undefined && number !== undefined
      ? [{ name, number, source: String(isScalar(name) ? name.value : "") }]
      : [];
  });
  const known = new Set(pairs.map(({ source }) => source));
  const isSame = known.size === wanted.size && [...wanted.keys()].every((source) => known.has(source));
  if (!isSame && map.flow === true) return [{ ...rangeOf(map), text: flowMap(weights) }];
  // Every line would go, and the first new one has none to follow.
  if (![...wanted.keys()].some((source) => known.has(source))) return [{ ...rangeOf(map), text: flowMap(weights) }];
  const splices = pairs.map(({ name, number, source }): Splice => {
    const weight = wanted.get(source);
    if (weight !== undefined) return { ...rangeOf(number), text: String(weight) };
    const from = lineStart(text, rangeOf(name).from);
    return { from, to: lineEnd(text, rangeOf(number).to), text: "" };
  });
  const last = pairs.findLast(({ source }) => wanted.has(source));
  const missing = weights.filter(([source]) => !known.has(source));
  if (last !== undefined && missing.length > 0) {
    const indent = " ".repeat(columnOf(text, rangeOf(last.name).from));
    const at = lineEnd(text, rangeOf(last.number).to);
    const newline = text[at - 1] === "\n" ? "" : "\n";
    splices.push({
      from: at,
      to: at,
      text: newline + missing.map(([source, weight]) => `${indent}${source}: ${weight}\n`).join(""),
    });
  }
  return splices;
}

function added(
  stage: string,
  weights: Weights,
  maps: readonly YAMLMap[],
  text: string,
  refuse: Refuse,
): readonly Splice[] {
  const last = maps.at(-1);
  const model = maps.findLast((item) => item.has("sequence_length") && item.has("tokens"));
  const names = maps.map((item) => String(item.get("name"))).join(", ");
  if (last?.range === undefined || last.range === null || model === undefined) {
    throw refuse(`there is no training stage ${stage}`, names === "" ? "write the stage first" : `there are: ${names}`);
  }
  const own = ["tokens", "sequence_length", "pack"].flatMap((key) => {
    const value = nodeOf(pairOf(model, key)?.value);
    return value === undefined ? [] : [`${key}: ${text.slice(rangeOf(value).from, rangeOf(value).to)}`];
  });
  const entry = `{ name: ${stage}, ${own.join(", ")}, weights: ${flowMap(weights)} }`;
  const at = lineEnd(text, last.range[1]);
  const start = text.slice(lineStart(text, last.range[0]), last.range[0]);
  if (!/^\s*- *$/.test(start))
    throw refuse("its training stages are written in one line", `add a stage ${stage} by hand`);
  const newline = text[at - 1] === "\n" ? "" : "\n";
  return [{ from: at, to: at, text: `${newline}${start}${entry}\n` }];
}

function flowMap(weights: Weights): string {
  return `{ ${weights.map(([source, weight]) => `${source}: ${weight}`).join(", ")} }`;
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}

function nodeOf(value: unknown): Node | undefined {
  return typeof value === "object" && value !== null && "range" in value ? (value as Node) : undefined;
}

/** A node's text, without what follows it. */
function rangeOf({ range }: Node): { readonly from: number; readonly to: number } {
  if (range === undefined || range === null) throw new Error("a node that was parsed has no range");
  return { from: range[0], to: range[1] };
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

/** Behind the line break. */
function lineEnd(text: string, at: number): number {
  // What ends a block may be the start of the next line already.
  if (text[at - 1] === "\n") return at;
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end + 1;
}

function columnOf(text: string, at: number): number {
  return at - lineStart(text, at);
}
