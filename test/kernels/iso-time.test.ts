import assert from "node:assert/strict";
import { test } from "node:test";
import { isoDate, isoInstant } from "../../kernels/iso-time.ts";

test("instants keep every digit, before 1970 too", () => {
  assert.equal(isoInstant(0n, 0, "Z"), "1970-01-01T00:00:00Z");
  assert.equal(isoInstant(-1n, 3, ""), "1969-12-31T23:59:59.999");
  assert.equal(isoInstant(1709251199000001n, 6, "Z"), "2024-02-29T23:59:59.000001Z");
  assert.equal(isoInstant(-1n, 9, "Z"), "1969-12-31T23:59:59.999999999Z");
  assert.equal(isoInstant(2n ** 63n - 1n, 0, "Z"), "9223372036854775807");
});

test("dates", () => {
  assert.equal(isoDate(-1), "1969-12-31");
  assert.equal(isoDate(19782), "2024-02-29");
  assert.equal(isoDate(2 ** 31), "2147483648");
});
