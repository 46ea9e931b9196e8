import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { createIntermediate } from "../../io/local/commit.ts";
import { DealtFile, DealtWriter } from "../../store/dealt-file.ts";
import { vouchedFor } from "../io/vouched.ts";
import { temporaryFolder } from "../workers/fixture.ts";

test("each reader gets its records whole and in order, whatever the runs", (t) => {
  const folder = temporaryFolder(t);
  for (const [name, runWords] of [
    ["small", 16],
    ["large", 1 << 20],
  ] as const) {
    const pending = createIntermediate(path.join(folder, name));
    const writer = new DealtWriter(pending, 5, runWords);
    const dealt: number[][] = [[], [], [], [], []];
    for (let record = 0; record < 300; record++) {
      const to = (record * 7) % 4;
      const words = 1 + ((record * 13) % 23);
      const out = writer.add(to, words);
      for (let word = 0; word < words; word++) out[word] = record * 100 + word;
      dealt[to].push(...out);
    }
    writer.finish();
    assert.equal(writer.records, 300);
    const file = new DealtFile(vouchedFor(pending.target, pending.commit()), 5);
    for (const [to, words] of dealt.entries())
      assert.deepEqual(
        [...file.read(to)].flatMap((piece) => [...piece]),
        words,
      );
    file.close();
  }
});

test("a file for other readers, and a damaged one, are refused", (t) => {
  const folder = temporaryFolder(t);
  const pending = createIntermediate(path.join(folder, "dealt"));
  const writer = new DealtWriter(pending, 2);
  writer.add(1, 40).fill(7);
  writer.finish();
  const vouched = vouchedFor(pending.target, pending.commit());
  assert.throws(() => new DealtFile(vouched, 3), { code: "store/damaged" });
  const bytes = fs.readFileSync(path.join(folder, "dealt"));
  bytes[14] ^= 1;
  fs.writeFileSync(path.join(folder, "dealt"), bytes);
  assert.throws(
    () => {
      const file = new DealtFile(vouched, 2);
      try {
        return [...file.read(1)];
      } finally {
        file.close();
      }
    },
    { code: "store/damaged" },
  );
});
