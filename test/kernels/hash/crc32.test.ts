import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "../../../kernels/hash/crc32.ts";

test("crc32 gives the published check values", () => {
  assert.equal(crc32(Buffer.from("123456789")), 0xcbf43926);
  assert.equal(crc32(new Uint8Array(0)), 0);
  assert.equal(crc32(Buffer.from("a")), 0xe8b7be43);
  assert.equal(crc32(new Uint8Array(32)), 0x190a55ad);
  assert.equal(crc32(new Uint8Array(32).fill(0xff)), 0xff6cab0b);
});
