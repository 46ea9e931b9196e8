/** What the conversations of a source kept: counted by chat/invariants and chat/render, told by manifests, data cards and gates. */
import { type ChatFigures, chatFiguresSchema, chatGateResults } from "../manifests/chat.ts";
import { type Plan, sourceAt } from "../plan/plan.ts";
import type { RunResult } from "../workers/events.ts";
import type { SourceCounts, StoreMarker } from "../workers/protocol.ts";

/** Stages whose states stand in manifests and in what outputs say of themselves. */
export const SHOWN_STATES: ReadonlySet<string> = new Set(["chat/render", "chat/lint", "chat/pairs"]);

const COUNTS = "chat/invariants";
const RENDERS = "chat/render";

/** Figures of the last stages that count and render, of the rows that stayed; undefined where none counts. */
export function chatFigures({ stages }: Pick<SourceCounts, "stages">): ChatFigures | undefined {
  const counting = stages.findLast(({ use }) => use === COUNTS);
  if (counting?.figures === undefined) return undefined;
  const rendering = stages.findLast(({ use }) => use === RENDERS);
  return chatFiguresSchema.parse({ ...counting.figures, ...rendering?.figures });
}

/** The recipe's gates of chats, of each source that was read. `stores` by source. */
export function chatGates(plan: Plan, stores: readonly StoreMarker[]): RunResult["gates"] {
  return stores.flatMap(({ counts }, index) => {
    const { name } = sourceAt(plan, index);
    const gates = plan.recipe.gates.chat?.[name];
    const figures = gates && chatFigures(counts);
    if (gates === undefined || figures === undefined) return [];
    return chatGateResults(gates, figures).map(({ name: gate, limit, value, passed }) => ({
      stage: name,
      name: gate,
      ok: passed,
      bound: limit,
      value,
    }));
  });
}
