/** What rendering finds out about the rows of a source: plain sums, so that spans add up in any order. */
import { Tally } from "./counts.ts";
import { bytesIn } from "./loss-ranges.ts";
import type { RenderedChat } from "./rendered-chat.ts";

const COUNTS = [
  "rows",
  "turns",
  "assistant_turns",
  "text_bytes",
  "supervised_bytes",
  "rows_without_supervision",
  "rows_all_supervised",
  "rows_with_control_tokens",
  "control_tokens",
  "empty_think_blocks",
  "rows_with_other_prompt",
] as const;

export function renderTally(): Tally {
  return new Tally(COUNTS);
}

/** Counts a row. Control tokens are special tokens that it spells; the prompt is that of a pair whose text begins otherwise. */
export function countRendered(tally: Tally, chat: RenderedChat): void {
  const supervised = bytesIn(chat.loss);
  const add = (name: (typeof COUNTS)[number], count: number | boolean): void => tally.add(name, Number(count));
  add("rows", 1);
  add("turns", chat.turns);
  add("assistant_turns", chat.assistant_turns);
  add("text_bytes", chat.text.length);
  add("supervised_bytes", supervised);
  add("rows_without_supervision", supervised === 0);
  add("rows_all_supervised", supervised === chat.text.length);
  add("rows_with_control_tokens", chat.control_tokens > 0);
  add("control_tokens", chat.control_tokens);
  add("empty_think_blocks", chat.empty_think_blocks);
  add("rows_with_other_prompt", chat.has_other_prompt);
}
