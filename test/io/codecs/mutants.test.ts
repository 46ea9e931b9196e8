import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import zlib from "node:zlib";
import { content, digest, mutant, verdict, zstdSeeds } from "./mutants.ts";

const GOLDENS = path.join(process.cwd(), "test/golden/zstd/mutants.json");

test("damaged zstd files: the content or the error that is the same on every Node (test/golden/scripts/zstd-mutants.mjs)", async () => {
  const goldens = JSON.parse(fs.readFileSync(GOLDENS, "utf8")) as string[];
  const files = zstdSeeds();
  for (const [number, golden] of goldens.entries()) {
    const { damage, bytes } = mutant(number, files);
    for (const size of number % 8 === 0 ? [1 << 16, 7] : [1 << 16]) {
      assert.equal(await verdict("zstd", bytes, size), golden, `mutant ${number} (${damage}) by ${size}`);
    }
  }
});

test("a damaged file with checksums is found or has its content all the same", async () => {
  const texts = [2, 3, 6].map((seed) => content(seed, 4000 * seed));
  const gzip: readonly Buffer[] = texts.map((text) =>
    Buffer.concat([zlib.gzipSync(text.subarray(0, 700)), zlib.gzipSync(text)]),
  );
  for (let number = 0; number < 300; number++) {
    const { damage, bytes, original } = mutant(number, gzip, [
      "flip",
      "byte",
      "cut",
      "zero",
      "lose",
      "repeat",
      "append",
    ]);
    const text = texts[gzip.indexOf(original)];
    const whole = Buffer.concat([text.subarray(0, 700), text]);
    const found = await verdict("gzip", bytes);
    const isFound = /^data\/(truncated-gzip|corrupt-gzip|wrong-codec) /.test(found);
    // A cut between two members is a shorter file that is whole.
    const isWhole = found === `${whole.length} ${digest(whole)}` || (damage === "cut" && found.startsWith("700 "));
    assert.ok(isFound || isWhole, `mutant ${number} (${damage}): ${found}`);
  }
});
