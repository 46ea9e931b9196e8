/**
 * Maps the forms in which data sets hold conversations to `messages`: a list of objects with `role` and `content`.
 *
 * Owns the options: which form, in which columns. Invariant: every row comes out as messages of the known roles, in an order in which people talk, or falls for a reason
 * that names the turn; texts come out as they are, character for character. Price: one parse and one writing of the JSON, over 100 MB/s.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { defineStage, transform } from "../define.ts";
import { Fault, type Made, madeColumns } from "./conversation.ts";
import { addCounts, Tally } from "./counts.ts";
import { MESSAGE_REASONS, MessageMaker, type MessageReason } from "./message-maker.ts";
import { TURN_KINDS } from "./roles.ts";
import {
  openShape,
  SHAPE_DEFAULTS,
  SHAPE_REASONS,
  SHAPES,
  type Shape,
  type ShapeColumns,
  type ShapeReason,
} from "./shapes.ts";

const columnName = z.string().min(1);
const columnNames = z.union([columnName, z.array(columnName).min(1)]);

const options = z
  .strictObject({
    shape: z
      .enum(SHAPES)
      .describe(
        "form of the conversations: `openai` (lists of role and content), `sharegpt` (of from and value), `prompt-completion`, `question-answer`, " +
          "`alpaca` (instruction, input, output), `columns` of your own, `tree` (message and replies), `glaive` (one text with USER: and ASSISTANT:)",
      ),
    column: columnNames
      .optional()
      .describe(
        "column of the list of turns, or columns whose lists follow each other; by default messages for openai, conversations for sharegpt, prompt for tree",
      ),
    system: columnName.optional().describe("column of a system prompt, which becomes the first turn where it has text"),
    user: columnNames
      .optional()
      .describe("column of the user's text, or columns that are joined, of which all but the first may be empty"),
    assistant: columnName.optional().describe("column of the assistant's text"),
    reasoning: columnName
      .optional()
      .describe("column of the reasoning behind the assistant's text; it becomes `reasoning_content`"),
    joiner: z.string().default("\n\n").describe("what stands between the texts of several columns of the user"),
    role_key: columnName.optional().describe("key of a turn's role, instead of the shape's"),
    content_key: columnName.optional().describe("key of a turn's text, instead of the shape's"),
    roles: z
      .record(z.string().min(1), z.enum(TURN_KINDS))
      .default({})
      .describe("further names of roles: `{ teacher: assistant }`; `call` is a turn that holds a function call"),
    unknown_role: z.enum(["drop", "keep"]).default("drop").describe("rows with a role that nobody knows"),
    list_content: z
      .enum(["drop", "join"])
      .default("drop")
      .describe(
        "rows whose content is a list of parts: `drop` them, or `join` parts of text, reasoning and tool calls; other parts, such as images, always drop the row",
      ),
    empty_turns: z.enum(["drop", "keep"]).default("drop").describe("rows with a turn in which nothing is said"),
    order: z
      .enum(["alternate", "any"])
      .default("alternate")
      .describe("rows in which a turn is missing, so that the same side speaks twice: drop them, or take `any` order"),
    user_last: z
      .enum(["drop", "cut", "keep"])
      .default("drop")
      .describe("rows that end without an answer: `drop` them, `cut` back to the last answer, or `keep` them"),
    keep_keys: z
      .array(columnName)
      .default(["reasoning_content", "tool_calls", "tool_call_id", "name"])
      .describe("further keys of a turn that are kept where they have a value; others are left out and counted"),
  })
  .refine(({ shape, ...given }) => shape !== "columns" || given.user !== undefined || given.column !== undefined, {
    error: "the shape columns needs user or column",
  })
  .refine((given) => given.reasoning === undefined || columnsOf(given).assistant !== undefined, {
    error: "reasoning belongs to a column of the assistant, which is not given",
  });
type Options = z.output<typeof options>;

/** The options that say where turns are. */
interface Placement {
  readonly shape: Shape;
  readonly column?: string | string[] | undefined;
  readonly system?: string | undefined;
  readonly user?: string | string[] | undefined;
  readonly assistant?: string | undefined;
  readonly reasoning?: string | undefined;
  readonly joiner: string;
  readonly role_key?: string | undefined;
  readonly content_key?: string | undefined;
}

/** Where the turns are, by what the options and the shape say. */
function columnsOf(given: Placement): ShapeColumns {
  const { lists, user, assistant, system, keys } = SHAPE_DEFAULTS[given.shape];
  return {
    shape: given.shape,
    lists: listed(given.column) ?? lists ?? [],
    system: given.system ?? system,
    user: listed(given.user) ?? user ?? [],
    assistant: given.assistant ?? assistant,
    reasoning: given.reasoning,
    joiner: given.joiner,
    roleKey: given.role_key ?? keys?.[0] ?? "role",
    contentKey: given.content_key ?? keys?.[1] ?? "content",
  };
}

function listed(names: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof names === "string" ? [names] : names;
}

function readsOf(options: Options): readonly string[] {
  const { lists, system, user, assistant, reasoning } = columnsOf(options);
  return [...lists, ...user, system, assistant, reasoning].filter((name) => name !== undefined);
}

const REASONS = { ...SHAPE_REASONS, ...MESSAGE_REASONS };
type Reason = ShapeReason | MessageReason;

const COLUMNS = [{ name: "messages", kind: "json" }] as const;

export default defineStage({
  name: "chat/messages",
  version: 1,
  kind: "transform",
  summary: "Makes messages, lists of role and content, of the forms in which data sets hold conversations.",
  options,
  reads: readsOf,
  writes: COLUMNS,
  reasons: REASONS,
  create: (options) => {
    const columns = columnsOf(options);
    const tally = new Tally(["rows", "turns"]);
    const maker = new MessageMaker(options, columns, tally);
    const open = (batch: Batch): ((row: number) => Made<Reason>) => {
      const find = openShape(batch, columns);
      return (row) => {
        const turns = find(row);
        const messages = turns instanceof Fault ? turns : maker.make(turns);
        if (messages instanceof Fault) return messages;
        tally.add("rows");
        return { messages };
      };
    };
    return transform<Reason>((batch, drop) => madeColumns(batch, COLUMNS, drop, open(batch)), { finish: tally.finish });
  },
  merge: addCounts,
  examples: [
    {
      columns: { conversations: '[{"from":"human","value":"Hi"},{"from":"gpt","value":"Hello."}]' },
      options: { shape: "sharegpt" },
      writes: { messages: '[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."}]' },
    },
    {
      columns: { instruction: "Add.", input: "1, 2", output: "3", preset: "Be brief." },
      options: { shape: "alpaca", system: "preset" },
      writes: {
        messages:
          '[{"role":"system","content":"Be brief."},{"role":"user","content":"Add.\\n\\n1, 2"},{"role":"assistant","content":"3"}]',
      },
    },
    {
      columns: { messages: '[{"role":"user","content":"1+1?"},{"role":"assistant","content":null}]' },
      options: { shape: "openai" },
      drops: "null_content",
    },
    {
      columns: { messages: '[{"role":"user","content":"1+1?"},{"role":"user","content":"Well?"}]' },
      options: { shape: "openai" },
      drops: "missing_turn",
    },
    {
      columns: { conversations: '[{"from":"narrator","value":"Once upon a time."}]' },
      options: { shape: "sharegpt" },
      drops: "unknown_role",
    },
    {
      columns: {
        prompt: '{"text":"Why?","role":"prompter","replies":[{"text":"So.","role":"assistant","replies":[]}]}',
      },
      options: { shape: "tree" },
      writes: { messages: '[{"role":"user","content":"Why?"},{"role":"assistant","content":"So."}]' },
    },
  ],
});
