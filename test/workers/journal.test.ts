/** The journal: what was written is there, whoever was killed and whoever writes beside. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Journal } from "../../workers/tasks/span/journal.ts";
import { JournalIndex } from "../../workers/tasks/span/journal-index.ts";
import { temporaryFolder } from "./fixture.ts";

const keyOf = (text: string): string => createHash("sha256").update(text).digest("hex");

test("answers are read again by whoever opens it next, in any order", (t) => {
  const file = path.join(temporaryFolder(t), "a", "journal.jsonl");
  const first = new Journal(file);
  for (let i = 0; i < 3000; i++) first.append(keyOf(`${i}`), { i, text: "日本".repeat(i % 50) });
  assert.deepEqual(first.get(keyOf("7")), { i: 7, text: "日本".repeat(7) });
  first.flush();
  first.close();
  const second = new Journal(file);
  for (let i = 2999; i >= 0; i--) assert.deepEqual(second.get(keyOf(`${i}`)), { i, text: "日本".repeat(i % 50) });
  assert.equal(second.get(keyOf("no")), undefined);
  second.append(keyOf("long"), "x".repeat(3_000_000));
  second.close();
  const third = new Journal(file);
  assert.equal(String(third.get(keyOf("long"))).length, 3_000_000);
  third.close();
});

test("half a line, a changed one and rubbish are no answers; the next one stands on a line of its own", (t) => {
  const file = path.join(temporaryFolder(t), "journal.jsonl");
  const first = new Journal(file);
  for (const text of ["a", "b", "c"]) first.append(keyOf(text), text);
  first.close();
  const [a, b, c] = fs.readFileSync(file, "utf8").split("\n");
  for (const cut of [1, 20, 60, c.length - 1]) {
    fs.writeFileSync(file, `${a}\nrubbish\n${b.replace('"b"', '"x"')}\n${c.slice(0, cut)}`);
    const next = new Journal(file);
    assert.deepEqual(
      ["a", "b", "c"].map((text) => next.get(keyOf(text))),
      ["a", undefined, undefined],
      `${cut}`,
    );
    next.append(keyOf("c"), "again");
    assert.equal(next.get(keyOf("c")), "again");
    next.close();
    const last = new Journal(file);
    assert.deepEqual(
      ["a", "c"].map((text) => last.get(keyOf(text))),
      ["a", "again"],
    );
    last.close();
  }
});

test("two that write to one journal lose nothing of each other's", (t) => {
  const file = path.join(temporaryFolder(t), "journal.jsonl");
  const [one, other] = [new Journal(file), new Journal(file)];
  assert.equal(one.get(keyOf("x")), undefined);
  assert.equal(other.get(keyOf("x")), undefined);
  for (let i = 0; i < 50; i++) (i % 3 === 0 ? one : other).append(keyOf(`${i}`), i);
  one.append(keyOf("last"), "one");
  other.append(keyOf("last"), "one");
  for (let i = 0; i < 50; i++) {
    assert.equal(one.get(keyOf(`${i}`)), i);
    assert.equal(other.get(keyOf(`${i}`)), i);
  }
  one.close();
  other.close();
});

test("the index tells keys apart that begin alike", () => {
  const index = new JournalIndex();
  const same = "0123456789abcdef";
  index.add(`${same}00`, 0, 5);
  index.add(`${same}11`, 6, 7);
  for (let i = 0; i < 5000; i++) index.add(keyOf(`${i}`), 100 + i, i);
  assert.deepEqual(
    [...index.find(`${same}22`)],
    [
      { at: 0, length: 5 },
      { at: 6, length: 7 },
    ],
  );
  for (let i = 0; i < 5000; i++) assert.deepEqual([...index.find(keyOf(`${i}`))], [{ at: 100 + i, length: i }]);
});
