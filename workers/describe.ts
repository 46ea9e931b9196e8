/** A plan in the words of its reader: segments with their state and why, and what each training stage will ask of each source. */
import fs from "node:fs";
import type { Layout } from "../plan/layout.ts";
import type { Plan, PlannedStage } from "../plan/plan.ts";
import { type SegmentStatus, segmentsOf } from "./status.ts";

export interface PlanDescription {
  readonly name: string;
  readonly fingerprint: string;
  readonly segments: readonly SegmentStatus[];
  readonly training_stages: readonly {
    readonly name: string;
    readonly tokens: number;
    readonly sequence_length: number;
    readonly pack: string;
    readonly sources: readonly {
      readonly name: string;
      readonly category?: string;
      /** Normalised share of tokens. */
      readonly weight: number;
      readonly tokens: number;
    }[];
  }[];
}

export function describePlan(plan: Plan, layout: Layout): PlanDescription {
  const changes = changesSince(previousPlan(plan, layout), plan);
  const segments = segmentsOf({ plan, layout }).map((segment): SegmentStatus => {
    const change = segment.kind === "ingest" && segment.state !== "done" ? changes.get(segment.subject) : undefined;
    return change === undefined ? segment : { ...segment, why: change };
  });
  const training_stages = plan.recipe.training_stages.map((stage) => {
    const sum = Object.values(stage.weights).reduce((total, weight) => total + weight, 0);
    const sources = Object.entries(stage.weights).map(([name, weight]) => {
      const { category } = plan.recipe.sources[name];
      return {
        name,
        ...(category === undefined ? {} : { category }),
        weight: weight / sum,
        tokens: Math.round((stage.tokens * weight) / sum),
      };
    });
    const { name, tokens, sequence_length } = stage;
    return { name, tokens, sequence_length, pack: stage.pack.use, sources };
  });
  return { name: plan.name, fingerprint: plan.fingerprint, segments, training_stages };
}

function previousPlan(plan: Plan, layout: Layout): Plan | undefined {
  try {
    return JSON.parse(fs.readFileSync(layout.planFile(plan.name), "utf8")) as Plan;
  } catch {
    return undefined;
  }
}

/** Per source, what differs from the plan this run had before. */
function changesSince(before: Plan | undefined, now: Plan): ReadonlyMap<string, string> {
  const changes = new Map<string, string>();
  if (before === undefined) return changes;
  for (const source of now.sources) {
    const old = before.sources.find((candidate) => candidate.name === source.name);
    if (old === undefined || old.ingest === source.ingest) continue;
    const found = [
      stageChange(old.reader, source.reader),
      ...source.stages.map((stage, i) => stageChange(old.stages[i], stage)),
    ];
    if (old.stages.length !== source.stages.length) found.push(`${old.stages.length} stages → ${source.stages.length}`);
    const texts = found.filter((text) => text !== undefined);
    changes.set(source.name, texts.length > 0 ? texts.join("; ") : "input files changed");
  }
  return changes;
}

function stageChange(before: PlannedStage | undefined, now: PlannedStage): string | undefined {
  if (before === undefined) return `${now.use} is new`;
  if (before.use !== now.use) return `${before.use} → ${now.use}`;
  if (before.version !== now.version) return `${now.use} version ${before.version} → ${now.version}`;
  for (const [key, value] of Object.entries(now.options)) {
    const old = before.options[key];
    if (JSON.stringify(old) !== JSON.stringify(value))
      return `${key} ${JSON.stringify(old)} → ${JSON.stringify(value)}`;
  }
  const asset = now.assets.find(({ sha256 }, i) => before.assets[i]?.sha256 !== sha256);
  return asset === undefined ? undefined : `${asset.name} file changed`;
}
