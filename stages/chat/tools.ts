/**
 * Tools and their calls from the forms of data sets to one: OpenAI's `tools` and `tool_calls`, or the strings of SmolTalk2.
 *
 * Owns which tools a row has and what becomes of the system's text that named them. Invariant: every call is read, whatever is written, so no broken
 * one comes through; a text that is already in the form that is asked for stays as it is, character for character.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { pythonLiteral } from "../../kernels/json/python-literal.ts";
import { type JsonValue, jsonText } from "../../kernels/json/value.ts";
import { defineStage } from "../define.ts";
import { BAD_MESSAGES, conversationTransform, Fault, type MadeColumn, type Messages } from "./conversation.ts";
import { addCounts, Tally } from "./counts.ts";
import { JsonRows } from "./json-rows.ts";
import { systemTools, type ToolFormat } from "./system-tools.ts";
import { NoTools, openaiTool, type Tool, toolsOf, toolsText } from "./tool-lists.ts";
import { TurnWriter } from "./tool-turns.ts";

const options = z
  .strictObject({
    format: z
      .enum(["hermes", "xlam", "glaive", "openai"])
      .describe(
        "form of the data set: `hermes` (tools between <tools> marks of the system's text, <tool_call>), `xlam` (answers that are lists of calls), " +
          "`glaive` (functions in the system's text, <functioncall>), `openai` (tools and tool_calls)",
      ),
    column: z
      .string()
      .min(1)
      .optional()
      .describe(
        "column of the tools, a list or a text that holds one; without it they are looked for in the system's text",
      ),
    to: z
      .enum(["native", "xml", "python"])
      .default("native")
      .describe(
        "what is written: `native`, the column tools and tool_calls of turns; `xml`, the column xml_tools, a list of one string, and <tool_call> in " +
          "texts; `python`, python_tools and <code>",
      ),
    tools_text: z
      .enum(["keep", "python", "json"])
      .default("keep")
      .describe(
        "spelling of the tools in that string: as the system's text has it, where it is from there, else Python's, which SmolTalk2 has; or one of the two",
      ),
    calls: z
      .enum(["keep", "blocks", "list"])
      .default("keep")
      .describe(
        "spelling of calls in texts: `keep` what has the form already, else a <tool_call> for each (`blocks`) or one for the `list` of a turn's calls",
      ),
    system: z
      .enum(["drop", "cut", "keep"])
      .default("drop")
      .describe("the system's text that named the tools: `drop` it, `cut` the tools out of it, or `keep` it whole"),
    double_encoded: z
      .enum(["decode", "drop"])
      .default("decode")
      .describe("calls whose arguments are a text where an object belongs: `decode` and count them, or drop the row"),
    unknown_function: z
      .enum(["keep", "drop"])
      .default("keep")
      .describe("rows that call a function that is none of their tools; they are counted"),
    without_tools: z.enum(["keep", "drop"]).default("keep").describe("rows that have no tools"),
  })
  .refine(({ to, calls }) => to === "xml" || calls === "keep", { error: "calls are spelled in texts only: to: xml" });
type Options = z.output<typeof options>;

const REASONS = {
  ...BAD_MESSAGES,
  broken_tools: "the tools are no list of objects with names",
  broken_call: "a call of a tool is no JSON, or has no name, or no object of arguments",
  double_encoded: "the arguments of a call are a text where an object belongs",
  unknown_function: "a function is called that is none of the tools",
  no_tools: "the row has no tools",
  not_python: "a function or an argument has a name that is none of Python's",
};
type Reason = keyof typeof REASONS;

const COLUMNS: Readonly<Record<Options["to"], string>> = {
  native: "tools",
  xml: "xml_tools",
  python: "python_tools",
};

function columnsOf({ to }: Options): readonly MadeColumn[] {
  return ["messages", COLUMNS[to]].map((name) => ({ name, kind: "json" }));
}

const SPELLINGS: Readonly<Record<"python" | "json", (value: JsonValue) => string>> = {
  python: pythonLiteral,
  json: (value) => jsonText(value, { spaces: true }),
};

/** Tools of a row, and its messages without what named them. */
interface ToolRow {
  readonly tools: readonly Tool[];
  readonly messages: Messages;
  /** The tools as the system's text has them. */
  readonly text: string | undefined;
}

/** The value of the column of tools. */
function columnValue({ to, tools_text }: Options, { tools, text }: ToolRow): JsonValue {
  if (to === "native") return tools.map(openaiTool);
  if (tools.length === 0) return [];
  if (tools_text === "keep" && text !== undefined) return [text];
  return [toolsText(tools, SPELLINGS[tools_text === "json" ? "json" : "python"])];
}

function findTools(
  messages: Messages,
  cell: ReturnType<JsonRows["read"]> | undefined,
  format: ToolFormat,
  system: Options["system"],
): ToolRow | Fault<Reason> {
  const named = systemTools(messages, format, system);
  if (named instanceof NoTools) return new Fault("broken_tools", named.detail);
  if (cell === undefined || cell === null) return named;
  const tools = cell instanceof Error ? new NoTools(cell.message) : toolsOf(cell);
  if (tools instanceof NoTools) return new Fault("broken_tools", tools.detail);
  return { ...named, tools: tools.length > 0 ? tools : named.tools };
}

export default defineStage({
  name: "chat/tools",
  version: 1,
  kind: "transform",
  summary: "Reads tools and their calls in the forms of data sets, and writes them in one.",
  reference: "SmolTalk2's xml_tools: one string of <tools>, holding a list as Python prints it",
  options,
  reads: ({ column }) => ["messages", ...(column === undefined ? [] : [column])],
  writes: columnsOf,
  reasons: ({ double_encoded, unknown_function, without_tools, to }) => {
    const { double_encoded: encoded, unknown_function: unknown, no_tools, not_python, ...always } = REASONS;
    return {
      ...always,
      ...(double_encoded === "drop" && { double_encoded: encoded }),
      ...(unknown_function === "drop" && { unknown_function: unknown }),
      ...(without_tools === "drop" && { no_tools }),
      ...(to === "python" && { not_python }),
    };
  },
  create: (options) => {
    const tally = new Tally([
      "rows",
      "rows_with_tools",
      "tools",
      "calls",
      "responses",
      "double_encoded_calls",
      "unknown_function_calls",
    ]);
    const columns = columnsOf(options);
    const open = (batch: Batch) => {
      const given = options.column === undefined ? undefined : new JsonRows(batch, options.column);
      return (messages: Messages, row: number) => {
        const found = findTools(messages, given?.read(row), options.format, options.system);
        if (found instanceof Fault) return found;
        const { tools } = found;
        if (tools.length === 0 && options.without_tools === "drop") return new Fault<Reason>("no_tools");
        const turns = new TurnWriter(options, new Set(tools.map(({ name }) => name)));
        const written = turns.write(found.messages);
        if (written instanceof Fault) return written;
        tally.add("rows");
        tally.add("rows_with_tools", Number(tools.length > 0));
        tally.add("tools", tools.length);
        for (const [name, count] of Object.entries(turns.counts)) tally.add(name, count);
        return { messages: written, [COLUMNS[options.to]]: columnValue(options, found) };
      };
    };
    return conversationTransform<Reason>(columns, open, tally.finish);
  },
  merge: addCounts,
  examples: [
    {
      columns: {
        messages:
          '[{"role":"system","content":"You call functions. <tools>[{\'name\': \'add\', \'strict\': True}]</tools>"},{"role":"user","content":"1+2?"},' +
          '{"role":"assistant","content":"<tool_call>\\n{\\"name\\": \\"add\\", \\"arguments\\": {\\"a\\": 1.0, \\"b\\": 2}}\\n</tool_call>"}]',
      },
      options: { format: "hermes", to: "xml" },
      writes: {
        messages:
          '[{"role":"user","content":"1+2?"},{"role":"assistant","content":"<tool_call>\\n{\\"name\\": \\"add\\", \\"arguments\\": {\\"a\\": 1.0, \\"b\\": 2}}\\n</tool_call>"}]',
        xml_tools: "[\"<tools>[{'name': 'add', 'strict': True}]</tools>\"]",
      },
    },
    {
      columns: {
        messages:
          '[{"role":"user","content":"1+2?"},{"role":"assistant","content":"[{\\"name\\":\\"add\\",\\"arguments\\":{\\"a\\":1.0}}]"}]',
        functions: '[{"name":"add"}]',
      },
      options: { format: "xlam", column: "functions" },
      writes: {
        messages:
          '[{"role":"user","content":"1+2?"},{"role":"assistant","content":"","tool_calls":[{"type":"function","function":{"name":"add","arguments":{"a":1.0}}}]}]',
        tools: '[{"type":"function","function":{"name":"add"}}]',
      },
    },
    {
      columns: {
        messages:
          '[{"role":"user","content":"1+2?"},{"role":"assistant","content":"<functioncall> {\\"name\\": \\"add\\", \\"arguments\\": \'{\\"a\\": 1\'}"}]',
      },
      options: { format: "glaive" },
      drops: "broken_call",
    },
  ],
});
