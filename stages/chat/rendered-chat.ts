/**
 * One conversation as text: what is printed, what of it is trained on, and where special tokens are text.
 *
 * Invariant: ranges are bytes of the text. Price: one rendering; with a template without markers two more for each turn of the assistant, for pairs two
 * more, for a row that spells special tokens that are to be text one more.
 */
import { TemplateError } from "../../kernels/jinja/errors.ts";
import type { Rendering } from "../../kernels/jinja/template.ts";
import { isJsonList, JsonNumber, type JsonObject, type JsonValue } from "../../kernels/json/value.ts";
import type { ChatInputs, ChatTemplate } from "./chat-template.ts";
import { type ControlTokens, unmarked } from "./control-tokens.ts";
import type { Messages } from "./conversation.ts";
import {
  apart,
  byteOffsets,
  commonPrefix,
  lossRanges,
  NoMask,
  type TrainOn,
  withoutEmptyThink,
} from "./loss-ranges.ts";
import type { PairTokens } from "./pair-tokens.ts";
import { BadRow } from "./template-inputs.ts";

/** Why a conversation has no text or no mask. */
export const RENDER_REASONS = {
  template_error: "the template refuses the conversation",
  template_limit: "the template takes too long over the conversation, or makes too long a text of it",
  no_text: "the template makes nothing of the conversation",
  no_mask:
    "what the assistant wrote cannot be told: the template has no markers, and renderings of its parts do not fit together",
  unclear_control_token: "the template does something with the special tokens of a message that cannot be followed",
} as const;
export type RenderReason = keyof typeof RENDER_REASONS;

export interface Chat extends ChatInputs {
  readonly messages: Messages;
  /** The other one of a pair. */
  readonly other?: Messages | undefined;
}

export interface RenderedChat {
  readonly text: Buffer;
  /** Bytes that are trained on, pairs of start and end. */
  readonly loss: readonly number[];
  /** Bytes in which special tokens are text. */
  readonly literals: readonly number[];
  readonly turns: number;
  readonly assistant_turns: number;
  readonly control_tokens: number;
  readonly empty_think_blocks: number;
  /** Whether the text of a pair does not begin with that of its prompt. */
  readonly has_other_prompt: boolean;
}

export interface RenderRules {
  readonly train_on?: TrainOn | undefined;
  readonly empty_think: "supervise" | "mask";
  readonly control_tokens: "parse" | "text";
}

export class ChatRenderer {
  readonly #template: ChatTemplate;
  readonly #tokens: ControlTokens;
  readonly #rules: RenderRules;
  readonly #pairTokens: PairTokens | undefined;

  /** @param pairTokens finds the completion of a pair by its tokens; by its bytes where it is not given */
  constructor(template: ChatTemplate, tokens: ControlTokens, rules: RenderRules, pairTokens?: PairTokens) {
    this.#pairTokens = pairTokens;
    this.#template = template;
    this.#tokens = tokens;
    this.#rules = rules;
  }

  /** Throws {@link BadRow} with a {@link RenderReason}. */
  render(chat: Chat): RenderedChat {
    try {
      return this.#render(chat);
    } catch (error) {
      if (error instanceof TemplateError) {
        throw new BadRow<RenderReason>(error.kind === "limit" ? "template_limit" : "template_error", error.message);
      }
      if (error instanceof NoMask) throw new BadRow<RenderReason>("no_mask", error.message);
      throw error;
    }
  }

  #render(chat: Chat): RenderedChat {
    const { messages } = chat;
    const whole = this.#template.render(messages, chat);
    if (whole.text === "") throw new BadRow<RenderReason>("no_text", `${messages.length} messages`);
    const text = Buffer.from(whole.text);
    const { spans, hasOtherPrompt } = this.#trained(chat, whole, text);
    const thinking = withoutEmptyThink(text, spans);
    const control_tokens = this.#tokens.count(everythingOf(chat));
    return {
      text,
      loss: apart(this.#rules.empty_think === "mask" ? thinking.spans : spans),
      literals: control_tokens > 0 && this.#rules.control_tokens === "text" ? this.#literals(chat, whole) : [],
      turns: messages.length,
      assistant_turns: messages.reduce((sum, message) => sum + Number(message.get("role") === "assistant"), 0),
      control_tokens,
      empty_think_blocks: thinking.blocks,
      has_other_prompt: hasOtherPrompt,
    };
  }

  #trained(
    chat: Chat,
    { text, spans }: Rendering,
    bytes: Buffer,
  ): { spans: readonly number[]; hasOtherPrompt: boolean } {
    const { messages, other } = chat;
    const render = (some: Messages, generationPrompt = false): string =>
      this.#template.render(some, chat, generationPrompt).text;
    if (other !== undefined) {
      const prompt = render(messages.slice(0, sharedMessages(messages, other)), true);
      const otherText = render(other);
      const shared = Math.min(commonPrefix(prompt, text), commonPrefix(prompt, otherText));
      const start = this.#pairTokens?.start(prompt, bytes, otherText, shared) ?? shared;
      return { spans: [start, bytes.length], hasOtherPrompt: start < Buffer.byteLength(prompt) };
    }
    const chatParts = {
      messages,
      text,
      text_bytes: bytes.length,
      spans: this.#template.hasMarkers(chat) ? spans : undefined,
      render: (count: number, generationPrompt: boolean) => render(messages.slice(0, count), generationPrompt),
    };
    return { spans: lossRanges(chatParts, this.#rules.train_on ?? "assistant"), hasOtherPrompt: false };
  }

  /** Where the special tokens that messages spell lie in the text. */
  #literals(chat: Chat, { text }: Rendering): readonly number[] {
    const marked = this.#tokens.mark(everythingOf(chat));
    if (marked !== undefined) {
      const [messages, tools, kwargs] = marked.value;
      const again = this.#template.render(messages, { tools, kwargs }).text;
      const found = unmarked(again, marked.tokens);
      if (found.text === text) return byteOffsets(text, found.ranges);
    }
    throw new BadRow<RenderReason>(
      "unclear_control_token",
      "the text is another where the tokens are written otherwise",
    );
  }
}

function everythingOf({ messages, tools, kwargs }: Chat): readonly [Messages, ChatInputs["tools"], JsonObject] {
  return [messages, tools, kwargs];
}

/** How many messages TRL takes for the prompt of a pair: those that both share, but never all of the shorter one. */
function sharedMessages(a: Messages, b: Messages): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) if (!isEqual(a[i], b[i])) return i;
  return shorter - 1;
}

/** Equality as Python has it for values of JSON, but for numbers that are spelled in different ways. */
function isEqual(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a instanceof Map && b instanceof Map)
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && isEqual(value, b.get(key)));
  if (a instanceof JsonNumber && b instanceof JsonNumber) return a.text === b.text;
  if (a === null || b === null || a === undefined || b === undefined) return a === b;
  if (isJsonList(a) && isJsonList(b)) return a.length === b.length && a.every((value, i) => isEqual(value, b[i]));
  return a === b;
}
