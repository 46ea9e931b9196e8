import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { createPending } from "../../io/local/commit.ts";
import { EdgeWriter, readEdges } from "../../store/edge-file.ts";
import { temporaryFolder } from "../workers/fixture.ts";

function write(target: string, edges: number): void {
  const file = createPending(target);
  const writer = new EdgeWriter(file);
  for (let i = 0; i < edges; i++) writer.add(i, 0xffffffff - i);
  assert.equal(writer.edges, edges);
  writer.flush();
  file.commit();
}

test("pairs come back in order, over buffers and files, empty ones too", (t) => {
  const folder = temporaryFolder(t);
  const counts = [0, 3, 20_000, 8192, 1];
  const paths = counts.map((count, i) => {
    write(path.join(folder, `${i}`), count);
    return path.join(folder, `${i}`);
  });
  assert.equal(fs.readFileSync(paths[1]).toString("hex"), "00000000ffffffff01000000feffffff02000000fdffffff");
  const found: number[] = [];
  for (const piece of readEdges(paths)) found.push(...piece);
  const expected = counts.flatMap((count) => Array.from({ length: count }, (_, i) => [i, 0xffffffff - i]).flat());
  assert.deepEqual(found, expected);
});

test("half a pair is an error", (t) => {
  const file = path.join(temporaryFolder(t), "cut");
  fs.writeFileSync(file, new Uint8Array(12));
  assert.throws(() => [...readEdges([file])], { code: "run/short-file" });
});
