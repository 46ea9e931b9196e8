import assert from "node:assert/strict";
import { test } from "node:test";
import { declarationOf } from "../../../stages/define.ts";
import stage from "../../../stages/rewrite/join-columns.ts";
import { batchOf, batchOfRows } from "../../batch-of.ts";
import { applyAll } from "../filter/run.ts";

test("pieces and values of every kind are put together", () => {
  const batch = batchOfRows([
    { text: "é", n: 2.5, big: 9007199254740993n, ok: true, meta: '{"a":{"b":1.50},"list":[1, "x"]}' },
    { text: "", n: -0.1, big: 1n, ok: false, meta: '{"a":{"b":"\\u00fc"}, "list":{}}' },
  ]);
  const template = "{text}|{n}|{big}|{ok}|{ meta.a.b }|{meta.list}|{{}}\n";
  assert.deepEqual(applyAll(stage, { template }, batch).texts, [
    'é|2.5|9007199254740993|true|1.50|[1, "x"]|{}\n',
    "|-0.1|1|false|ü|{}|{}\n",
  ]);
});

test("a dictionary, malformed bytes and a name that comes twice", () => {
  const batch = batchOf([Uint8Array.of(0x61, 0xff), "b"]);
  batch.setColumn("c", { kind: "dictionary", codes: Int32Array.of(1, 0), values: ["x", "ÿ"] });
  applyAll(stage, { template: "{c}{text}{c}" }, batch);
  assert.deepEqual(
    Buffer.from(batch.text.data),
    Buffer.concat([Buffer.from("ÿa"), Buffer.of(0xff), Buffer.from("ÿxbx")]),
  );
});

test("rows without a value are dropped and named, or their place is empty; dead rows are empty", () => {
  const rows = [
    { a: "1", b: "2" },
    { a: null, b: "2" },
    { a: "1", b: null },
    { a: "4", b: "5" },
  ];
  const dropping = batchOfRows(rows);
  dropping.alive.clear(3);
  const { dropped, texts } = applyAll(stage, { template: "{a}-{b}" }, dropping);
  assert.deepEqual(texts, ["1-2", "", "", ""]);
  assert.deepEqual(
    [...dropped],
    [
      [1, { reason: "missing_value", value: Number.NaN, detail: "a" }],
      [2, { reason: "missing_value", value: Number.NaN, detail: "b" }],
    ],
  );
  assert.deepEqual(applyAll(stage, { template: "{a}-{b}", missing: "empty" }, batchOfRows(rows)).texts, [
    "1-2",
    "-2",
    "1-",
    "4-5",
  ]);
});

test("what is no JSON is dropped, whatever is said about missing values", () => {
  const batch = batchOfRows([{ m: "{}" }, { m: "no" }]);
  const { dropped, texts } = applyAll(stage, { template: "<{m.a}>", missing: "empty" }, batch);
  assert.deepEqual(texts, ["<>", ""]);
  assert.equal(dropped.get(1)?.reason, "not_json");
});

test("a template declares what it reads and how rows may fall; a lone brace is refused", () => {
  const declared = (options: object) => declarationOf(stage, stage.options.parse(options));
  assert.deepEqual(declared({ template: "{a}{b.c}{a}" }).reads, ["a", "b.c"]);
  assert.deepEqual(Object.keys(declared({ template: "{a}" }).reasons), ["missing_value", "too_large"]);
  assert.deepEqual(Object.keys(declared({ template: "{a.b}", missing: "empty" }).reasons), ["not_json", "too_large"]);
  for (const template of ["{a", "a}", "{a}}", "{{a}", "{}"]) {
    assert.throws(() => stage.options.parse({ template }), /brace|column/, template);
  }
  assert.throws(() => stage.options.parse({ template: "no column {{a}}" }), /no column is named/);
});
