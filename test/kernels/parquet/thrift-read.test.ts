import assert from "node:assert/strict";
import { test } from "node:test";
import { ThriftStruct } from "../../../kernels/parquet/thrift.ts";
import { readThrift, ThriftCut } from "../../../kernels/parquet/thrift-read.ts";

const STRUCT = new ThriftStruct()
  .i32(1, -7)
  .i64(2, 2 ** 50)
  .bool(3, true)
  .text(5, "é")
  .structs(6, [new ThriftStruct().i32(1, 1)])
  .texts(7, ["a", "b"])
  .bools(8, [true, false])
  .struct(9, new ThriftStruct().binary(1, Uint8Array.of(1, 2)))
  .finish();

test("what the writer wrote is read back", () => {
  const { record, end } = readThrift(Buffer.concat([Uint8Array.of(9), STRUCT, Uint8Array.of(1)]), 1);
  assert.equal(end, 1 + STRUCT.length);
  assert.equal(record.integer(1), -7);
  assert.equal(record.integer(2), 2 ** 50);
  assert.equal(record.bool(3), true);
  assert.equal(record.integer(4), undefined);
  assert.equal(record.text(5), "é");
  assert.deepEqual(
    record.records(6)?.map((inner) => inner.integer(1)),
    [1],
  );
  assert.deepEqual(record.texts(7), ["a", "b"]);
  assert.ok(record.has(8));
  assert.equal(record.record(9)?.text(1), "\u0001\u0002");
});

test("a field of another type is an error, a struct that is cut says so", () => {
  const { record } = readThrift(STRUCT, 0);
  assert.throws(() => record.text(1), /field 1 is not text/);
  assert.throws(() => record.integer(5), /field 5 is not an integer/);
  assert.throws(() => record.records(7), /list of structs/);
  for (let length = 0; length < STRUCT.length; length++) {
    assert.throws(() => readThrift(STRUCT.subarray(0, length), 0), ThriftCut, `${length} bytes`);
  }
});

test("claims beyond the bytes there are cost nothing", () => {
  // A list of two billion structs; text of as many bytes; a number without end; structs without end.
  for (const bytes of [
    [0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07],
    [0x18, 0xff, 0xff, 0xff, 0xff, 0x07],
    [0x16, ...new Array(20).fill(0xff)],
    new Array(100).fill(0x1c),
  ]) {
    assert.throws(() => readThrift(Uint8Array.from(bytes), 0), /list|field|ten bytes|deep/);
  }
});
