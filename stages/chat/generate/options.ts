/**
 * The options of generation: which model is asked for what, with what it is sampled, and which answers are good.
 *
 * Invariant: everything that changes an answer stands here, so it is in the recipe, the plan and the fingerprint; where a model is and what key it
 * takes does not, and stands in flags and the environment.
 */
import { z } from "zod";
import { DEFAULT_ENDPOINT, ENDPOINT_NAME } from "../../../io/remote/endpoints.ts";
import { requestOptions } from "../../request-options.ts";
import { turnLanguageShape } from "../turn-language.ts";

/** Keys of a request that the stage itself writes. */
const OWN_KEYS = ["model", "messages", "tools", "seed", "stream", "stream_options", "n"];

const sampling = z.strictObject({
  temperature: z.number().min(0).optional().describe("0 takes the most probable token"),
  top_p: z.number().gt(0).max(1).optional().describe("share of the probability that is drawn from"),
  top_k: z.int().min(1).optional().describe("most probable tokens that are drawn from; not every server knows it"),
  min_p: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("least probability, as a share of the greatest; not every server knows it"),
  max_tokens: z.int().min(1).optional().describe("tokens after which an answer is cut"),
  presence_penalty: z.number().optional().describe("against tokens that occur"),
  frequency_penalty: z.number().optional().describe("against tokens that occur often"),
  repetition_penalty: z
    .number()
    .optional()
    .describe("against tokens that occur, as a factor; not every server knows it"),
  stop: z.array(z.string().min(1)).min(1).optional().describe("texts before which an answer ends"),
});

const prices = z.strictObject({
  prompt: z.number().min(0).describe("price of a million tokens of prompts"),
  completion: z.number().min(0).describe("price of a million tokens of answers, thinking included"),
  cached_prompt: z
    .number()
    .min(0)
    .optional()
    .describe("price of a million tokens of prompts that the server had in its cache"),
});

const modelShape = {
  endpoint: z
    .string()
    .regex(ENDPOINT_NAME)
    .default(DEFAULT_ENDPOINT)
    .describe("name of the endpoint; `run --endpoint NAME=URL` says where it is"),
  model: z.string().min(1).describe("model, as the server calls it"),
  sampling: sampling.prefault({}).describe("how answers are drawn; what is absent is the server's default"),
  body: z
    .record(z.string(), z.json())
    .check(({ value, issues }) => {
      const own = Object.keys(value).find((key) => OWN_KEYS.includes(key));
      if (own === undefined) return;
      issues.push({ code: "custom", message: `has ${own}, which is written by the stage itself`, input: value });
    })
    .default({})
    .describe("further keys of every request, such as `chat_template_kwargs: { enable_thinking: true }`"),
  prices: prices.optional().describe("what tokens cost, in any currency; without them only tokens are counted"),
};

export const FINISH_REASON_STOP = "stop";

const validation = z.strictObject({
  finish_reasons: z
    .array(z.string().min(1))
    .min(1)
    .default([FINISH_REASON_STOP])
    .describe("reasons to end that a good answer has; `length` says that it was cut"),
  think: z
    .enum(["any", "required", "forbidden"])
    .default("any")
    .describe("whether a good answer has a block of thinking that is not empty"),
  min_characters: z.int().min(1).default(1).describe("fewest characters of a good answer, its thinking apart"),
  max_characters: z.int().min(1).optional().describe("most characters of a good answer, its thinking apart"),
  min_tokens: z.int().min(1).optional().describe("fewest tokens, thinking included, as the server counts them"),
  max_tokens: z.int().min(1).optional().describe("most tokens, thinking included, as the server counts them"),
  json: z
    .enum(["any", "value", "object"])
    .default("any")
    .describe("whether a good answer is a JSON `value`, or a JSON `object`"),
  language: z
    .strictObject(turnLanguageShape)
    .optional()
    .describe(
      "languages that a good answer is in, its thinking apart; by a fastText model, as `chat/language` judges a turn",
    ),
});

const timeouts = z.strictObject({
  connect_ms: z.int().min(1).default(10_000).describe("milliseconds until the connection stands"),
  first_byte_ms: z
    .int()
    .min(1)
    .default(1_800_000)
    .describe("milliseconds until the first byte; without `stream` that is the whole answer"),
  silence_ms: z.int().min(1).default(120_000).describe("milliseconds between two pieces of an answer"),
  total_ms: z.int().min(1).default(3_600_000).describe("milliseconds for all of it"),
});

const writerPrompt = `You write what the user says next in the conversation below. Ask for a change of the last answer, with one further
instruction that a program can check: a number of words, sentences or paragraphs, a word that must or must not occur, a format, upper or lower
case, how it begins or ends. Take none of the earlier instructions back. Write the message of the user and nothing else.

{conversation}`;

const multiTurn = z.strictObject({
  turns: z.int().min(1).max(16).describe("further turns of the user that are written, and answered"),
  writer: z
    .strictObject({
      ...modelShape,
      prompt: z
        .string()
        .refine((text) => text.includes("{conversation}"), {
          message: "needs `{conversation}`, where the turns so far stand",
        })
        .default(writerPrompt)
        .describe("what the writer is asked; the turns so far stand for `{conversation}`"),
    })
    .describe("the model that writes them"),
});

const toolLoop = z.strictObject({
  tools: z.array(z.string().min(1)).min(1).describe("tools that the model may call; the stage runs them"),
  max_steps: z.int().min(1).max(100).default(10).describe("answers after which a row that still calls tools falls"),
});

const preference = z.strictObject({
  rejected: z.strictObject(modelShape).describe("the model whose answer is the rejected one"),
});

export const generateOptions = z
  .strictObject({
    ...modelShape,
    messages: z.string().min(1).default("messages").describe("column of JSON that holds the turns"),
    prompt: z
      .enum(["last_user", "first_user", "every_user", "whole"])
      .default("last_user")
      .describe(
        "what is answered: the turns up to the `last_user` or the `first_user`; `every_user` turn anew, one after the other; or the `whole`, which must end with a user or a tool",
      ),
    system: z
      .string()
      .min(1)
      .optional()
      .describe("system turn of requests, instead of the row's own; it is not written"),
    system_column: z
      .string()
      .min(1)
      .optional()
      .describe(
        "column, or path into a column of JSON, with the system turn of the row's requests, such as `chat_template_kwargs.custom_instructions`",
      ),
    tools: z
      .string()
      .min(1)
      .optional()
      .describe("column of JSON with the schemas of tools that requests name; nothing is run"),
    seed: z
      .union([z.enum(["row", "none"]), z.int().min(0).max(0x7fff_ffff)])
      .default("row")
      .describe(
        "seed of requests: another one for each `row` and answer, which follows from the recipe's; one for all; or `none`",
      ),
    n: z.int().min(1).max(64).default(1).describe("answers of which one is chosen"),
    choose: z
      .enum(["first", "longest", "shortest", "most_common"])
      .default("first")
      .describe(
        "which of the good answers: the `first`, and no more are asked for than it takes; of equal ones the first",
      ),
    reasoning: z
      .enum(["apart", "inline"])
      .default("apart")
      .describe("where thinking goes: to `reasoning_content`, `apart`; or into the content, `inline` between the tags"),
    think_tags: z
      .strictObject({
        open: z.string().min(1).default("<think>").describe("begins thinking"),
        close: z.string().min(1).default("</think>").describe("ends it"),
      })
      .prefault({})
      .describe("what thinking stands between, where a model writes it into its answer"),
    into: z
      .string()
      .min(1)
      .optional()
      .describe(
        "column that the answer is written to, instead of a turn behind the others; thinking that is apart goes to `NAME_reasoning`",
      ),
    multi_turn: multiTurn
      .optional()
      .describe("have a model write further turns of the user, each of which is answered"),
    tool_loop: toolLoop.optional().describe("run the tools that the model calls, until it answers"),
    preference: preference
      .optional()
      .describe("write pairs: the answer is the chosen one, that of another model the rejected one"),
    validation: validation.prefault({}).describe("what answers must be; a row without a good one falls"),
    failed: z
      .enum(["stop", "drop"])
      .default("stop")
      .describe("when all attempts at a call have failed: `stop` the run, or `drop` the row, until 20 in a row have"),
    stream: z
      .boolean()
      .default(false)
      .describe("have answers sent while they are made, so that silence tells a server that hangs"),
    timeouts: timeouts.prefault({}).describe("how long a call may take"),
    ...requestOptions,
    concurrency: z
      .int()
      .min(1)
      .max(4096)
      .default(64)
      .describe("calls that are out at once at the endpoint, over all workers"),
    attempts: z.int().min(1).max(100).default(10).describe("attempts at one call, the first included"),
  })
  .check(({ value, issues }) => {
    const refuse = (path: string, message: string): void => {
      issues.push({ code: "custom", path: [path], message, input: value });
    };
    const forms = (["multi_turn", "tool_loop", "preference"] as const).filter((form) => value[form] !== undefined);
    const [form, other] = forms;
    if (form !== undefined && other !== undefined) refuse(other, `cannot stand beside \`${form}\``);
    if (form !== undefined && value.into !== undefined) refuse("into", `cannot stand beside \`${form}\``);
    if (value.into === value.messages) refuse("into", "is the column of the turns; leave it out");
    if (value.into !== undefined && value.prompt === "every_user")
      refuse("into", "holds one answer, and `every_user` has several");
    if (value.system !== undefined && value.system_column !== undefined)
      refuse("system_column", "cannot stand beside `system`");
    if (value.tool_loop !== undefined && value.n > 1) refuse("n", "must be 1 beside `tool_loop`");
    if (value.tool_loop !== undefined && value.tools !== undefined) refuse("tools", "cannot stand beside `tool_loop`");
    if (value.tool_loop !== undefined && value.prompt === "every_user")
      refuse("prompt", "cannot be `every_user` beside `tool_loop`");
    if (value.preference !== undefined && value.prompt === "every_user")
      refuse("prompt", "cannot be `every_user` beside `preference`");
  });

export type GenerateOptions = z.output<typeof generateOptions>;
export type ModelOptions = Pick<GenerateOptions, "endpoint" | "model" | "sampling" | "body" | "prices">;
