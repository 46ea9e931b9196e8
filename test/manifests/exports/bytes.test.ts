import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { temporaryFolder } from "../../io/temporary.ts";
import { exportDigests } from "./bytes.ts";

test("the bytes of every export are those of the golden file: a change is meant, and made by its script", (t) => {
  const golden = JSON.parse(readFileSync("test/golden/exports/digests.json", "utf8")) as Record<string, string>;
  assert.deepEqual(
    exportDigests(() => temporaryFolder(t)),
    golden,
  );
});
