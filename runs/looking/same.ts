/**
 * Whether two runs came to the same: root by root, and where they part, the first difference and its cause.
 *
 * Invariant: reads manifests alone while roots are equal. Where a token store differs, its first file that does is compared with the
 * other's, a MiB at a time, to the document that differs first.
 */
import fs from "node:fs";
import { ShardmillError } from "../../batch/errors.ts";
import { readPart } from "../../io/local/read-part.ts";
import { companions, decodeEnds } from "../../store/token-file.ts";
import { ingestChanges, runChanges } from "../changes.ts";
import type { OpenRun } from "../status.ts";
import { type Leaf, type PartKind, type RunPart, rootOfParts, runParts, storePath } from "./roots.ts";
import { addressOfRow, StoreRows } from "./store-rows.ts";

export interface ComparedPart {
  readonly kind: PartKind;
  readonly name: string;
  /** Roots of both runs; absent where a run has no such part. */
  readonly roots: readonly [string | undefined, string | undefined];
  readonly same: boolean;
}

export interface FirstDifference {
  readonly part: string;
  /** The file, or the fact of a mixture, that differs first. */
  readonly leaf?: string;
  readonly values?: readonly [string | undefined, string | undefined];
  /** Of a token store: the byte that differs first, and the rows that lie there. */
  readonly byte?: number;
  readonly documents?: readonly [string | undefined, string | undefined];
  /** What differs between the plans, most telling first; else what an equal plan means. */
  readonly cause: readonly string[];
}

export interface Comparison {
  readonly same: boolean;
  /** Of all parts together. */
  readonly roots: readonly [string, string];
  readonly parts: readonly ComparedPart[];
  readonly difference?: FirstDifference;
}

/** Throws RunError `run/not-a-run` where one of them is not finished. */
export async function compareRuns(one: OpenRun, other: OpenRun): Promise<Comparison> {
  const [left, right] = [await runParts(one), await runParts(other)];
  const keys = [...new Set([...left, ...right].map(keyOf))];
  const find = (parts: readonly RunPart[], key: string) => parts.find((part) => keyOf(part) === key);
  const pairs = keys.map((key) => ({ key, left: find(left, key), right: find(right, key) }));
  const parts = pairs.map(({ left, right }): ComparedPart => {
    const { kind, name } = left ?? right ?? { kind: "mixture" as const, name: "" };
    return { kind, name, roots: [left?.root, right?.root], same: left?.root === right?.root };
  });
  const different = pairs.find(({ left, right }) => left?.root !== right?.root);
  return {
    same: different === undefined,
    roots: [rootOfParts(left), rootOfParts(right)],
    parts,
    ...(different && { difference: firstDifference(one, other, different) }),
  };
}

function keyOf({ kind, name }: RunPart): string {
  return `${kind} ${name}`;
}

interface Pair {
  readonly key: string;
  readonly left: RunPart | undefined;
  readonly right: RunPart | undefined;
}

function firstDifference(one: OpenRun, other: OpenRun, { key, left, right }: Pair): FirstDifference {
  const cause = causeOf(one, other, left ?? right ?? {});
  if (left === undefined || right === undefined) return { part: key, cause };
  const names = [...new Set([...left.leaves, ...right.leaves].map(({ name }) => name))];
  const find = (part: RunPart, name: string) => part.leaves.find((leaf) => leaf.name === name);
  const pairs = names.map((name) => ({ name, a: find(left, name), b: find(right, name) }));
  const differing = pairs.filter(({ a, b }) => a?.value !== b?.value);
  // Of a shard's files its tokens say most.
  const first = differing.find(({ name }) => name.endsWith(".ds")) ?? differing[0];
  if (first === undefined) return { part: key, cause };
  const { name, a, b } = first;
  return { part: key, leaf: name, values: [a?.value, b?.value], ...placeOf(one, other, left, a, b), cause };
}

function causeOf(one: OpenRun, other: OpenRun, { kind, source }: Partial<RunPart>): readonly string[] {
  const own = source === undefined ? undefined : ingestChanges(one.plan, other.plan).get(source);
  if (own !== undefined) return [`${source}: ${own}`];
  const tokensOf = ({ plan }: OpenRun) => plan.sources.find(({ name }) => name === source)?.tokens;
  if (one.plan.fingerprint === other.plan.fingerprint || (source !== undefined && tokensOf(one) === tokensOf(other))) {
    return [
      "the plans are the same: a file is damaged, or a stage does not do the same twice; `shardmill verify` says which",
    ];
  }
  const changes = runChanges(one.plan, other.plan);
  // Stores that are equal are no cause of what is made of them.
  const mixing = changes.filter((change) => /^(?:training_stages|row_stages|limits|seed)\b/.test(change));
  return kind === "mixture" && mixing.length > 0 ? mixing : changes;
}

const BLOCK_BYTES = 1 << 20;

/** Where two token files differ first. */
function placeOf(
  one: OpenRun,
  other: OpenRun,
  { kind, source: name }: RunPart,
  a: Leaf | undefined,
  b: Leaf | undefined,
): Pick<FirstDifference, "byte" | "documents"> {
  if (kind !== "token_store" || a?.path === undefined || b?.path === undefined || !a.name.endsWith(".ds")) return {};
  const byte = firstByte(storePath(one, a.path), storePath(other, b.path));
  if (byte === undefined) return {};
  const rowAt = (run: OpenRun, path: string): string | undefined =>
    documentAt(run, name ?? "", storePath(run, path), byte);
  return { byte, documents: [rowAt(one, a.path), rowAt(other, b.path)] };
}

function firstByte(one: string, other: string): number | undefined {
  const [left, right] = [one, other].map((path) => fs.statSync(path, { throwIfNoEntry: false })?.size);
  if (left === undefined || right === undefined) return undefined;
  const common = Math.min(left, right);
  for (let at = 0; at < common; at += BLOCK_BYTES) {
    const size = Math.min(BLOCK_BYTES, common - at);
    const [a, b] = [readPart(one, at, size), readPart(other, at, size)];
    if (Buffer.compare(a, b) === 0) continue;
    return at + a.findIndex((value, index) => value !== b[index]);
  }
  return left === right ? undefined : common;
}

/** The row that byte `byte` of a shard of a token store is of. */
function documentAt(run: OpenRun, name: string, path: string, byte: number): string | undefined {
  const source = run.plan.sources.find((candidate) => candidate.name === name);
  if (source === undefined || run.plan.tokenizer === undefined) return undefined;
  try {
    const ends = decodeEnds(readPart(path + companions.index), path);
    const document = ends.findIndex((end) => end * (run.plan.tokenizer?.token_bytes ?? 2) > byte);
    if (document < 0) return undefined;
    const shard = Number.parseInt(path.slice(path.lastIndexOf("/") + 1), 10);
    return addressOfRow(name, new StoreRows(run.layout, source).rowOf({ shard, document }));
  } catch (error) {
    // Tables that are damaged say nothing of where.
    if (error instanceof ShardmillError) return undefined;
    throw error;
  }
}
