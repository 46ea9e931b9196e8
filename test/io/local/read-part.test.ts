import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { RunError } from "../../../batch/errors.ts";
import { readPart } from "../../../io/local/read-part.ts";
import { temporaryFolder } from "../temporary.ts";

test("readPart gives exactly the bytes there are", (t) => {
  const file = path.join(temporaryFolder(t), "00000.ds");
  const content = Buffer.from(Uint8Array.from({ length: 100_003 }, (_, i) => i * i));
  fs.writeFileSync(file, content);
  assert.ok(content.equals(readPart(file)));
  assert.ok(content.subarray(-9).equals(readPart(file, 99_994)));
  assert.ok(content.subarray(17, 90_017).equals(readPart(file, 17, 90_000)));
  assert.equal(readPart(file, 100_003, 0).length, 0);
  for (const [start, length] of [
    [99_998, 6],
    [100_008, 6],
  ]) {
    assert.throws(
      () => readPart(file, start, length),
      (error) =>
        error instanceof RunError &&
        error.code === "run/short-file" &&
        error.message.includes(`${file} has 100003 bytes where ${start + length} were committed`),
    );
  }
});
