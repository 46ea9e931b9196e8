/**
 * Maps preference pairs to `chosen`, `rejected` and `prompt`: two conversations that differ in their last turn.
 *
 * Invariant: both are messages as chat/messages makes them and begin with the same turns; a pair that is none falls for a reason that says which
 * side. How alike the answers are and which side is longer is counted: a set in which the chosen one nearly always is teaches length.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { isJsonList, JsonError, jsonText } from "../../kernels/json/value.ts";
import { defineStage, transform } from "../define.ts";
import { contentOf, Fault, type Made, type MadeColumn, type Message, madeColumns, roleOf } from "./conversation.ts";
import { addCounts, Tally } from "./counts.ts";
import { JsonRows, TextRows } from "./json-rows.ts";
import { MESSAGE_REASONS, MessageMaker, type MessageReason } from "./message-maker.ts";
import { SHAPE_REASONS, type ShapeReason } from "./shapes.ts";

const columnName = z.string().min(1);

const options = z
  .strictObject({
    chosen: columnName.default("chosen").describe("column of the better conversation, or of its last answer"),
    rejected: columnName.default("rejected").describe("column of the worse one"),
    prompt: columnName
      .optional()
      .describe("column of the question; without it the prompt is what the user says last in both conversations"),
    answers: z
      .enum(["messages", "text"])
      .default("messages")
      .describe(
        "what the two columns hold: lists of role and content, or the `text` of an answer to the prompt's column",
      ),
    near_identical: z
      .number()
      .min(0)
      .max(1)
      .default(0.9)
      .describe(
        "share of the longer answer that both begin and end with, from which on a pair counts as near-identical",
      ),
    drop_near_identical: z
      .boolean()
      .default(false)
      .describe("whether near-identical pairs are dropped, not only counted"),
  })
  .refine(({ answers, prompt }) => answers === "messages" || prompt !== undefined, {
    error: "texts answer a prompt: name its column",
  });
type Options = z.output<typeof options>;

const REASONS = {
  ...SHAPE_REASONS,
  ...MESSAGE_REASONS,
  different_prompts: "the two conversations differ before their last turn",
  identical: "both answers are the same",
  near_identical: "both answers are nearly the same",
};
type Reason = MessageReason | ShapeReason | "different_prompts" | "identical" | "near_identical";

const COLUMNS: readonly MadeColumn[] = [
  { name: "chosen", kind: "json" },
  { name: "rejected", kind: "json" },
  { name: "prompt", kind: "utf8" },
];
const STRICT = {
  roles: {},
  unknown_role: "drop",
  list_content: "drop",
  empty_turns: "drop",
  order: "alternate",
  user_last: "drop",
  keep_keys: [],
} as const;
const KEYS = { roleKey: "role", contentKey: "content" };

type Side = "chosen" | "rejected";

/** The two sides of a row. */
class Sides {
  readonly #maker: MessageMaker;
  readonly #isText: boolean;
  readonly #lists: Readonly<Record<Side, JsonRows>> | undefined;
  readonly #texts: Readonly<Record<Side, TextRows>> | undefined;
  readonly #prompts: TextRows | undefined;

  constructor(batch: Batch, { chosen, rejected, prompt, answers }: Options, maker: MessageMaker) {
    this.#maker = maker;
    this.#isText = answers === "text";
    this.#prompts = prompt === undefined ? undefined : new TextRows(batch, prompt);
    if (this.#isText) this.#texts = { chosen: new TextRows(batch, chosen), rejected: new TextRows(batch, rejected) };
    else this.#lists = { chosen: new JsonRows(batch, chosen), rejected: new JsonRows(batch, rejected) };
  }

  prompt(row: number): string | undefined {
    return this.#prompts?.read(row);
  }

  /** The messages of a side, or why it has none. */
  read(side: Side, row: number): readonly Message[] | Fault<Reason> {
    const made = this.#isText ? this.#ofText(side, row) : this.#ofList(side, row);
    if (!(made instanceof Fault)) return made;
    return new Fault(made.reason, made.detail === undefined ? side : `${side}, ${made.detail}`, made.value);
  }

  #ofText(side: Side, row: number): readonly Message[] | Fault<Reason> {
    return this.#maker.make([
      { role: "user", content: this.prompt(row) ?? null },
      { role: "assistant", content: this.#texts?.[side].read(row) ?? null },
    ]);
  }

  #ofList(side: Side, row: number): readonly Message[] | Fault<Reason> {
    const cell = this.#lists?.[side].read(row) ?? null;
    if (cell instanceof JsonError) {
      return new Fault(cell.kind === "lone_surrogate" ? "lone_surrogate" : "not_json", cell.message);
    }
    if (cell === null) return new Fault("no_conversation");
    if (!isJsonList(cell)) return new Fault("not_a_list");
    const turns = [];
    for (const turn of cell) {
      if (!(turn instanceof Map)) return new Fault("not_a_turn", `turn ${turns.length}`, turns.length);
      turns.push({ role: turn.get("role"), content: turn.get("content"), from: turn });
    }
    return this.#maker.make(turns);
  }
}

/** The share of the longer text that both begin and end with. */
function likeness(a: string, b: string): number {
  const longer = Math.max(a.length, b.length);
  const shorter = Math.min(a.length, b.length);
  if (longer === 0) return 1;
  let head = 0;
  while (head < shorter && a.charCodeAt(head) === b.charCodeAt(head)) head++;
  let tail = 0;
  while (tail < shorter - head && a.charCodeAt(a.length - 1 - tail) === b.charCodeAt(b.length - 1 - tail)) tail++;
  return (head + tail) / longer;
}

export default defineStage({
  name: "chat/pairs",
  version: 1,
  kind: "transform",
  summary:
    "Makes preference pairs, chosen and rejected conversations with one prompt, of the forms in which data sets hold them.",
  reference: "allenai/llama-3.1-tulu-3-8b-preference-mixture: prompt, chosen, rejected",
  options,
  reads: ({ chosen, rejected, prompt }) => [chosen, rejected, ...(prompt === undefined ? [] : [prompt])],
  writes: COLUMNS,
  reasons: ({ drop_near_identical }) => {
    const { near_identical, ...always } = REASONS;
    return { ...always, ...(drop_near_identical && { near_identical }) };
  },
  create: (options) => {
    const tally = new Tally(["rows", "near_identical", "chosen_longer", "rejected_longer"]);
    const maker = new MessageMaker(STRICT, KEYS, tally);
    const pairOf = (sides: Sides, row: number): Made<Reason> => {
      const chosen = sides.read("chosen", row);
      if (chosen instanceof Fault) return chosen;
      const rejected = sides.read("rejected", row);
      if (rejected instanceof Fault) return rejected;
      if (!beginsAlike(chosen, rejected)) return new Fault("different_prompts");
      const [good, bad] = [lastText(chosen), lastText(rejected)];
      if (good === bad) return new Fault("identical");
      const alike = likeness(good, bad);
      if (alike >= options.near_identical) {
        if (options.drop_near_identical) return new Fault("near_identical", undefined, alike);
        tally.add("near_identical");
      }
      const [goodBytes, badBytes] = [Buffer.byteLength(good), Buffer.byteLength(bad)];
      tally.add("rows");
      tally.add("chosen_longer", Number(goodBytes > badBytes));
      tally.add("rejected_longer", Number(badBytes > goodBytes));
      tally.add("chosen_bytes", goodBytes);
      tally.add("rejected_bytes", badBytes);
      const question = chosen.findLast((message) => roleOf(message) === "user");
      const prompt = sides.prompt(row) ?? (question && contentOf(question));
      return { chosen, rejected, prompt };
    };
    return transform<Reason>(
      (batch, drop) => {
        const sides = new Sides(batch, options, maker);
        return madeColumns(batch, COLUMNS, drop, (row) => pairOf(sides, row));
      },
      { finish: tally.finish },
    );
  },
  merge: addCounts,
  examples: [
    {
      columns: {
        prompt: "1+1?",
        chosen: '[{"content":"1+1?","role":"user"},{"content":"2","role":"assistant"}]',
        rejected: '[{"content":"1+1?","role":"user"},{"content":"3","role":"assistant"}]',
      },
      options: { prompt: "prompt" },
      writes: {
        chosen: '[{"role":"user","content":"1+1?"},{"role":"assistant","content":"2"}]',
        rejected: '[{"role":"user","content":"1+1?"},{"role":"assistant","content":"3"}]',
        prompt: "1+1?",
      },
    },
    {
      columns: { question: "1+1?", chosen: "2", rejected: "2" },
      options: { prompt: "question", answers: "text" },
      drops: "identical",
    },
    {
      columns: {
        chosen: '[{"role":"user","content":"1+1?"},{"role":"assistant","content":"2"}]',
        rejected: '[{"role":"user","content":"1+2?"},{"role":"assistant","content":"3"}]',
      },
      drops: "different_prompts",
    },
  ],
});

function lastText(messages: readonly Message[]): string {
  const last = messages.at(-1);
  return last === undefined ? "" : contentOf(last);
}

function beginsAlike(a: readonly Message[], b: readonly Message[]): boolean {
  return a.length === b.length && jsonText(a.slice(0, -1)) === jsonText(b.slice(0, -1));
}
