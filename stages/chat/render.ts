/**
 * Renders conversations with a chat template: the end of a pipeline of chats.
 *
 * Owns `text`, `loss_ranges` and `literal_ranges`. Invariant: the text is what transformers renders on the recipe's day, and what is trained on is
 * what the template marks, or what renderings of its parts prove: a row whose mask cannot be told dies with a reason. Price: see
 * `rendered-chat.ts`. Its state counts rows, turns and supervised bytes.
 */
import { z } from "zod";
import { type Batch, MAX_ROW_BYTES } from "../../batch/batch.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import type { Column } from "../../batch/column.ts";
import { TemplateError } from "../../kernels/jinja/errors.ts";
import { type Assets, assetPath, defineStage, transform } from "../define.ts";
import { encodingOption, fileOption, openVocabulary, vocabularyRef } from "../tokenize/vocabulary-option.ts";
import { ChatTemplate } from "./chat-template.ts";
import { BadRow, JsonCells, kwargsOf, messagesOf, ROW_REASONS, toolsOf, withArguments } from "./chat-values.ts";
import { ControlTokens } from "./control-tokens.ts";
import { NoMask, TRAIN_ON } from "./loss-spans.ts";
import { RangeListBuilder } from "./range-list-builder.ts";
import { mergeRenderCounts, RenderCounts } from "./render-counts.ts";
import { type Chat, ChatRenderer } from "./rendered-chat.ts";
import { SHIPPED_NAMES } from "./shipped-templates.ts";

const options = z
  .strictObject({
    template: z
      .union([z.enum(SHIPPED_NAMES), assetPath()])
      .describe(
        "`smollm3` (as it was trained), `smollm3-shipped` (as it answers), `chatml`; or a file: a `.jinja`, or a model's `tokenizer_config.json`",
      ),
    date: z.iso.date().optional().describe("day that the template prints, such as 2025-07-08; needed where it prints one"),
    conversation: z
      .enum(["messages", "chosen", "rejected"])
      .default("messages")
      .describe("column that is rendered; `chosen` and `rejected` as TRL's DPO: trained on is what follows the prompt that both share"),
    train_on: z
      .enum(TRAIN_ON)
      .optional()
      .describe("what is trained on: every turn of the `assistant` (by default), the `last_assistant`'s, or `all` of the text"),
    empty_think: z
      .enum(["supervise", "mask"])
      .default("supervise")
      .describe("whether an empty think block at the beginning of a turn is trained on, as SmolLM3 was"),
    control_tokens: z
      .enum(["parse", "text"])
      .default("parse")
      .describe("what special tokens are that a message spells: those tokens, as for transformers, or `text` (`literal_ranges`)"),
    tokenizer: fileOption.describe("tokenizer.json whose special tokens `control_tokens` means, beside those that the template's file names"),
    encoding: encodingOption,
    special_tokens: z
      .record(z.string(), z.string())
      .default({})
      .describe("special tokens that the template asks for by name, `bos_token: <s>`, over those in its file"),
    variables: z
      .record(z.string(), z.json())
      .default({})
      .describe("further variables of the template, under those of a row's `chat_template_kwargs`"),
    transformers: z
      .union([z.literal(5), z.literal(4)])
      .default(5)
      .describe("version whose preparation of messages is meant: 5 leaves keys without a value out"),
    tool_arguments: z
      .enum(["mapping", "as_is"])
      .default("mapping")
      .describe("arguments of tool calls that files have as JSON text: what they say, or the text"),
    roles: z
      .array(z.string().min(1))
      .default(["system", "developer", "user", "assistant", "tool"])
      .describe("roles that messages may have: a template passes over others without a word"),
  })
  .refine(({ conversation, train_on }) => conversation === "messages" || train_on === undefined, {
    error: "of chosen and rejected the completion is trained on: leave train_on out",
  })
  .refine(({ template, date }) => date !== undefined || typeof template !== "string" || template === "chatml", {
    error: "this template prints the day: give the stage a `date`, such as 2025-07-08",
  });
type Options = z.output<typeof options>;

const REASONS = {
  ...ROW_REASONS,
  template_error: "the template refuses the conversation",
  template_limit: "the template takes too long over the conversation, or makes too long a text of it",
  no_mask: "what the assistant wrote cannot be told: the template has no markers, and renderings of its parts do not fit together",
  unclear_control_token: "the template prints special tokens of a message in a way that cannot be followed",
  no_text: "the template makes nothing of the conversation",
} as const;

/** What may be read of a row, beside conversations. */
const KWARGS = "chat_template_kwargs";
const TOOLS = "tools";

function controlTokensOf({ control_tokens, tokenizer, encoding }: Options, template: ChatTemplate, assets: Assets) {
  const named = tokenizer !== undefined || encoding !== undefined;
  const added = named ? openVocabulary(vocabularyRef(tokenizer, encoding), assets).model.addedTokens : [];
  const names = [...template.controlTokens, ...added.flatMap(({ special, content }) => (special ? [content] : []))];
  if (control_tokens === "text" && names.length === 0) throw noTokens();
  return new ControlTokens(names, template.text);
}

export default defineStage({
  name: "chat/render",
  version: 1,
  kind: "transform",
  shows_state: true,
  summary: "Renders conversations with a chat template, and marks what the assistant wrote as what is trained on.",
  reference:
    "transformers 5.24.0 `apply_chat_template` with `return_assistant_tokens_mask`; TRL 1.16.0 for `tools`, `chat_template_kwargs` and pairs",
  options,
  reads: ({ conversation }) => (conversation === "messages" ? ["messages"] : ["chosen", "rejected"]),
  writes: [
    { name: "text", kind: "utf8" },
    { name: "loss_ranges", kind: "range_list" },
    { name: "literal_ranges", kind: "range_list" },
  ],
  reasons: REASONS,
  create: (given, { assets }) => {
    const template = new ChatTemplate(given, assets);
    const renderer = new ChatRenderer(template, controlTokensOf(given, template, assets), given);
    const roles = new Set(given.roles);
    const counts = new RenderCounts();
    const isPair = given.conversation !== "messages";

    const reader = (batch: Batch) => {
      const cells = (name: string, reason: keyof typeof ROW_REASONS) => new JsonCells(batch, name, reason);
      const messages = cells(given.conversation, "bad_messages");
      const other = isPair ? cells(given.conversation === "chosen" ? "rejected" : "chosen", "bad_messages") : undefined;
      const [tools, kwargs] = [cells(TOOLS, "bad_tools"), cells(KWARGS, "bad_kwargs")];
      const conversation = (from: JsonCells, row: number) => {
        const found = messagesOf(from.read(row), roles, from.name);
        return given.tool_arguments === "mapping" ? found.map(withArguments) : found;
      };
      return (row: number): Chat => {
        const variables = kwargsOf(kwargs.read(row));
        // What a row hands over comes last, its `tools` too.
        const own = variables.has(TOOLS) ? variables.get(TOOLS) : tools.read(row);
        return {
          messages: conversation(messages, row),
          other: other && conversation(other, row),
          tools: toolsOf(own ?? null),
          kwargs: new Map([...variables].filter(([name]) => name !== TOOLS)),
        };
      };
    };

    return transform<keyof typeof REASONS>(
      (batch, drop) => {
        const read = reader(batch);
        const text = new Utf8Builder(batch.text.data.length, batch.rows);
        const [loss, literals] = [new RangeListBuilder(batch.rows), new RangeListBuilder(batch.rows)];
        for (let row = 0; row < batch.rows; row++) {
          const made = batch.alive.has(row) ? attempt(() => renderer.render(read(row))) : undefined;
          if (made instanceof Fault) drop(row, made.reason, undefined, made.detail);
          else if (made !== undefined) {
            counts.add(made);
            text.appendString(made.text);
            loss.add(made.loss);
            literals.add(made.literals);
          }
          if (made === undefined || made instanceof Fault) text.appendString("");
          loss.endRow();
          literals.endRow();
        }
        return new Map<string, Column>([
          ["text", text.finish()],
          ["loss_ranges", loss.finish()],
          ["literal_ranges", literals.finish()],
        ]);
      },
      () => counts.finish(),
    );
  },
  merge: mergeRenderCounts,
  examples: [],
});
