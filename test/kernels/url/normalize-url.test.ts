import assert from "node:assert/strict";
import { test } from "node:test";
import { UrlNormalizer } from "../../../kernels/url/normalize-url.ts";

const normalizer = new UrlNormalizer();

function normalized(url: string): string | undefined {
  const bytes = Buffer.from(`x${url}y`);
  if (!normalizer.normalize(bytes, 1, bytes.length - 1)) return undefined;
  return Buffer.from(normalizer.bytes.subarray(0, normalizer.length)).toString("utf8");
}

test("spellings of one address become one", () => {
  const groups: readonly (readonly [string, readonly string[]])[] = [
    [
      "example.com",
      [
        "http://example.com",
        "https://EXAMPLE.com/",
        "//www.example.com",
        "example.com.",
        "http://example.com:80/",
        "https://example.com:443#top",
        "https://me:pw@www.example.com//?#",
        "  http://example.com/./a/..\n",
        "HTTP://WWW.example.com/?utm_source=a&UTM_medium=b&fbclid=1",
      ],
    ],
    ["example.com/a/~b?q=1&p=2", ["https://example.com/a/%7Eb/?q=1&utm_id=7&p=2", "example.com/x/../a/%7eb?&q=1&&p=2"]],
    ["example.com/%C3%A9%2F%25", ["http://example.com/%c3%a9%2f%", "http://example.com/%C3%A9%2F%25/"]],
    ["example.com/%2541", ["http://example.com/%%341", "http://example.com/%2541"]],
    ["ftp://example.com:80/a", ["ftp://example.com:80/a/"]],
    ["[::1]:8080/a", ["http://[::1]:8080/a"]],
    ["www.com", ["http://www.com/"]],
  ];
  for (const [expected, urls] of groups) for (const url of urls) assert.equal(normalized(url), expected, url);
});

test("what may name another page stays", () => {
  const urls = [
    "http://a.com/B",
    "http://a.com/b",
    "http://a.com/b?x=1&y=2",
    "http://a.com/b?y=2&x=1",
    "http://a.com:8080/b",
    "http://b.a.com/b",
    "https://a.com:80/b",
    "http://a.com/b?",
  ];
  const different = new Set(urls.map(normalized));
  // The last one is `b` again.
  assert.equal(different.size, urls.length - 1);
  assert.equal(normalized("http://é.com/ü"), "é.com/ü");
});

test("nothing is left of nothing", () => {
  for (const url of ["", " ", "http://", "https:///", "//"]) assert.equal(normalized(url), undefined, url);
});
