/**
 * Builds `chat_template_kwargs`: what a chat template is told beside the messages.
 *
 * Owns the object's form, that of SmolTalk2: instructions or null, whether the assistant thinks, two lists of tools. Invariant: the four keys are
 * always there, in this order; a row whose turns say another thing about thinking than the option falls. Price: a small object a row.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { isJsonList, type JsonValue } from "../../kernels/json/value.ts";
import { defineStage } from "../define.ts";
import { BAD_MESSAGES, conversationTransform, Fault, type Messages, roleOf } from "./conversation.ts";
import { addCounts, Tally } from "./counts.ts";
import { JsonRows, TextRows } from "./json-rows.ts";
import { thinks } from "./traces.ts";

const columnName = z.string().min(1).optional();

const options = z.strictObject({
  column: z.string().min(1).default("messages").describe("column of the conversations; `chosen` for pairs"),
  enable_thinking: z
    .union([z.boolean(), z.literal("detect")])
    .describe("whether the assistant thinks, or `detect`: it does where a turn of its has a reasoning trace"),
  mismatch: z
    .enum(["drop", "keep"])
    .default("drop")
    .describe(
      "rows that say otherwise than enable_thinking: a trace where there should be none, which a template would give a second think block, or none",
    ),
  custom_instructions: columnName.describe("column of the instructions, such as chat/system writes; none when absent"),
  xml_tools: columnName.describe("column of a list of strings, such as chat/tools writes; an empty list when absent"),
  python_tools: columnName.describe("column of a list of strings; an empty list when absent"),
});

const REASONS = {
  ...BAD_MESSAGES,
  thinks: "a turn has a reasoning trace though enable_thinking is false",
  does_not_think: "no turn has a reasoning trace though enable_thinking is true",
  bad_tools: "a column of tools is no list of strings",
};
type Reason = keyof typeof REASONS;

const COLUMNS = [{ name: "chat_template_kwargs", kind: "json" }] as const;

/** A list of strings of a row, empty where the column or the value is absent; undefined where it is something else. */
function stringsIn(rows: JsonRows | undefined, row: number): readonly JsonValue[] | undefined {
  const value = rows?.read(row) ?? [];
  if (value instanceof Error || !isJsonList(value)) return undefined;
  return value.every((item) => typeof item === "string") ? value : undefined;
}

function mismatchIn(wanted: boolean, isThinking: boolean): "thinks" | "does_not_think" | undefined {
  if (wanted === isThinking) return undefined;
  return isThinking ? "thinks" : "does_not_think";
}

export default defineStage({
  name: "chat/kwargs",
  version: 1,
  kind: "transform",
  summary: "Builds chat_template_kwargs: instructions, whether to think, tools.",
  reference: "HuggingFaceTB/smoltalk2: chat_template_kwargs",
  options,
  reads: ({ column, custom_instructions, xml_tools, python_tools }) =>
    [column, custom_instructions, xml_tools, python_tools].filter((name) => name !== undefined),
  writes: COLUMNS,
  reasons: ({ enable_thinking, mismatch }) => {
    const { thinks: isThinking, does_not_think, ...always } = REASONS;
    return {
      ...always,
      ...(mismatch === "drop" && enable_thinking === false && { thinks: isThinking }),
      ...(mismatch === "drop" && enable_thinking === true && { does_not_think }),
    };
  },
  create: ({ column, enable_thinking, mismatch, ...names }) => {
    const tally = new Tally(["rows", "rows_with_instructions", "rows_with_tools", "rows_thinking", "mismatches"]);
    const open = (batch: Batch) => {
      const instructions =
        names.custom_instructions === undefined ? undefined : new TextRows(batch, names.custom_instructions);
      const xml = names.xml_tools === undefined ? undefined : new JsonRows(batch, names.xml_tools);
      const python = names.python_tools === undefined ? undefined : new JsonRows(batch, names.python_tools);
      return (messages: Messages, row: number) => {
        const isThinking = messages.some((message) => roleOf(message) === "assistant" && thinks(message));
        const enabled = enable_thinking === "detect" ? isThinking : enable_thinking;
        const problem = mismatchIn(enabled, isThinking);
        if (problem !== undefined && mismatch === "drop") return new Fault<Reason>(problem);
        const [xmlTools, pythonTools] = [stringsIn(xml, row), stringsIn(python, row)];
        if (xmlTools === undefined || pythonTools === undefined) return new Fault<Reason>("bad_tools");
        const text = instructions?.read(row) ?? null;
        tally.add("rows");
        tally.add("rows_with_instructions", Number(text !== null));
        tally.add("rows_with_tools", Number(xmlTools.length + pythonTools.length > 0));
        tally.add("rows_thinking", Number(enabled));
        tally.add("mismatches", Number(problem !== undefined));
        const kwargs = new Map<string, JsonValue>([
          ["custom_instructions", text],
          ["enable_thinking", enabled],
          ["python_tools", pythonTools],
          ["xml_tools", xmlTools],
        ]);
        return { chat_template_kwargs: kwargs };
      };
    };
    return conversationTransform<Reason>(COLUMNS, open, tally.finish, column);
  },
  merge: addCounts,
  examples: [
    {
      columns: { messages: '[{"role":"assistant","content":"2"}]', custom_instructions: "Be brief." },
      options: { enable_thinking: false, custom_instructions: "custom_instructions" },
      writes: {
        chat_template_kwargs:
          '{"custom_instructions":"Be brief.","enable_thinking":false,"python_tools":[],"xml_tools":[]}',
      },
    },
    {
      columns: { messages: '[{"role":"assistant","content":"<think>\\nTwo.\\n</think>\\n\\n2"}]' },
      options: { enable_thinking: "detect" },
      writes: {
        chat_template_kwargs: '{"custom_instructions":null,"enable_thinking":true,"python_tools":[],"xml_tools":[]}',
      },
    },
    {
      columns: { messages: '[{"role":"assistant","content":"<think>\\nTwo.\\n</think>\\n\\n2"}]' },
      options: { enable_thinking: false },
      drops: "thinks",
    },
  ],
});
