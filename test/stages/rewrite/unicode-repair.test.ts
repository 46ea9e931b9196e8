/** Repairs are ftfy's; what needs none is not touched; bytes that are no UTF-8 and long lines are seen to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_RESOURCES } from "../../../stages/define.ts";
import stage from "../../../stages/rewrite/unicode-repair.ts";
import { batchOf } from "../../batch-of.ts";
import { withoutWasm } from "../../without-wasm.ts";
import { applyAll } from "../filter/run.ts";
import { differences, type GoldenText, goldenRows } from "./golden.ts";

/** ftfy's own defaults. */
const EVERYTHING = {
  fix_latin_ligatures: true,
  fix_character_width: true,
  uncurl_quotes: true,
  fix_line_breaks: true,
  normalization: "NFC",
};

function repaired(text: string | Uint8Array, options: Readonly<Record<string, unknown>> = {}): string {
  return applyAll(stage, options, batchOf([text])).texts[0];
}

test("a few thousand broken texts become what ftfy makes of them, with datatrove's defaults and with its own", () => {
  const rows = goldenRows<GoldenText>("repair");
  assert.ok(rows.length > 2000);
  assert.deepEqual(differences(stage, {}, rows, 0), []);
  assert.deepEqual(differences(stage, EVERYTHING, rows, 1), []);
  withoutWasm(() => assert.deepEqual(differences(stage, EVERYTHING, rows, 1), []));
});

test("a batch without a finding keeps its column; dead rows stay, rows around a repaired one too", () => {
  const operator = stage.create(stage.options.parse({}), NO_RESOURCES);
  assert.ok(operator.kind === "rewrite");
  const fine = batchOf(["Plain.", "“Curly” — naïve © 2020, 5 €, Größe", "a < b & c", "\ttab\r\n", ""]);
  assert.equal(operator.apply(fine), fine.text);
  const mixed = batchOf(["schÃ¶n", "schön", "dead Ã¶", "", "voilÃ ", "end"]);
  mixed.alive.clear(2);
  mixed.setColumn("text", operator.apply(mixed));
  assert.deepEqual(applyAll(stage, {}, mixed).texts, ["schön", "schön", "dead Ã¶", "", "voilà ", "end"]);
  assert.deepEqual(operator.finish?.(), { rows: 10, repaired_rows: 2 });
  assert.deepEqual(operator.finish?.(), { rows: 0, repaired_rows: 0 });
});

test("HTML entities are read on lines before the first <, always or never", () => {
  const text = "&eacute;\n&lt;&amp;lt; <b>&eacute;\n&eacute; sÃ³\n";
  assert.equal(repaired(text), "é\n&lt;&amp;lt; <b>&eacute;\n&eacute; só\n");
  assert.equal(repaired(text, { unescape_html: "always" }), "é\n<< <b>é\né só\n");
  assert.equal(repaired(text, { unescape_html: "never" }), "&eacute;\n&lt;&amp;lt; <b>&eacute;\n&eacute; só\n");
});

test("what is no UTF-8 becomes U+FFFD, a pair of surrogates its character", () => {
  assert.equal(repaired(Uint8Array.of(0x61, 0xff, 0x62, 0xe2, 0x82)), "a\ufffdb\ufffd");
  assert.equal(repaired(Uint8Array.of(0x61, 0xed, 0xa0, 0xbd, 0xed, 0xb2, 0xa9, 0x62)), "a💩b");
  assert.equal(repaired(Uint8Array.of(0xed, 0xb2, 0xa9, 0xed, 0xa0, 0xbd)), "\ufffd\ufffd");
});

test("lines of more than a million characters are repaired in parts, and texts of any length", () => {
  const line = (before: number) => `first\n${"x".repeat(before)}Ã¶ and Ã¶\n&amp;\n`;
  const whole = line(999_998).replaceAll("Ã¶", "ö").replace("&amp;", "&");
  assert.equal(repaired(line(999_998)), whole);
  // Where the cut falls between two characters, each is fine by itself.
  assert.equal(repaired(line(999_999)), `first\n${"x".repeat(999_999)}Ã¶ and ö\n&\n`);
});

test("what is nested is unfolded so far that the work stays bounded", () => {
  assert.equal(repaired(`&${"amp;".repeat(60)}lt;`), "<");
  assert.equal(repaired(`&${"amp;".repeat(2000)}`), `&${"amp;".repeat(2000 - 64)}`);
});

test("each repair may be turned off", () => {
  const text = "Ã¶ \u001b[1mx\u0007\u0085";
  assert.equal(repaired(text), "ö x…");
  assert.equal(repaired(text, { fix_encoding: false }), "Ã¶ x…");
  const none = { fix_encoding: false, fix_c1_controls: false };
  assert.equal(repaired(text, { ...none, remove_terminal_escapes: false }), "Ã¶ [1mx\u0085");
  assert.equal(repaired(text, { ...none, remove_control_chars: false }), "Ã¶ x\u0007\u0085");
  assert.equal(repaired("e\u0301 ﬁ", { normalization: "NFC" }), "é ﬁ");
  assert.equal(repaired("é ﬁ", { normalization: "NFKD" }), "e\u0301 fi");
});
