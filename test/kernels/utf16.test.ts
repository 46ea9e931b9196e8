import assert from "node:assert/strict";
import { test } from "node:test";
import { utf16ByteOrder } from "../../kernels/utf16.ts";

test("UTF-16 is known by its mark or by its NULs", () => {
  const little = Buffer.from("plain text", "utf16le");
  assert.equal(utf16ByteOrder(little), "little-endian");
  assert.equal(utf16ByteOrder(Buffer.from(little).swap16()), "big-endian");
  assert.equal(utf16ByteOrder(Buffer.from("\ufeff文字", "utf16le")), "little-endian");
  assert.equal(utf16ByteOrder(Buffer.from("\ufeff文字", "utf16le").swap16()), "big-endian");
});

test("other bytes are not", () => {
  for (const bytes of [
    Buffer.from(""),
    Buffer.from("text\0text\0"),
    Buffer.alloc(64),
    Buffer.from("\ufefftext"),
    Buffer.from([0xff]),
  ]) {
    assert.equal(utf16ByteOrder(bytes), undefined);
  }
});
