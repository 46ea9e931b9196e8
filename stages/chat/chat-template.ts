/**
 * The chat template of a stage: found, compiled, and given what transformers' `apply_chat_template` would give it.
 *
 * Invariant: the text is what transformers renders for the same messages, tools, variables and day. Versions before 5 handed messages over as they are;
 * since then keys without a value are left out. Price: 3 ms a template, once a thread.
 */
import { MAX_ROW_BYTES } from "../../batch/batch.ts";
import { RecipeError } from "../../batch/errors.ts";
import { chatVariables, type MessagePreparation } from "../../kernels/jinja/chat-variables.ts";
import { TemplateError } from "../../kernels/jinja/errors.ts";
import type { TemplateDate } from "../../kernels/jinja/run.ts";
import {
  type ChatTemplate as CompiledTemplate,
  compileTemplate,
  type Rendering,
} from "../../kernels/jinja/template.ts";
import {
  isJsonList,
  JsonError,
  type JsonObject,
  type JsonValue,
  parseJson,
  parseJsonBytes,
} from "../../kernels/json/value.ts";
import type { AssetRef, Assets } from "../assets.ts";
import type { Messages } from "./conversation.ts";
import { SHIPPED_TEMPLATES, type ShippedTemplate } from "./shipped-templates.ts";

export interface TemplateOptions {
  readonly template: ShippedTemplate | AssetRef;
  /** ISO, as a day. */
  readonly date?: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly special_tokens: Readonly<Record<string, string>>;
  readonly transformers: 4 | 5;
  /** Whether what the assistant wrote is to be told. */
  readonly spans: boolean;
}

/** Special tokens that a tokenizer_config.json names, as templates know them. */
const TOKEN_KEYS = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
] as const;

/** What a file says of templates: their texts by name, variables, and tokens that are markup. */
interface TemplateFile {
  readonly texts: ReadonlyMap<string, string>;
  readonly specialTokens: ReadonlyMap<string, string>;
  readonly controlTokens: readonly string[];
}

/** What is rendered, beside messages. */
export interface ChatInputs {
  readonly tools: readonly JsonValue[] | null;
  readonly kwargs: JsonObject;
}

export class ChatTemplate {
  /** The texts of all that may be rendered. */
  readonly text: string;
  /** Tokens that are markup, as far as the template's file names them. */
  readonly controlTokens: readonly string[];
  readonly #templates = new Map<string, CompiledTemplate>();
  readonly #variables: JsonObject;
  readonly #specialTokens: ReadonlyMap<string, string>;
  readonly #preparation: MessagePreparation;
  readonly #date: TemplateDate | undefined;

  /** Throws RecipeError where the template cannot be used, or needs a date and has none. */
  constructor(options: TemplateOptions, assets: Assets) {
    const { template, date, variables, special_tokens, transformers } = options;
    const name = typeof template === "string" ? template : assets.name(template);
    const file = typeof template === "string" ? plainFile(SHIPPED_TEMPLATES[template]) : readFile(template, assets);
    for (const [key, text] of file.texts) this.#templates.set(key, compiled(text, name, options.spans));
    this.text = [...file.texts.values()].join("\0");
    if (date === undefined && this.text.includes("strftime_now")) throw noDate(name);
    this.#date = date === undefined ? undefined : dayOf(date);
    this.#preparation = `transformers-${transformers}`;
    this.#specialTokens = new Map([...file.specialTokens, ...Object.entries(special_tokens)]);
    this.#variables = new Map(Object.entries(parsedVariables(variables)));
    this.controlTokens = [...file.controlTokens, ...this.#specialTokens.values()];
  }

  /** Whether the template for rows with or without tools marks what the assistant wrote. */
  hasMarkers(inputs: ChatInputs): boolean {
    return this.#chosen(inputs).usesGeneration;
  }

  /** Throws {@link TemplateError} where the template refuses the messages. */
  render(messages: Messages, inputs: ChatInputs, generationPrompt = false): Rendering {
    const given = new Map([...this.#variables, ...inputs.kwargs]);
    const documents = given.get("documents") ?? null;
    given.delete("documents");
    const variables = chatVariables({
      messages,
      tools: inputs.tools,
      documents: documents !== null && isJsonList(documents) ? documents : null,
      addGenerationPrompt: generationPrompt,
      kwargs: given,
      specialTokens: this.#specialTokens,
      preparation: this.#preparation,
    });
    return this.#chosen(inputs).render(variables, this.#date);
  }

  /** A model may have a template of its own for conversations with tools. */
  #chosen({ tools }: ChatInputs): CompiledTemplate {
    const chosen = (tools === null ? undefined : this.#templates.get("tool_use")) ?? this.#templates.get("default");
    if (chosen === undefined) throw new Error("a template file without a default template was read");
    return chosen;
  }
}

function compiled(text: string, name: string, spans: boolean): CompiledTemplate {
  try {
    return compileTemplate(text, { spans, limits: { output_bytes: MAX_ROW_BYTES } });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const isOfMasks = error.kind === "masks";
    throw new RecipeError(
      {
        code: isOfMasks ? "recipe/no-template-masks" : "recipe/bad-chat-template",
        what: `the chat template ${name} ${isOfMasks ? "marks what the assistant wrote in a way that no offset follows from" : "cannot be used"}: ${error.message}`,
        ...(isOfMasks && { why: "transformers itself marks other tokens than the template means" }),
        fix: isOfMasks
          ? "take the generation block out of macros and blocks that capture, or give `train_on: all`"
          : "look at the template; what transformers renders and this does not is a bug worth a report",
      },
      { cause: error },
    );
  }
}

function plainFile(text: string): TemplateFile {
  return { texts: new Map([["default", text]]), specialTokens: new Map(), controlTokens: [] };
}

/** A `.jinja` file, or a `tokenizer_config.json` or `chat_template.json` with a template in it. */
function readFile(template: AssetRef, assets: Assets): TemplateFile {
  const bytes = assets.bytes(template);
  const config = configOf(bytes);
  if (config === undefined) return plainFile(Buffer.from(bytes).toString("utf8"));
  const texts = textsOf(config.get("chat_template") ?? null);
  if (!texts.has("default")) {
    throw new RecipeError({
      code: "recipe/no-chat-template",
      what: `${assets.name(template)} has no chat template`,
      why: "there is nothing to render conversations with",
      fix: "name the model's chat_template.jinja, or a tokenizer_config.json with the key `chat_template`",
    });
  }
  const specialTokens = new Map<string, string>();
  for (const key of TOKEN_KEYS) {
    const token = tokenText(config.get(key) ?? null);
    if (token !== undefined) specialTokens.set(key, token);
  }
  return { texts, specialTokens, controlTokens: specialNames(config) };
}

function configOf(bytes: Uint8Array): JsonObject | undefined {
  if (bytes.find((byte) => byte > 0x20) !== 0x7b) return undefined;
  try {
    const value = parseJsonBytes(bytes);
    return value instanceof Map ? value : undefined;
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

/** The key of a file: one template, or several with names. */
function textsOf(value: JsonValue): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  if (typeof value === "string") texts.set("default", value);
  if (value === null || !isJsonList(value)) return texts;
  for (const entry of value) {
    if (!(entry instanceof Map)) continue;
    const [name, text] = [entry.get("name"), entry.get("template")];
    if (typeof name === "string" && typeof text === "string") texts.set(name, text);
  }
  return texts;
}

/** A token as a file names it: its text, or an object that has it. */
function tokenText(value: JsonValue): string | undefined {
  const text = value instanceof Map ? value.get("content") : value;
  return typeof text === "string" ? text : undefined;
}

/** Added tokens that a file says are special. */
function specialNames(config: JsonObject): string[] {
  const added = config.get("added_tokens_decoder");
  if (!(added instanceof Map)) return [];
  return [...added.values()].flatMap((token) =>
    token instanceof Map && token.get("special") === true ? (tokenText(token) ?? []) : [],
  );
}

function dayOf(date: string): TemplateDate {
  const [year = 0, month = 0, day = 0] = date.split("-").map(Number);
  return { year, month, day };
}

/** Values of a recipe as those of JSON: objects keep the order of their keys. */
function parsedVariables(variables: TemplateOptions["variables"]): Record<string, JsonValue> {
  return Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, parseJson(JSON.stringify(value))]));
}

function noDate(name: string): RecipeError {
  return new RecipeError({
    code: "recipe/no-date",
    what: `the chat template ${name} prints the day, and \`date\` does not say which`,
    why: "the same recipe would give other texts on another day",
    fix: "give the stage a `date`, such as 2025-07-08",
  });
}
