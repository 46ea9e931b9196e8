/** What the conversations of a source kept: counted by chat/invariants and chat/render, told by manifests, data cards and gates. */
import { type ChatFigures, chatFiguresSchema, chatGateResults } from "../manifests/chat.ts";
import { type Plan, sourceAt } from "../plan/plan.ts";
import { countOf, tableOf } from "../stages/chat/counts.ts";
import type { RunResult } from "../workers/events.ts";
import type { SourceCounts, StoreMarker } from "../workers/protocol.ts";

const COUNTS = "chat/invariants";
const RENDERS = "chat/render";
const TOKENS = ["context_tokens", "response_tokens"];
/** What rendering counts. */
const RENDERED = ["text_bytes", "supervised_bytes"];

/** Figures of the last stages that count and render; undefined where none counts. */
export function chatFigures({ stages }: Pick<SourceCounts, "stages">): ChatFigures | undefined {
  const counting = stages.findLast(({ use }) => use === COUNTS);
  if (counting === undefined) return undefined;
  const table = tableOf(counting.state);
  const names = Object.keys(chatFiguresSchema.shape).filter((name) => {
    return !RENDERED.includes(name) && (!TOKENS.includes(name) || name in table);
  });
  const rendering = stages.findLast(({ use }) => use === RENDERS);
  const rendered = rendering && tableOf(rendering.state);
  return chatFiguresSchema.parse(
    Object.fromEntries([
      ...names.map((name) => [name, countOf(table, name)]),
      ...(rendered === undefined ? [] : RENDERED.map((name) => [name, countOf(rendered, name)])),
    ]),
  );
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
