/**
 * Renders conversations with a chat template: the end of a pipeline of chats.
 *
 * Owns `text`, `loss_ranges` and `literal_ranges`. Invariant: the text is what transformers renders on the recipe's day, and what is trained on is
 * what the template marks, or what renderings of its parts prove: a row whose mask cannot be told dies with a reason. Price: see
 * `rendered-chat.ts`. Its state counts rows, turns and supervised bytes of what was rendered; its figures, bytes of the rows that stay.
 */
import { z } from "zod";
import type { Batch } from "../../batch/batch.ts";
import { RangeListBuilder, Utf8Builder } from "../../batch/builder.ts";
import type { Column } from "../../batch/column.ts";
import { RecipeError } from "../../batch/errors.ts";
import type { Tokenizer } from "../../kernels/bpe/tokenizer.ts";
import { assetPath, defineStage, transform } from "../define.ts";
import { encodingOption, fileOption, openVocabulary, vocabularyRef } from "../tokenize/vocabulary-option.ts";
import { ChatTemplate } from "./chat-template.ts";
import { ControlTokens } from "./control-tokens.ts";
import { type Messages, withEntries } from "./conversation.ts";
import { addCounts } from "./counts.ts";
import { JsonRows } from "./json-rows.ts";
import { bytesIn, TRAIN_ON } from "./loss-ranges.ts";
import { PairTokens } from "./pair-tokens.ts";
import { countRendered, renderTally } from "./render-counts.ts";
import { type Chat, ChatRenderer, RENDER_REASONS } from "./rendered-chat.ts";
import { SHIPPED_NAMES } from "./shipped-templates.ts";
import {
  BadRow,
  kwargsOf,
  messagesOf,
  ROW_REASONS,
  readCell,
  rolesOption,
  toolsOf,
  withArguments,
} from "./template-inputs.ts";

const options = z
  .strictObject({
    template: z
      .union([z.enum(SHIPPED_NAMES), assetPath()])
      .describe(
        "`smollm3` (as it was trained), `smollm3-shipped` (as it answers), `chatml`; or a file: a `.jinja`, or a model's `tokenizer_config.json`",
      ),
    date: z.iso
      .date()
      .optional()
      .describe("day that the template prints, such as 2025-07-08; needed where it prints one"),
    conversation: z
      .enum(["messages", "chosen", "rejected"])
      .default("messages")
      .describe(
        "column that is rendered; `chosen` and `rejected` as TRL's DPO: trained on is what follows the prompt that both share",
      ),
    train_on: z
      .enum(TRAIN_ON)
      .optional()
      .describe(
        "what is trained on: every turn of the `assistant` (by default), the `last_assistant`'s, or `all` of the text",
      ),
    empty_think: z
      .enum(["supervise", "mask"])
      .default("supervise")
      .describe("whether an empty think block at the beginning of a turn is trained on, as SmolLM3 was"),
    control_tokens: z
      .enum(["parse", "text"])
      .default("parse")
      .describe(
        "what special tokens are that a message spells: those tokens, as for transformers, or `text` (`literal_ranges`)",
      ),
    tokenizer: fileOption.describe(
      "tokenizer.json whose special tokens `control_tokens` means, beside those that the template's file names; of a pair, finds the completion by tokens, as TRL does, and not by bytes",
    ),
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
    roles: rolesOption,
  })
  .refine(({ conversation, train_on }) => conversation === "messages" || train_on === undefined, {
    error: "of chosen and rejected the completion is trained on: leave train_on out",
  })
  .refine(({ tokenizer, encoding }) => tokenizer === undefined || encoding === undefined, {
    error: "give tokenizer or encoding, not both",
  })
  .refine(({ template, date }) => date !== undefined || typeof template !== "string" || template === "chatml", {
    error: "this template prints the day: give the stage a `date`, such as 2025-07-08",
  });
type Options = z.output<typeof options>;

const REASONS = { ...ROW_REASONS, ...RENDER_REASONS };

/** What may be read of a row, beside conversations. */
const KWARGS = "chat_template_kwargs";
const TOOLS = "tools";
/** The other column of a pair. */
const OTHER = { messages: undefined, chosen: "rejected", rejected: "chosen" } as const;

function controlTokensOf({ control_tokens }: Options, template: ChatTemplate, tokenizer: Tokenizer | undefined) {
  const added = tokenizer?.model.addedTokens ?? [];
  const names = [...template.controlTokens, ...added.flatMap(({ special, content }) => (special ? [content] : []))];
  if (control_tokens === "text" && names.length === 0) throw noTokens();
  return new ControlTokens(names, template.text);
}

function noTokens(): RecipeError {
  return new RecipeError({
    code: "recipe/no-control-tokens",
    what: "`control_tokens: text` and no special tokens that are known",
    why: "those that messages spell could not be told from text",
    fix: "give the stage the `tokenizer` that the recipe tokenizes with",
  });
}

export default defineStage({
  name: "chat/render",
  version: 2,
  kind: "transform",
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
  figures: ["text_bytes", "supervised_bytes"],
  create: (given, { assets }) => {
    const spans = given.train_on !== "all" && given.conversation === "messages";
    const template = new ChatTemplate({ ...given, spans }, assets);
    const isNamed = given.tokenizer !== undefined || given.encoding !== undefined;
    const tokenizer = isNamed ? openVocabulary(vocabularyRef(given.tokenizer, given.encoding), assets) : undefined;
    const pairTokens =
      tokenizer !== undefined && given.conversation !== "messages" ? new PairTokens(tokenizer) : undefined;
    const renderer = new ChatRenderer(template, controlTokensOf(given, template, tokenizer), given, pairTokens);
    const roles = new Set(given.roles);
    const tally = renderTally();

    /** What reads rows of `batch`; throws {@link BadRow}. */
    const reader = (batch: Batch): ((row: number) => Chat) => {
      const rowsOf = (name: string) => (batch.column(name) === undefined ? undefined : new JsonRows(batch, name));
      const [tools, kwargs] = [rowsOf(TOOLS), rowsOf(KWARGS)];
      const conversation = (name: string): ((row: number) => Messages) => {
        const rows = rowsOf(name);
        return (row) => {
          const messages = messagesOf(readCell(rows, row, name, "bad_messages"), roles, name);
          return given.tool_arguments === "mapping" ? messages.map(withArguments) : messages;
        };
      };
      const messages = conversation(given.conversation);
      const otherName = OTHER[given.conversation];
      const other = otherName === undefined ? undefined : conversation(otherName);
      return (row) => {
        const variables = kwargsOf(readCell(kwargs, row, KWARGS, "bad_kwargs"));
        // What a row hands over comes last, its `tools` too.
        const own = variables.get(TOOLS);
        const rest = own === undefined ? variables : withEntries(variables, { [TOOLS]: undefined });
        return {
          messages: messages(row),
          other: other?.(row),
          tools: toolsOf(own === undefined ? readCell(tools, row, TOOLS, "bad_tools") : own),
          kwargs: rest,
        };
      };
    };

    return transform<keyof typeof REASONS>(
      (batch, drop, _report, figure) => {
        const read = reader(batch);
        const text = new Utf8Builder(1 << 16, batch.rows);
        const loss = new RangeListBuilder();
        const literals = new RangeListBuilder();
        for (let row = 0; row < batch.rows; row++) {
          if (batch.alive.has(row)) {
            try {
              const chat = renderer.render(read(row));
              countRendered(tally, chat);
              figure?.(row, "text_bytes", chat.text.length);
              figure?.(row, "supervised_bytes", bytesIn(chat.loss));
              text.appendPart(chat.text);
              loss.append(chat.loss);
              literals.append(chat.literals);
            } catch (error) {
              if (!(error instanceof BadRow)) throw error;
              drop(row, error.reason as keyof typeof REASONS, undefined, error.detail);
            }
          }
          text.endRow();
          loss.endRow();
          literals.endRow();
        }
        return new Map<string, Column>([
          ["text", text.finish()],
          ["loss_ranges", loss.finish()],
          ["literal_ranges", literals.finish()],
        ]);
      },
      { finish: tally.finish },
    );
  },
  merge: addCounts,
  examples: [
    {
      columns: { messages: '[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."}]' },
      options: { template: "chatml" },
      becomes: "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n",
    },
    {
      columns: { messages: '[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."}]' },
      options: { template: "chatml" },
      writes: { loss_ranges: [52, 69], literal_ranges: [] },
    },
    {
      columns: { messages: '[{"role":"narrator","content":"Once."}]' },
      options: { template: "chatml" },
      drops: "unknown_role",
    },
    {
      columns: { messages: '[{"role":"user","content":"Hi"}]' },
      options: { template: "smollm3", date: "2025-07-08" },
      keeps: true,
    },
    {
      columns: { messages: '[{"role":"user"}]' },
      options: { template: "smollm3", date: "2025-07-08" },
      drops: "bad_messages",
    },
  ],
});
