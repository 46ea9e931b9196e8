/**
 * A plan as people look at it: every segment with how much of it is done and why the rest is to do, told by the frontier.
 *
 * Several phases make one segment: cut and pass, match and unite, the parts of the shuffle.
 */
import { entryAt } from "../batch/entry.ts";
import { counted } from "../batch/plural.ts";
import type { Plan } from "../plan/plan.ts";
import type { Frontier, Phase } from "../workers/frontier/frontier.ts";
import type { TaskKind } from "../workers/markers.ts";

export interface SegmentStatus {
  readonly kind: "ingest" | "match" | "shuffle" | "pack" | "write" | "finish";
  /** Phases it is made of, as `rank` and `advance` name them. */
  readonly phases: readonly string[];
  readonly subject: string;
  /** Fused stages, in order. */
  readonly stages: readonly string[];
  readonly bytes?: number;
  readonly done: number;
  /** Absent while an earlier segment has to say how many there will be, and where nobody asks for them any more. */
  readonly tasks?: number;
  readonly state: "done" | "partial" | "todo";
  readonly why: string;
}

const SEGMENTS: Readonly<Record<TaskKind, SegmentStatus["kind"]>> = {
  cut: "ingest",
  ingest: "ingest",
  match: "match",
  refine: "match",
  compare: "match",
  unite: "match",
  elect: "match",
  decide: "match",
  scatter: "shuffle",
  gather: "shuffle",
  settle: "shuffle",
  seal: "shuffle",
  pack: "pack",
  quantile: "pack",
  arrange: "pack",
  write: "write",
};

/** Tasks that only put together what others of their segment have left. */
const SINGLE: ReadonlySet<TaskKind> = new Set(["cut", "unite", "decide", "seal"]);

/** `isFinished`: whether manifests, exports and outputs of this very plan are written. */
export function segmentsOf(
  plan: Plan,
  { phases }: Pick<Frontier, "phases">,
  isFinished: boolean,
): readonly SegmentStatus[] {
  const groups = new Map<string, Phase[]>();
  for (const phase of phases) {
    // Nothing is read twice: no segment to look at.
    if (phase.tasks === 0 && phase.kind === "pack") continue;
    const key = `${SEGMENTS[phase.kind]} ${phase.subject}`;
    const group = groups.get(key) ?? [];
    group.push(phase);
    groups.set(key, group);
  }
  const segments = [...groups.values()].map((group) => segmentOf(group));
  const { training_stages, row_stages = [] } = plan.recipe;
  const asked = [...training_stages, ...row_stages, ...plan.outputs].map(({ name }) => name);
  return [...segments, finishSegment(asked, segments, isFinished)];
}

function segmentOf(phases: readonly Phase[]): SegmentStatus {
  const first = entryAt(phases, 0, "phase");
  const kind = SEGMENTS[first.kind];
  // Of a pass and its cut, the pass has the tasks that count; of match and unite, match; of elections, those that elect.
  const counted = phases.filter(({ kind }) => !SINGLE.has(kind));
  const known = counted.length > 0 && counted.every(({ tasks }) => tasks !== undefined);
  const sum = (value: (phase: Phase) => number): number => counted.reduce((total, phase) => total + value(phase), 0);
  const done = sum((phase) => phase.done);
  const removed = sum((phase) => phase.removed);
  const complete = phases.every(({ state }) => state === "done");
  return {
    kind,
    phases: phases.map(({ id }) => id),
    subject: first.subject,
    stages: [...new Set(phases.flatMap(({ stages }) => stages))],
    ...(first.bytes === undefined ? {} : { bytes: first.bytes }),
    done,
    ...(known ? { tasks: sum(({ tasks = 0 }) => tasks) } : {}),
    state: complete ? "done" : done > 0 ? "partial" : "todo",
    why: complete ? "complete in the store" : reason(kind, done, removed),
  };
}

function reason(kind: SegmentStatus["kind"], done: number, removed: number): string {
  if (removed > 0 && kind === "ingest") {
    return `${counted(removed, "span")} ${removed === 1 ? "is" : "are"} read again: what they left went when their store was built, and a new verdict asks for it`;
  }
  return done > 0 ? "goes on where it stopped" : "not in the store";
}

function finishSegment(
  asked: readonly string[],
  segments: readonly SegmentStatus[],
  isFinished: boolean,
): SegmentStatus {
  const complete = isFinished && segments.every(({ state }) => state === "done");
  return {
    kind: "finish",
    phases: [],
    subject: asked.join(", "),
    stages: ["manifests", "exports", "outputs"],
    done: complete ? asked.length : 0,
    tasks: asked.length,
    state: complete ? "done" : "todo",
    why: complete ? "of this plan" : "not made of this plan yet",
  };
}
