import assert from "node:assert/strict";
import { test } from "node:test";
import lines from "../../../stages/dedup/lines.ts";
import paragraphs from "../../../stages/dedup/paragraphs.ts";
import { NO_RESOURCES } from "../../../stages/define.ts";
import { edit } from "./editing.ts";

const stage = (options: Record<string, unknown>) => lines.create(lines.options.parse(options), NO_RESOURCES);

test("a line that came before goes with its line ends; short ones stay", () => {
  const notice = "This notice stands on every page of the site.";
  const texts = [`One.\n${notice}\n}\n`, `}\n  ${notice}\t\r\nTwo.`, `${notice}\n${notice}`, notice.toUpperCase()];
  const { texts: left, reasons, cut_bytes } = edit(stage({}), texts);
  assert.deepEqual(left, [texts[0], "}\nTwo.", undefined, texts[3]]);
  assert.equal(reasons.get(2), "nothing_left");
  assert.equal(cut_bytes, texts[1].length - 6 + texts[2].length);
});

test("runs of lines: they go whole, may overlap, and pass over lines without text", () => {
  const options = { lines: 3, min_bytes: 1 };
  const { texts } = edit(stage(options), [
    "a\nb\nc\nd\n",
    "x\na\n\nb\nc\ny\n",
    "b\nc\nd\na\nb\nc\nd\n",
    "a\nb\nq\nb\nc\n",
  ]);
  assert.deepEqual(texts, ["a\nb\nc\nd\n", "x\ny\n", undefined, "a\nb\nq\nb\nc\n"]);
  const few = edit(stage({ ...options, min_bytes: 4 }), ["a\nb\nc\n", "a\nb\nc\nd\n"]);
  assert.deepEqual(few.texts[1], "a\nb\nc\nd\n");
});

test("paragraphs end behind empty lines; what is left too short falls with a reason of its own", () => {
  const own = paragraphs.create(paragraphs.options.parse({ min_bytes: 8, min_left: 5 }), NO_RESOURCES);
  const shared = "A paragraph\nof two lines.";
  const texts = [`${shared}\n\n \nEnd of it.`, `Start of it.\n\n${shared}\n`, `ab\n\n${shared}`, "ab"];
  const { texts: left, reasons } = edit(own, texts);
  assert.deepEqual(left, [texts[0], "Start of it.\n\n", undefined, "ab"]);
  assert.deepEqual([...reasons.entries()], [[2, "too_little_left"]]);
});
