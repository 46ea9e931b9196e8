/** The page is safe against what it shows: names and texts of others can neither become markup nor hide what they say. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { pageOf } from "../../report/page/document.ts";
import { draw, Plot } from "../../report/page/figure.ts";
import { cell, excerpt, hash, html, named, nothing, visible } from "../../report/page/markup.ts";
import { bound, bytes, integer, measured, percent, points, short } from "../../report/page/numbers.ts";

const HOSTILE = `</pre><script>alert("x")</script><img src=x onerror='alert(1)'>&amp;`;

test("text is text, wherever it stands", () => {
  for (const made of [
    html`<b title="${HOSTILE}">${HOSTILE}</b>`,
    named(HOSTILE, HOSTILE),
    cell(HOSTILE, HOSTILE, HOSTILE),
    hash(HOSTILE),
    nothing(HOSTILE),
    excerpt(HOSTILE),
  ]) {
    assert.doesNotMatch(made.text, /<script|<img|onerror='|"x"/);
    assert.match(made.text, /&lt;script&gt;alert\(&quot;x&quot;\)/);
  }
  assert.equal(html`${["<", html`<i>`, 1, false, undefined]}`.text, "&lt;<i>1");
});

test("what would hide or turn text is shown by name; tabs and newlines stay", () => {
  assert.equal(
    visible("a\u0000\u001b[31m\u202egnp.exe\u200b\ufeff\u00ad\u2028\t\n\u007f\u0085"),
    "a␀␛[31m‹U+202E›gnp.exe‹U+200B›‹U+FEFF›‹U+00AD›‹U+2028›\t\n␡‹U+0085›",
  );
  assert.equal(visible("日本語 — ‘العربية’ 👍🏽"), "日本語 — ‘العربية’ 👍🏽");
  assert.equal(visible("\ud800"), "‹U+D800›");
});

test("an excerpt is short, by characters", () => {
  const text = excerpt("👍".repeat(1000)).text;
  assert.equal([...text.matchAll(/👍/gu)].length, 260);
});

test("figures carry no style of their own, escape labels, and cut coordinates alone", () => {
  const mark = Plot.text([0.123456], { x: (value: number) => value, text: () => `${HOSTILE} 0.123456 \u202e` });
  const { text } = draw({ width: 100, height: 20, x: { domain: [0, 1], axis: null }, marks: [mark] }, HOSTILE);
  assert.doesNotMatch(text, /<style|<script|<img|font-family/);
  assert.match(text, /role="img"/);
  assert.match(text, /&lt;img src=x onerror='alert\(1\)'&gt;(?:&amp;)amp; 0\.123456 ‹U\+202E›/);
  assert.doesNotMatch(text, /(?:\bx|transform)="[^"]*\.\d{3}/);
});

test("the page's policy names its script, and nothing else may run or load", () => {
  const page = pageOf({
    title: HOSTILE,
    top: html`<h1>t</h1>`,
    sections: [{ id: "a", title: "A", ask: "?", body: nothing("–") }],
    footer: "f",
  });
  const [, script = ""] = /<script>([\s\S]*)<\/script>/.exec(page) ?? [];
  const digest = createHash("sha256").update(script).digest("base64");
  assert.ok(page.includes(`default-src 'none';style-src 'unsafe-inline';script-src 'sha256-${digest}'`));
  assert.doesNotMatch(page, /(?:src|href)="(?!#)|url\(|@import/);
  assert.match(page, /<title>&lt;\/pre&gt;/);
});

test("numbers as the command line writes them", () => {
  assert.deepEqual(
    [short(999), short(999_600), short(2_734_000), bytes(458_000), integer(1953)],
    ["999", "1.00M", "2.73M", "458\u00a0kB", "1,953"],
  );
  assert.deepEqual(
    [percent(0.5003), points(-0.0021), points(0.0003), points(0.00001)],
    ["50.03\u00a0%", "−0.21", "+0.03", "0.00"],
  );
  assert.deepEqual(
    [measured(0.304), measured(49), measured(-9.5), bound(0.1), bound(100_000), bound(-10)],
    ["0.304", "49", "−9.500", "0.1", "100,000", "−10"],
  );
});
