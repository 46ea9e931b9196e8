/**
 * Which part of a rendered conversation is trained on.
 *
 * A template with generation markers says it. For one without, the text of an assistant's turn is what comes between two renderings: of the messages
 * before it with the generation prompt, and of those up to it. Invariant: nothing is guessed. Both must be beginnings of the whole text, or the row
 * has no mask and says why. Price: nothing with markers, two renderings a turn of the assistant without. Offsets are bytes.
 */
import type { Messages } from "./conversation.ts";

export const TRAIN_ON = ["assistant", "last_assistant", "all"] as const;
export type TrainOn = (typeof TRAIN_ON)[number];

/** A conversation that can be rendered in parts. */
export interface Renderable {
  readonly messages: Messages;
  /** The rendering of all messages, and its length in bytes. */
  readonly text: string;
  readonly text_bytes: number;
  /** Of the template's generation blocks, pairs of start and end; undefined where it has no markers. */
  readonly spans: readonly number[] | undefined;
  /** The text of the first `count` messages; throws where the template refuses them. */
  render(count: number, generationPrompt: boolean): string;
}

/** Why a mask cannot be told. */
export class NoMask extends Error {
  constructor(what: string) {
    super(what);
    this.name = "NoMask";
  }
}

/** What is trained on: pairs of start and end, one or more a turn. Throws {@link NoMask}. */
export function lossRanges(chat: Renderable, trainOn: TrainOn): readonly number[] {
  if (trainOn === "all") return [0, chat.text_bytes];
  const turns = chat.messages.flatMap((message, turn) => (message.get("role") === "assistant" ? [turn] : []));
  const last = turns.at(-1);
  if (last === undefined) return chat.spans ?? [];
  if (chat.spans === undefined) {
    return (trainOn === "assistant" ? turns : [last]).flatMap((turn) => derivedSpan(chat, turn));
  }
  if (trainOn === "assistant") return chat.spans;
  const before = prefixOf(chat, last, false);
  const { spans } = chat;
  return spans.filter((_, i) => (spans[i - (i % 2)] ?? 0) >= before);
}

/** The span of one turn, from two renderings. */
function derivedSpan(chat: Renderable, turn: number): readonly number[] {
  const start = prefixOf(chat, turn, true);
  const end = turn + 1 === chat.messages.length ? chat.text_bytes : prefixOf(chat, turn + 1, false);
  if (end < start) throw new NoMask(`turn ${turn} is shorter than the prompt for it`);
  return [start, end];
}

/** How long the rendering of the first `count` messages is, which the whole text must begin with. */
function prefixOf({ text, render }: Renderable, count: number, generationPrompt: boolean): number {
  const prefix = render(count, generationPrompt);
  if (text.startsWith(prefix)) return Buffer.byteLength(prefix);
  const prompt = generationPrompt ? " and the generation prompt" : "";
  throw new NoMask(`the text does not begin with that of the first ${count} messages${prompt}`);
}

/** Spans ascending, those that touch or overlap as one. Empty ones stay: they mark the token around them. */
export function apart(spans: readonly number[]): readonly number[] {
  const order = Array.from({ length: spans.length / 2 }, (_, i) => [spans[2 * i] ?? 0, spans[2 * i + 1] ?? 0] as const);
  order.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const made: number[] = [];
  for (const [start, end] of order) {
    const before = made.at(-1);
    if (before !== undefined && start <= before) made[made.length - 1] = Math.max(before, end);
    else made.push(start, end);
  }
  return made;
}

/** What a span of a turn begins with where there was no thought: a header, at most, and a think block without one. */
const EMPTY_THINK = /^(?:<[^\n]*\n)?[ \t\r\n]*(<think>[ \t\r\n]*<\/think>\n*)/;
/** Bytes of a span in which that is looked for. */
const HEAD_BYTES = 256;

/** Spans without the empty think blocks that they begin with, which a template prints where there was no thought. Counts them. */
export function withoutEmptyThink(
  text: Buffer,
  spans: readonly number[],
): { spans: readonly number[]; blocks: number } {
  const made: number[] = [];
  let blocks = 0;
  for (let i = 0; i < spans.length; i += 2) {
    const [start, end] = [spans[i] ?? 0, spans[i + 1] ?? 0];
    const [found = "", block = ""] =
      EMPTY_THINK.exec(text.toString("latin1", start, Math.min(end, start + HEAD_BYTES))) ?? [];
    if (block === "") {
      made.push(start, end);
      continue;
    }
    blocks++;
    const stop = start + found.length;
    if (found.length > block.length) made.push(start, stop - block.length);
    if (stop < end) made.push(stop, end);
  }
  return { spans: made, blocks };
}

/** Where, in UTF-8, the UTF-16 units `offsets` of `text` are, which ascend. */
export function byteOffsets(text: string, offsets: readonly number[]): number[] {
  let unit = 0;
  let byte = 0;
  return offsets.map((offset) => {
    byte += Buffer.byteLength(text.slice(unit, offset));
    unit = offset;
    return byte;
  });
}

/** Bytes in ranges that are pairs of start and end. */
export function bytesIn(ranges: readonly number[]): number {
  let bytes = 0;
  for (let i = 0; i < ranges.length; i += 2) bytes += (ranges[i + 1] ?? 0) - (ranges[i] ?? 0);
  return bytes;
}

/** How many bytes two texts share at their beginning, never a part of a character. */
export function commonPrefix(a: string, b: string): number {
  const limit = Math.min(a.length, b.length);
  let low = 0;
  let high = limit;
  // Halving compares whole pieces, which the engine does fast.
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (a.slice(low, middle) === b.slice(low, middle)) low = middle;
    else high = middle - 1;
  }
  const unit = low > 0 && low < limit ? a.charCodeAt(low - 1) : 0;
  return Buffer.byteLength(a.slice(0, unit >= 0xd800 && unit < 0xdc00 ? low - 1 : low));
}
