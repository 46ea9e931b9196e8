import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { type ListColumn, type ListField, ParquetListWriter } from "../../../kernels/parquet/int-lists.ts";
import { ThriftStruct } from "../../../kernels/parquet/thrift.ts";

function column(lists: readonly (readonly number[])[]): ListColumn {
  let end = 0;
  return {
    values: Int32Array.from(lists.flat()),
    ends: Int32Array.from(lists, (list) => {
      end += list.length;
      return end;
    }),
  };
}

function write(
  fields: readonly (string | ListField)[],
  groups: readonly (readonly (readonly (readonly number[])[])[])[],
): Uint8Array {
  const parts: Uint8Array[] = [];
  const named = fields.map((field) => (typeof field === "string" ? { name: field } : field));
  const writer = new ParquetListWriter(named, (bytes) => parts.push(bytes.slice()));
  for (const group of groups) writer.rowGroup(group.map(column));
  writer.finish();
  return Buffer.concat(parts);
}

async function read(bytes: Uint8Array): Promise<Record<string, number[]>[]> {
  const file = new Uint8Array(bytes).buffer;
  return (await parquetReadObjects({ file })) as Record<string, number[]>[];
}

test("lists are read back by another reader", async () => {
  const bytes = write(
    ["input_ids", "seq_lengths"],
    [
      [
        [[5, 6, 7, 8, 9], [-100]],
        [[3, 2], [1]],
      ],
      [[[1]], [[1]]],
    ],
  );
  assert.deepEqual(await read(bytes), [
    { input_ids: [5, 6, 7, 8, 9], seq_lengths: [3, 2] },
    { input_ids: [-100], seq_lengths: [1] },
    { input_ids: [1], seq_lengths: [1] },
  ]);
  assert.deepEqual(await read(write(["a"], [])), []);
});

test("a column of small numbers says so", async () => {
  const bytes = write(["ids", { name: "mask", element: "int8" }], [[[[70_000, 1]], [[0, 1]]]]);
  assert.deepEqual(await read(bytes), [{ ids: [70_000, 1], mask: [0, 1] }]);
  const { schema } = parquetMetadata(new Uint8Array(bytes).buffer);
  assert.deepEqual(
    schema.filter(({ name }) => name === "element").map(({ type, converted_type }) => [type, converted_type]),
    [
      ["INT32", undefined],
      ["INT32", "INT_8"],
    ],
  );
});

test("any lists of any lengths in any row groups are read back", async () => {
  const list = fc.oneof(
    fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 40 }),
    fc.integer({ min: 100, max: 300 }).map((length) => Array.from({ length }, (_, i) => i)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(list, { minLength: 1, maxLength: 12 }), { maxLength: 20 }), async (groups) => {
      const bytes = write(
        ["a"],
        groups.map((lists) => [lists]),
      );
      assert.deepEqual(
        await read(bytes),
        groups.flat().map((a) => ({ a })),
      );
    }),
    { numRuns: 40, seed: 11 },
  );
});

test("what no reader could read is refused", () => {
  const group = (...columns: ListColumn[]) => new ParquetListWriter([{ name: "a" }], () => {}).rowGroup(columns);
  assert.throws(() => group({ values: Int32Array.of(1), ends: Int32Array.of(0, 1) }), /ends at 0/);
  assert.throws(() => group({ values: Int32Array.of(1, 2), ends: Int32Array.of(1) }), /2 values/);
  assert.throws(() => group(column([[1]]), column([[1], [2]])), /differ in length/);
});

test("thrift numbers are varints of their zigzag code", () => {
  assert.deepEqual([...new ThriftStruct().i32(1, 0).i64(3, 300).finish()], [0x15, 0, 0x26, 0xd8, 4, 0]);
  assert.deepEqual([...new ThriftStruct().i32s(2, new Array(15).fill(1)).finish()].slice(0, 4), [0x29, 0xf5, 15, 2]);
  assert.deepEqual([...new ThriftStruct().i32(1, -1).i64(2, -300).finish()], [0x15, 1, 0x16, 0xd7, 4, 0]);
  assert.deepEqual([...new ThriftStruct().bool(1, true).bools(2, [false, true]).finish()], [0x11, 0x19, 0x21, 2, 1, 0]);
  assert.throws(() => new ThriftStruct().i64(1, 2 ** 53), RangeError);
  assert.throws(() => new ThriftStruct().i32(2, 1).i32(1, 1), RangeError);
});
