import assert from "node:assert/strict";
import { test } from "node:test";
import { firstEmoji } from "../../kernels/unicode/emoji.ts";

test("what is an emoji, by either rule", () => {
  const cases: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ["plain text, 1 # * and ünïcödé 日本", undefined, undefined],
    ["go 🎉", "🎉", "🎉"],
    ["a ❤ b", undefined, "❤"],
    ["a ❤\ufe0f b", "❤\ufe0f", "❤"],
    ["key 1\ufe0f\u20e3", "1\ufe0f", "1\ufe0f"],
    ["selector x\ufe0f alone", undefined, undefined],
    ["© 2026 ®", undefined, "©"],
    ["✓ ✔", undefined, "✔"],
    ["flag 🇫🇷", "🇫", "🇫"],
    ["𝔸 math, 𐀀 old", undefined, undefined],
    ["\ufe0f at the start", undefined, undefined],
    ["₂→∞ ½ “quotes” …", undefined, undefined],
  ];
  for (const [text, presentation, pictographic] of cases) {
    assert.equal(firstEmoji(text, "presentation"), presentation, text);
    assert.equal(firstEmoji(text, "pictographic"), pictographic, text);
  }
});
