/**
 * Runs the passes of a recipe's only source on worker threads, from its plan and a folder alone; as a program, in a process of its own that may be killed:
 *
 *   node span-passes.js FOLDER WORKERS [--max-questions N]
 *
 * The folder holds `recipe.yaml` and what it reads; products go to its `out`.
 */
import path from "node:path";
import { pathToFileURL } from "node:url";
import { prepare } from "../../index.ts";
import { environmentData } from "../../io/environment.ts";
import { NO_RESOURCES } from "../../stages/define.ts";
import { Pool } from "../../workers/engines/local-pool.ts";
import { createProgress } from "../../workers/progress.ts";
import type { IngestMarker, IngestTask } from "../../workers/protocol.ts";
import { spansOf } from "../../workers/spans.ts";
import { questionBudget } from "../../workers/tasks/span/requests.ts";

export interface PassOptions {
  readonly workers: number;
  readonly out?: string;
  readonly span_bytes?: number;
  readonly max_questions?: number;
  readonly order?: <T>(tasks: readonly T[]) => readonly T[];
}

/** The markers of every pass, by span. */
export async function runPasses(folder: string, options: PassOptions): Promise<readonly (readonly IngestMarker[])[]> {
  const root = path.join(folder, options.out ?? "out");
  const { plan, layout, environment, registry } = await prepare(path.join(folder, "recipe.yaml"), {
    out: root,
    dataRoot: folder,
  });
  const [source] = plan.sources;
  const reader = registry.findStage(source.reader.use).create(source.reader.options, NO_RESOURCES);
  if (reader.kind !== "source") throw new Error(`${source.reader.use} is no reader`);
  const context = {
    source: source.name,
    shards: source.shards,
    open: () => Promise.reject(new Error("JSON lines are cut without being read")),
    problem: () => {},
  };
  const spans = await spansOf(
    source,
    reader,
    layout.ingest(source.passes[0].fingerprint),
    context,
    options.span_bytes ?? 4_000,
  );
  const pool = new Pool({
    workers: options.workers,
    setup: {
      plan,
      root,
      environment: environmentData(environment),
      max_errors: 0,
      progress: createProgress(1),
      match_memory_bytes: 1 << 20,
      ...(options.max_questions !== undefined && { question_budget: questionBudget(options.max_questions) }),
    },
    order: options.order,
  });
  try {
    const markers: (readonly IngestMarker[])[] = [];
    for (let pass = 0; pass < source.passes.length; pass++) {
      const tasks = spans.map((extents, span): IngestTask => ({ kind: "ingest", source: 0, pass, span, extents }));
      markers.push(await pool.all<"ingest">(tasks));
    }
    return markers;
  } finally {
    await pool.destroy();
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder, workers, , questions] = process.argv.slice(2);
  const budget = questions === undefined ? {} : { max_questions: Number(questions) };
  await runPasses(folder, { workers: Number(workers), ...budget });
}
