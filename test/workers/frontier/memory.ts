/** Plans, markers that lie in memory alone, and a stand-in for tasks: what a frontier is a function of. */
import fs from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import { electionOf, leavesTexts, type Plan } from "../../../plan/plan.ts";
import { prepare } from "../../../runs/prepare.ts";
import {
  Layout,
  matchFiles,
  outputFiles,
  rowFiles,
  spanFiles,
  tokenFiles,
  verdictFiles,
  windowFiles,
} from "../../../store/layout.ts";
import { type Frontier, frontier } from "../../../workers/frontier/frontier.ts";
import type { FactsOf, MarkerPlace, Markers, TaskKind } from "../../../workers/markers.ts";
import type { MarkerOf, Task } from "../../../workers/protocol.ts";
import { temporaryFolder } from "../fixture.ts";

export const LAYOUT = new Layout("/run");

/** The plan of a recipe over files of a line each. */
export async function planOf(t: TestContext, recipe: string): Promise<Plan> {
  const root = temporaryFolder(t);
  for (const name of ["web", "code"]) {
    fs.mkdirSync(path.join(root, name));
    fs.writeFileSync(path.join(root, name, "0.jsonl"), `{"text":"${name}"}\n`);
  }
  fs.writeFileSync(path.join(root, "recipe.yaml"), recipe);
  return (await prepare(path.join(root, "recipe.yaml"), { out: root, dataRoot: root })).plan;
}

/** Markers in memory, with the files that they name, by folder. */
export class MemoryMarkers implements Markers {
  readonly #folders = new Map<string, Map<string, MarkerOf[TaskKind] | undefined>>();
  /** How often a marker was looked into. */
  read = 0;

  readonly facts = <Kind extends TaskKind>({ folder, name }: MarkerPlace<Kind>): FactsOf<Kind> | undefined => {
    this.read++;
    return this.#folders.get(folder)?.get(name) as FactsOf<Kind> | undefined;
  };

  readonly whole = ({ folder, name }: MarkerPlace): boolean =>
    this.#folders
      .get(folder)
      ?.get(name)
      ?.files.every((file) => this.has(folder, file.name)) ?? false;

  readonly has = (folder: string, name: string): boolean => this.#folders.get(folder)?.has(name) === true;

  add({ folder, name }: MarkerPlace, marker: MarkerOf[TaskKind]): void {
    const files = this.#folders.get(folder) ?? new Map();
    this.#folders.set(folder, files);
    files.set(name, marker);
    for (const file of marker.files) files.set(file.name, undefined);
  }

  /** Removes files, markers among them, whose path matches. Returns how many. */
  remove(pattern: RegExp): number {
    let removed = 0;
    for (const [folder, files] of this.#folders) {
      for (const name of [...files.keys()])
        if (pattern.test(`${folder}/${name}`)) removed += Number(files.delete(name));
    }
    return removed;
  }
}

export interface World {
  readonly plan: Plan;
  readonly markers: MemoryMarkers;
  /** Spans of each source. */
  readonly spans: number;
  readonly max_errors?: number;
}

export function look({ plan, markers, max_errors }: World): Frontier {
  return frontier(plan, markers, { layout: LAYOUT, ...(max_errors === undefined ? {} : { max_errors }) });
}

/** Rows of span `span`: 10, of which 8 are kept, but for each seventh, of which none is. */
export const DOCUMENTS = 10;
export const keptOf = (span: number): number => (span % 7 === 6 ? 0 : 8);

/** What a task may leave. */
export function leave(task: Task, { plan, spans }: World): MarkerOf[TaskKind] {
  const named = (...names: readonly string[]) =>
    names.map((name) => ({ name, size_bytes: 1, sha256: "", checksum: "" }));
  switch (task.kind) {
    case "cut":
      return {
        files: [],
        spans: Array.from({ length: spans }, (_, span) => {
          return [{ shard: 0, unit: "bytes" as const, start: span, end: span + 1, size_bytes: 1 }];
        }),
      };
    case "ingest": {
      const source = plan.sources[task.source];
      const pass = source.passes[task.pass];
      const isLast = task.pass === source.passes.length - 1;
      const files = source.barriers.flatMap((barrier, index) => {
        if (barrier.pass !== task.pass) return [];
        return barrier.verdict === "edit"
          ? [spanFiles.keys(task.span, index), spanFiles.parts(task.span, index), spanFiles.samples(task.span, index)]
          : [spanFiles.keys(task.span, index)];
      });
      if (isLast) files.push(spanFiles.documents(task.span));
      if (isLast && source.tokenized) files.push(spanFiles.tokens(task.span));
      if (isLast && leavesTexts(source)) files.push(spanFiles.texts(task.span));
      if (pass.spool !== undefined) files.push(spanFiles.spool(task.span));
      if (pass.keep_dropped) files.push(spanFiles.dropped(task.span));
      const kept = keptOf(task.span);
      return {
        files: named(...files),
        rows: DOCUMENTS,
        documents: DOCUMENTS,
        parts: source.barriers.flatMap(({ pass: at, verdict }) => (at === task.pass && verdict === "edit" ? [30] : [])),
        extents: [{ shard: 0, rows: DOCUMENTS }],
        errors: {},
        problems: [],
        stages: [],
        kept,
        text_bytes: kept * 100,
        tokens: kept * 20,
      };
    }
    case "match":
      return { files: named(matchFiles.edges(task.partition), matchFiles.verdicts(task.partition)), edges: 1 };
    case "refine":
      return {
        files: named(matchFiles.ranges(task.input), matchFiles.contexts(task.input)),
        duplicates: 1,
        unsettled: 1,
      };
    case "compare":
      return { files: named(matchFiles.duplicates(task.partition)), ranges: 1 };
    case "unite":
      if (electionOf(plan.groups[task.group]) !== undefined) {
        const parts = [{ at: 0, words: 3 }];
        return { files: named(matchFiles.members), documents: task.documents, duplicates: 1, parts };
      }
      return { files: named(matchFiles.roots, matchFiles.sizes), documents: task.documents, duplicates: 0 };
    case "elect": {
      const counts = {
        members: 0,
        absent: 0,
        fallen: 0,
        own_word: 0,
        own_passage: 0,
        own_order: 0,
        repetitive: 0,
        unknown_text: 0,
      };
      return { files: named(matchFiles.elected(task.part)), counts };
    }
    case "decide":
      return { files: named(matchFiles.roots, matchFiles.sizes), documents: task.documents, duplicates: 0 };
    case "scatter": {
      const shards = task.shards + (task.held_out?.shards ?? 0);
      const chunk = { at: 0, size_bytes: 1, documents: 1 };
      return { files: named(tokenFiles.scattered(task.part)), chunks: Array(shards).fill(chunk), duplicates: [0] };
    }
    case "gather": {
      const name = tokenFiles.shard(task.shard, plan.sources[task.source].name);
      return { files: named(name), documents: 8, tokens: 160, text_bytes: 800 };
    }
    case "settle": {
      let at = 0;
      const settled = task.spans.map(({ span, documents }) => {
        at += documents;
        return { span, at: at - documents, survivors: keptOf(span), text_bytes: keptOf(span) * 100 };
      });
      return { files: named(verdictFiles.fates(task.part)), spans: settled, duplicates: [0] };
    }
    case "seal": {
      const shard = { files: [], documents: 8, tokens: 160, text_bytes: 800 };
      const counts = { rows_in: 0, errors: {}, problems: [], stages: [], kept: 0, tokens: 0, text_bytes: 0 };
      const shards = (count: number) => Array.from({ length: count }, () => shard);
      const { name } = plan.sources[task.source];
      const stored = Array.from({ length: task.shards }, (_, index) => tokenFiles.shard(index, name));
      return {
        files: named(...stored),
        shards: shards(task.shards),
        ...(task.held_out && { validation: { share: task.held_out.share, shards: shards(task.held_out.shards) } }),
        counts,
      };
    }
    case "pack": {
      const { source } = plan.windows[task.windows];
      const statistics = {
        windows: 4,
        documents: 8,
        tokens: 160,
        padding_tokens: 0,
        split_documents: 0,
      };
      return {
        files: named(windowFiles.shard(task.epoch, task.shard, plan.sources[source].name)),
        windows: 4,
        statistics: statistics as unknown as MarkerOf["pack"]["statistics"],
      };
    }
    case "quantile":
      return { files: [], documents: 0, tokens: 0, unscored_documents: 0, unscored_tokens: 0, borders: [] };
    case "arrange":
      return {
        files: named(rowFiles.pieces, rowFiles.ends),
        rows: 1,
        pieces: 1,
        tokens: 1,
        longest_sequence_tokens: 1,
        sequences_per_row_max: 1,
        sources: [],
      };
    case "write":
      return { files: named(outputFiles.shard(task.shard, "jsonl")), rows: 0, dropped_rows: 0, text_bytes: 0 };
  }
}

/** Does all tasks of a phase. Returns how many. */
export function doPhase(world: World, id: string): number {
  const phase = look(world).ready.find((ready) => ready.id === id);
  if (phase === undefined) throw new Error(`${id} is not ready`);
  for (const index of phase.undone) world.markers.add(phase.place(index), leave(phase.task(index), world));
  return phase.undone.length;
}

/** Does whatever `choose` picks of what is ready, one task at a time or a phase at a time, until nothing is. Returns what was done, in order. */
export function doAll(
  world: World,
  choose: (ready: readonly string[]) => string = ([first]) => first,
): readonly string[] {
  const done: string[] = [];
  for (;;) {
    const ready = look(world).ready.map(({ id }) => id);
    if (ready.length === 0) return done;
    const id = choose(ready);
    doPhase(world, id);
    done.push(id);
  }
}
