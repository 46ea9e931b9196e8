/**
 * How long a conversation is: what the assistant says, its responses, and all else, the context.
 *
 * Invariant: a length is the sum over the turns' texts (content, reasoning, calls as JSON), each measured alone, without what a template writes around
 * them. Price: nothing for turns, a copy and tokenizing for tokens.
 */
import { Bitmap } from "../../batch/bitmap.ts";
import { Utf8Builder } from "../../batch/builder.ts";
import { release } from "../../batch/memory.ts";
import { int32At } from "../../batch/numbers.ts";
import type { Tokenizer } from "../../kernels/bpe/tokenizer.ts";
import { jsonText } from "../../kernels/json/value.ts";
import { contentOf, type Message, type Messages, roleOf, textAt, toolCallsOf } from "./conversation.ts";

export interface TurnLengths {
  readonly context: number;
  readonly response: number;
}

/** The texts of a turn. */
export function textsOf(message: Message): readonly string[] {
  const calls = toolCallsOf(message);
  const texts = [
    textAt(message, "reasoning_content") ?? "",
    contentOf(message),
    calls.length === 0 ? "" : jsonText(calls),
  ];
  return texts.filter((text) => text !== "");
}

/** Turns of a conversation; what the system says first is none. */
export function countTurns(messages: Messages): number {
  return messages.reduce((sum, message) => sum + Number(roleOf(message) !== "system"), 0);
}

/** Lengths by a measure of single texts. */
export function measureTurns(messages: Messages, measure: (text: string) => number): TurnLengths {
  let context = 0;
  let response = 0;
  for (const message of messages) {
    let length = 0;
    for (const text of textsOf(message)) length += measure(text);
    if (roleOf(message) === "assistant") response += length;
    else context += length;
  }
  return { context, response };
}

/** Counts tokens of many conversations at a time. */
export class TokenLengths {
  readonly #encoder: Tokenizer["encoder"];
  #texts = new Utf8Builder();
  /** Of each text, which conversation it is of, and whether the assistant says it. */
  #rows: number[] = [];
  #isResponse: boolean[] = [];

  constructor({ encoder }: Tokenizer) {
    this.#encoder = encoder;
  }

  add(row: number, messages: Messages): void {
    for (const message of messages) {
      for (const text of textsOf(message)) {
        this.#texts.appendString(text);
        this.#rows.push(row);
        this.#isResponse.push(roleOf(message) === "assistant");
      }
    }
  }

  /** The lengths of what was added, by row; it then begins anew. */
  finish(): ReadonlyMap<number, TurnLengths> {
    const column = this.#texts.finish();
    const { values, offsets } = this.#encoder.encodeDocuments(column, Bitmap.full(this.#rows.length), 0);
    release(values);
    const lengths = new Map<number, { context: number; response: number }>();
    for (const [text, row] of this.#rows.entries()) {
      // The token that ends each document is not of the text.
      const tokens = int32At(offsets, text + 1) - int32At(offsets, text) - 1;
      const sum = lengths.get(row) ?? { context: 0, response: 0 };
      sum[this.#isResponse[text] === true ? "response" : "context"] += tokens;
      lengths.set(row, sum);
    }
    this.#texts = new Utf8Builder();
    this.#rows = [];
    this.#isResponse = [];
    return lengths;
  }
}
