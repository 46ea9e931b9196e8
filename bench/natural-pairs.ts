/**
 * Pairs of near-duplicates of a corpus as they are, for people to read: rows that fell by their texts with the row that stands for them, and rows that
 * stayed with the longest row of their cluster.
 *
 *   node dist/bench/natural-pairs.js --recipe FILE --data DIR --out DIR [--fallen 250] [--stayed 250] [--seed 1]
 *
 * The recipe has run as bench/elect.ts says. Pairs are drawn by seed, every one as likely as any other. A pair is a line of JSON on stdout: what kind of difference it
 * is by its words, how many words each has alone, and the parts that differ. A table of kinds goes to stderr.
 */
import { parseArgs } from "node:util";
import { seedFrom } from "../kernels/random/shuffle.ts";
import { readEdges } from "../store/edge-file.ts";
import { matchFiles } from "../store/layout.ts";
import { vouchers } from "../store/marker.ts";
import { candidatesOf, openElections } from "./support/election.ts";

const SHOWN_PARTS = 4;
const SHOWN_CHARACTERS = 90;

const { values: flags } = parseArgs({
  options: {
    recipe: { type: "string" },
    data: { type: "string" },
    out: { type: "string", default: "." },
    fallen: { type: "string", default: "250" },
    stayed: { type: "string", default: "250" },
    seed: { type: "string", default: "1" },
  },
});
if (flags.recipe === undefined || flags.data === undefined)
  throw new Error("--recipe FILE --data DIR --out DIR of a run");
const elections = await openElections(flags.recipe, flags.data, flags.out);

interface Pair {
  readonly source: string;
  readonly fell: boolean;
  readonly member: string;
  readonly anchor: string;
}

interface Drawn {
  readonly group: number;
  readonly fell: boolean;
  readonly member: number;
  readonly anchor: number;
}

let state = seedFrom(Number(flags.seed), "natural-pairs")[0] >>> 0;
function next(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

/** As many of `all` as asked, each as likely as any other. */
function draw<T>(all: T[], count: number): readonly T[] {
  const left = Math.min(count, all.length);
  for (let i = 0; i < left; i++) {
    const other = i + next(all.length - i);
    [all[i], all[other]] = [all[other], all[i]];
  }
  return all.slice(0, left);
}

const fallen: Drawn[] = [];
const stayed: Drawn[] = [];
for (const { group, tasks } of elections.groups) {
  const folder = elections.layout.match(elections.plan.groups[group].fingerprint);
  for (const task of tasks) {
    const file = vouchers(folder, matchFiles.electedMarker(task.part))(matchFiles.elected(task.part));
    const fell = new Set<number>();
    for (const pairs of readEdges([file])) {
      for (let i = 0; i < pairs.length; i += 2) {
        fell.add(pairs[i]);
        fallen.push({ group, fell: true, member: pairs[i], anchor: pairs[i + 1] });
      }
    }
    const { finder, clusters } = candidatesOf(elections, task);
    for (const documents of clusters) {
      const places = finder.find(documents);
      const rows = [...documents.keys()].filter((row) => places.isThere(row)).sort((a, b) => places.compare(a, b));
      for (const row of rows.slice(1)) {
        if (fell.has(documents[row])) continue;
        stayed.push({ group, fell: false, member: documents[row], anchor: documents[rows[0]] });
      }
    }
  }
}

const kinds: Record<string, Record<string, number>> = {};
const drawn = [...draw(fallen, Number(flags.fallen)), ...draw(stayed, Number(flags.stayed))];
for (const [number, { group, fell, member, anchor }] of drawn.entries()) {
  const { name, tasks } = elections.groups.find((entry) => entry.group === group) ?? { name: "", tasks: [] };
  const { finder, textOf } = candidatesOf(elections, tasks[0]);
  const places = finder.find(Uint32Array.of(member, anchor));
  const pair: Pair = { source: name, fell, member: textOf(places.at(0)), anchor: textOf(places.at(1)) };
  const described = describe(pair);
  const kind = `${fell ? "fell" : "stayed"}: ${described.kind}`;
  const row = kinds[kind] ?? {};
  kinds[kind] = row;
  row[name] = (row[name] ?? 0) + 1;
  process.stdout.write(`${JSON.stringify({ number, source: name, fell, ...described })}\n`);
}
for (const [kind, counts] of Object.entries(kinds).sort()) process.stderr.write(`${kind}\t${JSON.stringify(counts)}\n`);

function wordsOf(text: string): string[] {
  return text.toLowerCase().split(/\s+/u).filter(Boolean);
}

interface Described {
  readonly kind: string;
  readonly member_words: number;
  readonly anchor_words: number;
  /** Words, counted each time, that are only in one of both when both are laid side by side. */
  readonly only_member: number;
  readonly only_anchor: number;
  readonly begins: string;
  readonly member_parts: readonly string[];
  readonly anchor_parts: readonly string[];
}

function describe({ member, anchor }: Pair): Described {
  const [a, b] = [wordsOf(member), wordsOf(anchor)];
  const known = new Set(b);
  const parts = sideBySide(a, b);
  const count = (side: "member" | "anchor"): number => parts.reduce((sum, part) => sum + part[side].length, 0);
  const [onlyMember, onlyAnchor] = [count("member"), count("anchor")];
  const novel = a.filter((word) => !known.has(word));
  const cut = (words: readonly string[]): string => words.join(" ").slice(0, SHOWN_CHARACTERS);
  return {
    kind: kindOf(onlyMember, onlyAnchor, novel, a.length),
    member_words: a.length,
    anchor_words: b.length,
    only_member: onlyMember,
    only_anchor: onlyAnchor,
    begins: member.replace(/\s+/gu, " ").slice(0, SHOWN_CHARACTERS),
    member_parts: parts
      .filter((part) => part.member.length > 0)
      .slice(0, SHOWN_PARTS)
      .map((part) => cut(part.member)),
    anchor_parts: parts
      .filter((part) => part.anchor.length > 0)
      .slice(0, SHOWN_PARTS)
      .map((part) => cut(part.anchor)),
  };
}

function kindOf(onlyMember: number, onlyAnchor: number, novel: readonly string[], words: number): string {
  if (onlyMember === 0) return onlyAnchor === 0 ? "same words" : "the other has more";
  if (novel.length === 0) return "known words in another order";
  if (novel.every((word) => /^[\W\d_]+$/u.test(word))) return "own numbers and signs";
  const share = onlyMember / words;
  return share < 0.01 ? "own words, < 1 %" : share < 0.1 ? "own words, 1 to 10 %" : "own words, > 10 %";
}

interface Part {
  readonly member: readonly string[];
  readonly anchor: readonly string[];
}

/** Where the two differ: greedily, by the next four words that both have. */
function sideBySide(a: readonly string[], b: readonly string[]): Part[] {
  const SYNC = 4;
  const places = new Map<string, number[]>();
  const key = (words: readonly string[], at: number): string => words.slice(at, at + SYNC).join(" ");
  for (let at = 0; at + SYNC <= b.length; at++) {
    const known = places.get(key(b, at));
    if (known === undefined) places.set(key(b, at), [at]);
    else known.push(at);
  }
  const parts: Part[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
      continue;
    }
    let [x, y] = [a.length, b.length];
    for (let at = i; at + SYNC <= a.length; at++) {
      const found = places.get(key(a, at))?.find((place) => place >= j);
      if (found === undefined) continue;
      [x, y] = [at, found];
      break;
    }
    parts.push({ member: a.slice(i, x), anchor: b.slice(j, y) });
    [i, j] = [x, y];
  }
  return parts;
}
