import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { type PlainTextOptions, TextExtractor, TooManyNodes } from "../../../kernels/html/plain-text.ts";
import { ROOT } from "../../project-root.ts";

interface Page {
  readonly html: string;
  readonly whole: string;
  readonly main: string;
}

const OPTIONS: PlainTextOptions = {
  main_content: true,
  list_bullets: true,
  alt_texts: true,
  comments: true,
  post_meta: true,
};
const main = new TextExtractor(OPTIONS);
const whole = new TextExtractor({ ...OPTIONS, main_content: false });

test("layout, trees and main content are the reference's", () => {
  const pages = JSON.parse(readFileSync(join(ROOT, "test/golden/main-text/pages.json"), "utf8")) as Page[];
  const others: string[] = [];
  for (const page of pages) {
    if (whole.extract(page.html) !== page.whole) others.push(page.html);
    if (main.extract(page.html) !== page.main) others.push(page.html);
  }
  assert.ok(pages.length > 100);
  // The class `ad` alone, which the reference misses because it puts a blank behind it.
  assert.deepEqual(
    others.map((html) => html.slice(0, 34)),
    ["<div><div><div><div class='ad'>jud"],
  );
});

test("where the reference loses or adds what is not there, this does not", () => {
  // There, a text of one sign of three bytes is taken for an icon.
  assert.equal(main.extract("<p>a <b>≠</b> b、<i>水</i></p><p>(&nbsp;<a>x</a>)</p>"), "a ≠ b、水\n\n(\u00a0x)");
  // There, an empty list, and an item outside of any, indent all that follows.
  assert.equal(whole.extract("<ul></ul><p>a"), "a");
  assert.equal(whole.extract("<li>a</li><p>b"), "• a\n\nb");
});

test("options", () => {
  const text = (options: Partial<PlainTextOptions>, html: string) =>
    new TextExtractor({ ...OPTIONS, ...options }).extract(html);
  const post =
    "<div><div><div><div class=comments>Nice.</div><div class=byline>By me</div><p>Words.</p><ul class=x><li>a</ul><img alt=pic></div></div></div>";
  assert.equal(text({}, post), "Nice.\nBy me\n\nWords.\n\n  • a\npic");
  assert.equal(text({ comments: false, post_meta: false }, post), "Words.\n\n  • a\npic");
  assert.equal(text({ list_bullets: false, alt_texts: false }, post), "Nice.\nBy me\n\nWords.\n\n  a");
});

test("hostile pages: deep, long, full of what is left open", () => {
  const started = process.cpuUsage();
  const many = 3000;
  const shapes = {
    deep: "<div>".repeat(many),
    "deep text": "<i>x".repeat(many),
    "attributes on formatting": Array.from({ length: many }, (_, i) => `<b a=${i}><p>`).join(""),
    "crossed formatting": "<a><b><div></a></b>".repeat(many / 4),
    tables: "<table><tr><td>".repeat(many / 4),
    "rows without cells": `<table>${"<tr>x".repeat(many)}`,
    "ends of nothing": "</p></div></b>".repeat(many),
    forms: "<form>".repeat(many),
    foreign: "<svg><desc>".repeat(many),
    names: Array.from({ length: 70_000 }, (_, i) => `<x${i}>`).join(""),
    attribute: `<p class="${"nav-".repeat(many)}">x`,
    "open quote": `<p class="${"x ".repeat(many)}`,
    references: `${"&".repeat(many)}${"&amp".repeat(many)}`,
    comments: "<!--".repeat(many),
    lists: "<ul><li>x".repeat(many / 4),
  };
  for (const html of Object.values(shapes)) {
    main.extract(html);
    whole.extract(html);
  }
  assert.equal(whole.extract(`${"<div>".repeat(5000)}<p>deep`), "deep");
  const { user } = process.cpuUsage(started);
  assert.ok(user < 10e6, "no shape costs more than its length");
});

test("more nodes than any page has are refused, and the next page is read", () => {
  const small = new TextExtractor(OPTIONS, 100);
  assert.throws(() => small.extract("<br>".repeat(100)), TooManyNodes);
  assert.equal(small.extract("<p>a"), "a");
});

test("any string is a page, and its text has none of its tags", () => {
  const part = fc.constantFrom(
    ..."<p> </p> <b> </b> <div> </div> <table> <tr> <td> </td> </table> <ul> <li> </ul> <a> </a> <svg> </svg> <select> <option> <!-- --> <![CDATA[ ]]> <pre> </pre> <textarea> </textarea> <template> </template> <br/> <h1> </h2> <form> </form> &amp; word < > \n x".split(
      " ",
    ),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const html = parts.join("");
      assert.equal(typeof main.extract(html), "string");
      const text = whole.extract(html);
      assert.equal(whole.extract(html), text, "nothing of a page is left for the next");
      assert.equal(text, text.trimEnd());
    }),
    {
      numRuns: 300,
      seed: -618053907,
      // A cell without a row once told the next page that it had a cell already.
      examples: [[[">", "</h2>", "<a>", "</ul>", "<svg>", "<td>", "x", "]]>"]]],
    },
  );
});
