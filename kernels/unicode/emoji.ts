/**
 * Emojis in a text, by a pinned table of Unicode's emoji properties.
 *
 * Two rules. `presentation`: a character that is shown as an emoji by itself (Emoji_Presentation), or one that U+FE0F behind it makes one.
 * `pictographic`: any Extended_Pictographic character or flag letter too, such as ❤, ☀ and ©, however it is shown. Invariant: digits, `#` and `*` are
 * emojis only with U+FE0F behind them; nothing depends on the Unicode data of the running Node. Price: 1 GB/s for Latin text; a few milliseconds
 * at first use.
 */
import { EMOJI_RUNS } from "./emoji.gen.ts";
import { decodeRuns, lookup, type TwoStageTable } from "./two-stage.ts";

export { EMOJI_UNICODE_VERSION } from "./emoji.gen.ts";

export const EMOJI_RULES = ["presentation", "pictographic"] as const;
export type EmojiRule = (typeof EMOJI_RULES)[number];

const EMOJI = 1;
const PRESENTATION = 2;
const PICTOGRAPHIC = 4;
/** Asks for the emoji form of the character before it. */
const EMOJI_SELECTOR = 0xfe0f;
/** The first character that some rule looks at: ©. */
const FIRST = /[\u00a9\u00ae\u2000-\uffff]/;

let table: TwoStageTable<Uint8Array> | undefined;

function bitsOf(point: number): number {
  table ??= decodeRuns(EMOJI_RUNS, (length) => new Uint8Array(length));
  return lookup(table, point);
}

/** The first emoji of `text`, undefined where it has none. */
export function firstEmoji(text: string, rule: EmojiRule): string | undefined {
  const start = text.search(FIRST);
  if (start < 0) return undefined;
  const asked = rule === "presentation" ? PRESENTATION : PRESENTATION | PICTOGRAPHIC;
  for (let at = start; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x2000 && unit !== 0xa9 && unit !== 0xae) continue;
    if (unit === EMOJI_SELECTOR) {
      const before = characterBefore(text, at);
      if ((bitsOf(before.codePointAt(0) ?? 0) & EMOJI) !== 0) return before + text.charAt(at);
      continue;
    }
    const point = text.codePointAt(at) ?? 0;
    if ((bitsOf(point) & asked) !== 0) return String.fromCodePoint(point);
    if (point > 0xffff) at++;
  }
  return undefined;
}

function characterBefore(text: string, at: number): string {
  const unit = text.charCodeAt(at - 1);
  const isLow = unit >= 0xdc00 && unit <= 0xdfff;
  return text.slice(isLow ? at - 2 : Math.max(0, at - 1), at);
}
