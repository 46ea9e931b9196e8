/** What rendering found out about the rows of a source: plain sums, so that spans add up in any order. */
import type { StageState } from "../define.ts";
import { bytesIn } from "./loss-spans.ts";
import type { RenderedChat } from "./rendered-chat.ts";

const NOTHING = {
  rows: 0,
  turns: 0,
  assistant_turns: 0,
  text_bytes: 0,
  supervised_bytes: 0,
  rows_without_supervision: 0,
  rows_all_supervised: 0,
  /** Rows that spell special tokens, and how many they spell. */
  rows_with_control_tokens: 0,
  control_tokens: 0,
  empty_think_blocks: 0,
  /** Rows of pairs whose text does not begin with that of their prompt. */
  rows_with_other_prompt: 0,
};
export type RenderFigures = Readonly<Record<keyof typeof NOTHING, number>>;

export class RenderCounts {
  #sums = { ...NOTHING };

  add(chat: RenderedChat): void {
    const sums = this.#sums;
    const supervised = bytesIn(chat.loss);
    sums.rows++;
    sums.turns += chat.turns;
    sums.assistant_turns += chat.assistant_turns;
    sums.text_bytes += chat.text_bytes;
    sums.supervised_bytes += supervised;
    sums.rows_without_supervision += Number(supervised === 0);
    sums.rows_all_supervised += Number(supervised === chat.text_bytes);
    sums.rows_with_control_tokens += Number(chat.control_tokens > 0);
    sums.control_tokens += chat.control_tokens;
    sums.empty_think_blocks += chat.empty_think_blocks;
    sums.rows_with_other_prompt += Number(chat.has_other_prompt);
  }

  /** The sums since the last call. */
  finish(): StageState {
    const state = this.#sums;
    this.#sums = { ...NOTHING };
    return state;
  }
}
