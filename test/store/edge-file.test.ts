import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { Vouched } from "../../io/local/vouched.ts";
import { EdgeWriter, readEdges } from "../../store/edge-file.ts";
import { damaged, flipByte, writeVouched } from "../io/vouched.ts";
import { temporaryFolder } from "../workers/fixture.ts";

function write(target: string, edges: number): Vouched {
  return writeVouched(target, (file) => {
    const writer = new EdgeWriter(file);
    for (let i = 0; i < edges; i++) writer.add(i, 0xffffffff - i);
    assert.equal(writer.edges, edges);
    writer.flush();
  });
}

test("pairs come back in order, over buffers and files, empty ones too", (t) => {
  const folder = temporaryFolder(t);
  const counts = [0, 3, 20_000, 8192, 1];
  const files = counts.map((count, i) => write(path.join(folder, `${i}`), count));
  assert.equal(
    fs.readFileSync(path.join(folder, "1")).subarray(0, -8).toString("hex"),
    "00000000ffffffff01000000feffffff02000000fdffffff",
  );
  const found: number[] = [];
  for (const piece of readEdges(files)) found.push(...piece);
  const expected = counts.flatMap((count) => Array.from({ length: count }, (_, i) => [i, 0xffffffff - i]).flat());
  assert.deepEqual(found, expected);
});

test("half a pair, a cut file, a flipped byte and a missing file are errors that name the file", (t) => {
  const folder = temporaryFolder(t);
  const half = writeVouched(path.join(folder, "half"), (file) => file.write(new Uint8Array(12)));
  assert.throws(() => [...readEdges([half])], damaged(half, /middle of a pair/));
  const target = path.join(folder, "edges");
  const file = write(target, 5000);
  for (const at of [0, 39_999, -1]) {
    flipByte(target, at);
    assert.throws(() => [...readEdges([file])], damaged(file, /is damaged between|damaged sums/), `byte ${at}`);
    flipByte(target, at);
  }
  assert.equal([...readEdges([file])].length, 1);
  fs.truncateSync(target, 16_000);
  assert.throws(() => [...readEdges([file])], damaged(file, /has 16000 bytes where 40024 were committed/));
  fs.rmSync(target);
  assert.throws(() => [...readEdges([file])], damaged(file, /is gone/));
});
