/** The elections of a run that is done and has kept its intermediates: its tasks, the clusters that they are about, and the texts of rows. */
import { prepare } from "../../index.ts";
import { environmentData } from "../../io/environment.ts";
import { Blocks } from "../../io/local/blocks.ts";
import { assetsOf, publishAssets } from "../../plan/assets.ts";
import { electionOf, type Plan, sourceAt } from "../../plan/plan.ts";
import { openVocabulary, type VocabularyRef } from "../../stages/tokenize/vocabulary-option.ts";
import { Layout, matchFiles, spanFiles } from "../../store/layout.ts";
import { vouch } from "../../store/marker.ts";
import { WorkerContext } from "../../workers/context.ts";
import { frontier } from "../../workers/frontier/frontier.ts";
import { createProgress } from "../../workers/progress.ts";
import type { ElectTask } from "../../workers/protocol.ts";
import { RequestBudget } from "../../workers/request-budget.ts";
import { StoreMarkers } from "../../workers/store-markers.ts";
import { type Place, PlaceFinder } from "../../workers/tasks/elect/places.ts";

export interface Elections {
  readonly plan: Plan;
  readonly layout: Layout;
  readonly context: WorkerContext;
  readonly groups: readonly { readonly group: number; readonly name: string; readonly tasks: readonly ElectTask[] }[];
}

/** The elections by texts of a run of `recipe`, by the sources that they are about. */
export async function openElections(recipe: string, dataRoot: string, out: string): Promise<Elections> {
  const { plan, environment } = await prepare(recipe, { out, dataRoot });
  const layout = new Layout(out);
  await publishAssets(plan, layout, environment);
  const context = await WorkerContext.create({
    plan,
    root: layout.root,
    environment: environmentData(environment),
    max_errors: 0,
    progress: createProgress(plan.sources.length),
    match_memory_bytes: 64 << 20,
    span_bytes: 1 << 30,
    request_budget: RequestBudget.memory({}),
  });
  const left = frontier(plan, new StoreMarkers(plan, layout), { layout });
  const groups = left.phases.flatMap(({ id, kind }) => {
    const spec = kind === "elect" ? left.find(id)?.spec : undefined;
    const tasks = Array.from({ length: spec?.count() ?? 0 }, (_, index) => spec?.task(index) as ElectTask);
    if (tasks.length === 0) return [];
    const [{ group }] = tasks;
    const planned = plan.groups[group];
    if (electionOf(planned)?.text !== true) return [];
    return [{ group, name: planned.members.map(({ source }) => sourceAt(plan, source).name).join(","), tasks }];
  });
  return { plan, layout, context, groups };
}

export interface Candidates {
  readonly finder: PlaceFinder;
  /** Documents of each cluster. */
  readonly clusters: Iterable<Uint32Array>;
  readonly textOf: (place: Place) => string;
}

/** What a task elects among. */
export function candidatesOf({ plan, layout, context }: Elections, task: ElectTask): Candidates {
  const group = plan.groups[task.group];
  const election = electionOf(group);
  if (election === undefined) throw new Error("no election");
  const finder = new PlaceFinder(context, group, task.spans, election);
  const folder = layout.match(group.fingerprint);
  const list = new Blocks(vouch({ folder, marker: matchFiles.united, name: matchFiles.members }));
  const words = new Uint32Array(list.read(4 * task.at, 4 * task.words).buffer);
  const files = new Map<number, Blocks>();
  return {
    finder,
    clusters: clustersIn(words),
    textOf: ({ span, start, length }) => {
      const source = finder.sourceOf(task.spans[span]);
      const stage = source.stages[source.stages.length - 1];
      const at = { folder: layout.ingest(source.ingest), span: task.spans[span].span };
      const name = spanFiles.tokens(at.span);
      const file = files.get(span) ?? new Blocks(vouch({ folder: at.folder, marker: spanFiles.marker(at.span), name }));
      files.set(span, file);
      const width = plan.tokenizer?.token_bytes ?? 4;
      const { buffer } = file.read(start * width, (length - 1) * width);
      const ids = width === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer);
      const options = stage.options as Readonly<Record<string, unknown>> & VocabularyRef;
      return Buffer.from(openVocabulary(options, assetsOf(stage, context.environment.assets)).decode(ids)).toString();
    },
  };
}

function* clustersIn(words: Uint32Array): Generator<Uint32Array> {
  for (let at = 0; at < words.length; at += words[at] + 1) yield words.subarray(at + 1, at + 1 + words[at]);
}
