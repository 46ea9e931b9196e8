/**
 * What a source of chats kept on its way, and the bounds a recipe sets on it.
 *
 * Owns the figures of manifests and data cards and the gates of `gates: { chat: … }`. A row that was lost is counted elsewhere; here is what rows lost:
 * instructions, tools, traces. Invariant: a gate judges one source by its figures alone; of no conversations it says nothing good.
 */
import { z } from "zod";

const count = z.int().nonnegative();

/** Of the rows that reached the end of a pipeline. Lengths are of what turns say, without what a template writes around it. */
export const chatFiguresSchema = z.strictObject({
  rows: count,
  rows_with_instructions: count,
  rows_with_tools: count,
  rows_with_trace: count,
  rows_with_empty_turn: count,
  rows_without_answer: count,
  /** Rows whose messages are no conversation. */
  rows_without_messages: count,
  /** Of all but the system's. */
  turns: count,
  context_bytes: count,
  response_bytes: count,
  /** Absent where no tokenizer counted. */
  context_tokens: count.optional(),
  response_tokens: count.optional(),
  /** Of the rendered text, and of what of it is trained on; absent where no template rendered. */
  text_bytes: count.optional(),
  supervised_bytes: count.optional(),
});
export type ChatFigures = z.output<typeof chatFiguresSchema>;

const ratio = () => z.number().min(0).max(1).optional();

/** The gates of one source. */
export const chatGatesShape = z.strictObject({
  min_instructions_ratio: ratio().describe("smallest share of rows with instructions, or with a message of the system"),
  min_tools_ratio: ratio().describe("smallest share of rows with tools"),
  min_trace_ratio: ratio().describe("smallest share of rows in which the assistant thinks"),
  max_trace_ratio: ratio().describe("largest share of rows in which the assistant thinks"),
  max_empty_turn_ratio: ratio().describe("largest share of rows with a turn that says nothing"),
  min_supervised_ratio: ratio().describe("smallest share of the rendered text, in bytes, that is trained on"),
});
export type ChatGates = z.output<typeof chatGatesShape>;

/** What each gate judges: a count, as a share of another. */
const COUNTED: Readonly<Record<keyof ChatGates, readonly [part: keyof ChatFigures, whole: keyof ChatFigures]>> = {
  min_instructions_ratio: ["rows_with_instructions", "rows"],
  min_tools_ratio: ["rows_with_tools", "rows"],
  min_trace_ratio: ["rows_with_trace", "rows"],
  max_trace_ratio: ["rows_with_trace", "rows"],
  max_empty_turn_ratio: ["rows_with_empty_turn", "rows"],
  min_supervised_ratio: ["supervised_bytes", "text_bytes"],
};
const GATES = Object.keys(COUNTED) as readonly (keyof ChatGates)[];

/** What a gate came to. */
export interface ChatGateResult {
  readonly name: string;
  readonly limit: number;
  readonly value: number;
  readonly passed: boolean;
}

/** The gates of a source that have a limit, in a fixed order. Without a row a share of at least something is not reached. */
export function chatGateResults(gates: ChatGates, figures: ChatFigures): readonly ChatGateResult[] {
  return GATES.flatMap((name): ChatGateResult[] => {
    const limit = gates[name];
    if (limit === undefined) return [];
    const [part, whole] = COUNTED[name];
    const of = figures[whole] ?? 0;
    const value = of === 0 ? 0 : (figures[part] ?? 0) / of;
    return [{ name, limit, value, passed: name.startsWith("min_") ? value >= limit : value <= limit }];
  });
}
