import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { NO_RESOURCES } from "../../../stages/define.ts";
import filterUrl from "../../../stages/filter/url.ts";
import { batchOfRows } from "../../batch-of.ts";
import { withoutWasm } from "../../without-wasm.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";
import { applyFilter, type Dropped } from "./run.ts";

const RESOURCES = { ...NO_RESOURCES, assets: LOCAL_ASSETS };

function inline(...lines: string[]): string[] {
  return [`data:,${encodeURIComponent(lines.join("\n"))}`];
}

function judge(urls: readonly (string | null)[], options: Record<string, unknown>): (Dropped | undefined)[] {
  const dropped = applyFilter(filterUrl, options, batchOfRows(urls.map((each) => ({ url: each }))), RESOURCES);
  return urls.map((_, row) => dropped.get(row));
}

function reasons(urls: readonly (string | null)[], options: Record<string, unknown>): (string | undefined)[] {
  return judge(urls, options).map((each) => each?.reason);
}

/** datatrove's names of reasons. */
const NAMES: Readonly<Record<string, string>> = {
  blocked_domain: "domain",
  blocked_host: "subdomain",
  blocked_url: "url",
  banned_word: "hard_blacklisted",
  soft_banned_words: "soft_blacklisted",
  banned_subword: "blacklisted_subword",
};

test("every decision and reason of datatrove's URLFilter, WebAssembly on", golden);
test("every decision and reason of datatrove's URLFilter, WebAssembly off", () => withoutWasm(golden));

function golden(): void {
  const [lists, ...lines] = readFileSync("test/golden/filters/url-filter.jsonl", "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line)) as [Record<string, string[]>, ...[string, string | null][]];
  const options = Object.fromEntries(Object.entries(lists).map(([name, entries]) => [name, inline(...entries)]));
  const said = reasons(
    lines.map(([each]) => each),
    options,
  ).map((reason) => (reason === undefined ? null : NAMES[reason]));
  assert.ok(lines.length > 300);
  assert.deepEqual(
    lines.map(([each], row) => [each, said[row]]),
    lines,
  );
  assert.equal(new Set(said).size, 7);
}

test("with and without WebAssembly the same, whatever the lists, in a column and in JSON, for long URLs too", () => {
  const list = (parts: number) =>
    fc.array(fc.string({ unit: fc.constantFrom("a", "b", "1"), minLength: 1, maxLength: parts }), { maxLength: 4 });
  const host = fc.constantFrom(
    "http://aa.com",
    "https://b.aa.com",
    "http://b.aa.co.uk",
    "http://AA.com",
    "b.aa.com:80",
    "http://b..com",
    "http://.aa.com",
    "http://u@b.org",
    "https://x.aa.net.",
  );
  const end = fc.string({ unit: fc.constantFrom("a", "b", "1", "A", "/", "-", "é"), maxLength: 30 });
  const url = fc
    // Blocks of 64 bytes begin and end within words and between them.
    .tuple(host, fc.constantFrom("-", "a"), fc.oneof(fc.nat(140), fc.constantFrom(0, 9000)), end)
    .map(([from, filler, more, to]) => `${from}/${filler.repeat(more)}${to}`);
  fc.assert(
    fc.property(
      list(4),
      list(4),
      list(11),
      fc.array(url, { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      (banned, soft, parts, urls, fold) => {
        const options = {
          domains: inline("aa.com", "b.org", "b.aa.co.uk", "x.aa.net"),
          urls: inline(urls[0]),
          banned_words: inline(...banned),
          soft_banned_words: inline(...soft),
          banned_subwords: inline(...parts),
          letter_case: fold ? "ignore" : "exact",
        };
        const answer = () => {
          const rows = batchOfRows(urls.map((each) => ({ meta: JSON.stringify({ url: each }) })));
          const nested = applyFilter(filterUrl, { ...options, column: "meta.url" }, rows, RESOURCES);
          return [judge(urls, options), urls.map((_, row) => nested.get(row))];
        };
        const [plain, nested] = answer();
        assert.deepEqual(nested, plain);
        assert.deepEqual(withoutWasm(answer), [plain, plain]);
      },
    ),
    { numRuns: 60 },
  );
});

test("a verdict says what was found", () => {
  const options = {
    domains: inline("blocked.com", "sub.nice.com"),
    banned_words: inline("casino"),
    soft_banned_words: inline("free", "win", "bonus"),
    banned_subwords: inline("poker room"),
  };
  const found = judge(
    [
      "http://a.blocked.com/",
      "http://sub.nice.com",
      "http://x.com/casino",
      "http://x.com/free-win-bonus-win",
      "http://x.com/p-oke/rroom1",
    ],
    options,
  );
  assert.deepEqual(
    found.map((each) => [each?.detail ?? each?.value]),
    [["blocked.com"], ["sub.nice.com"], ["casino"], [3], ["pokerroom"]],
  );
});

test("capitals are letters of their own, unless they are to be ignored", () => {
  const urls = ["http://Blocked.COM/", "http://x.com/Casino", "HTTP://SUB.nice.Com:80/", "http://x.com/FREE/Win"];
  const options = {
    domains: inline("blocked.com", "sub.nice.com"),
    banned_words: inline("Casino"),
    soft_banned_words: inline("free", "win"),
  };
  assert.deepEqual(reasons(urls, options), [undefined, undefined, undefined, undefined]);
  const ignoring = { ...options, letter_case: "ignore" };
  assert.deepEqual(reasons(urls, ignoring), ["blocked_domain", "banned_word", "blocked_host", "soft_banned_words"]);
});

test("lines of a URL list are whole URLs, or have no scheme", () => {
  const urls = ["http://x.com/a", "https://x.com/a", "x.com/a", "http://x.com/a/"];
  const listed = { urls: inline("x.com/a") };
  assert.deepEqual(reasons(urls, listed), [undefined, undefined, "blocked_url", undefined]);
  const ignoring = { ...listed, ignore_scheme: true };
  assert.deepEqual(reasons(urls, ignoring), ["blocked_url", "blocked_url", "blocked_url", undefined]);
});

test("rows without a URL go or stay, and several lists and many rows are one", () => {
  const options = { domains: [...inline("a.com"), ...inline("# b.com", "  c.com \r", "", "d.com")] };
  const urls = Array.from({ length: 1500 }, (_, i) => (i % 7 === 6 ? null : `http://w.${"abcdef"[i % 7]}.com/${i}`));
  const expected = ["blocked_domain", undefined, "blocked_domain", "blocked_domain", undefined, undefined, "no_url"];
  assert.deepEqual(
    reasons(urls, options),
    urls.map((_, i) => expected[i % 7]),
  );
  assert.deepEqual(reasons([null, "", "http://a.com"], { ...options, missing: "keep" }), [
    undefined,
    undefined,
    "blocked_domain",
  ]);
});

test("no lists, and lists that are packed, are refused by name", () => {
  assert.match(String(filterUrl.options.safeParse({}).error), /name at least one list/);
  const packed = "data:,PK%03%04";
  assert.throws(() => reasons(["http://a.com"], { domains: [packed] }), /is no plain text/);
  assert.throws(() => reasons(["http://a.com"], { banned_words: ["data:,a%00b"] }), /is no plain text/);
});
