import assert from "node:assert/strict";
import { test } from "node:test";
import { Regex } from "../../../kernels/regex.ts";
import regex from "../../../stages/filter/regex.ts";
import { batchOfRows } from "../../batch-of.ts";
import { applyFilter, judge } from "./run.ts";

function matches(pattern: string, text: string | Uint8Array): boolean {
  const compiled = Regex.compile(pattern);
  assert.ok(compiled instanceof Regex, `${pattern}: ${compiled}`);
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  const framed = Buffer.concat([Buffer.from("<"), bytes, Buffer.from(">")]);
  const found = compiled.test(framed, 1, framed.length - 1);
  assert.equal(compiled.first(framed, 1, framed.length - 1) !== undefined, found);
  return found;
}

test("syntax, anchors and classes are RE2's, with Unicode 17", () => {
  const cases: [string, string, boolean][] = [
    ["^b", "ab", false],
    ["a$", "a\n", false],
    ["(?m)a$", "a\nb", true],
    ["a.b", "a\nb", false],
    ["(?s)a.b", "a\nb", true],
    ["^.$", "𝒳", true],
    ["\\bone\\b", "two one.", true],
    ["^\\w$", "é", false],
    ["^\\pL$", "é", true],
    ["\\p{Greek}", "aβ", true],
    ["(?i)straße", "STRASSE", false],
    ["(?i)ÀΣ", "àς", true],
    // New in Unicode 16 and 17: whichever Node runs this.
    ["^\\p{Lu}$", "\u{10d50}", true],
    ["(?i)\u{10d50}", "\u{10d70}", true],
    ["^\\p{Lu}$", "\ua7ce", true],
  ];
  for (const [pattern, text, expected] of cases) assert.equal(matches(pattern, text), expected, `${pattern} ${text}`);
});

test("a malformed byte is one U+FFFD, and no byte outside is looked at", () => {
  assert.ok(matches("^a\\x{FFFD}b$", Uint8Array.of(0x61, 0xff, 0x62)));
  assert.ok(matches("^..$", Uint8Array.of(0xe2, 0x82)));
  assert.ok(matches("^...$", Uint8Array.of(0xed, 0xa0, 0x80)));
  assert.ok(!matches("<|>", "inside"));
});

test("patterns at which others hang take time in proportion to the text", () => {
  // The `b` in front keeps the engine from saying at once that there is none.
  const text = `b${"a".repeat(10_000)}`;
  const started = process.cpuUsage();
  for (const pattern of ["^(a+)+b$", "(a|aa)+$b", "(.*a){12}b", "(a?){200}a{200}b"]) {
    assert.equal(matches(pattern, text), false);
  }
  const { user, system } = process.cpuUsage(started);
  assert.ok(user + system < 10e6);
});

test("what RE2 has not, and what would be too long a program, is refused with what is wrong", () => {
  const refused: [string, RegExp][] = [
    ["(a", /missing closing \)/],
    ["(a)\\1", /invalid escape sequence/],
    ["(?=a)", /invalid or unsupported Perl syntax/],
    ["a{1001}", /invalid repeat count/],
    ["(?:abc|def){400}", /needs \d+ steps, and 2000/],
    ["a".repeat(10_001), /longer than 10000/],
  ];
  for (const [pattern, message] of refused) {
    assert.match(String(regex.options.safeParse({ pattern }).error), message, pattern.slice(0, 40));
  }
});

test("the verdict shows the leftmost match; other rows stay", () => {
  assert.deepEqual(judge(regex, "one 12-34, two 56-78", { pattern: "\\d+-\\d+" }), {
    reason: "match",
    value: Number.NaN,
    detail: "12-34",
  });
  assert.equal(judge(regex, "one", { pattern: "\\d" }), null);
  assert.equal(judge(regex, "one", { pattern: "\\d", drop: "no_match" })?.reason, "no_match");
  assert.equal(judge(regex, `${"x".repeat(70_000)}1`, { pattern: "\\d" })?.detail, undefined);
});

test("numbers, truth values and JSON are looked at as they are spelled; rows without a value go or stay", () => {
  const rows = [{ value: '{"a":[1,2.50],"b":true}' }, { value: '{"a":7}' }, { value: "no" }, { value: null }];
  const go = (pattern: string, column: string, more = {}) =>
    [...applyFilter(regex, { pattern, column, ...more }, batchOfRows(rows))].map(([row, { reason }]) => [row, reason]);
  assert.deepEqual(go("2\\.50", "value.a"), [
    [0, "match"],
    [2, "not_json"],
    [3, "missing"],
  ]);
  assert.deepEqual(go("^true$", "value.b", { missing: "keep" }), [
    [0, "match"],
    [2, "not_json"],
  ]);
  const numbers = applyFilter(regex, { pattern: "^3", column: "n" }, batchOfRows([{ n: 3.5 }, { n: 13 }]));
  assert.deepEqual([...numbers.keys()], [0]);
});
