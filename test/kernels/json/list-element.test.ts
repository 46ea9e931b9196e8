import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonListPath } from "../../../kernels/json/json-path.ts";
import { listElement } from "../../../kernels/json/list-element.ts";

test("elements are those of JSON.parse, whatever they hold", () => {
  const values = [1, 'a,]"\\', [2, [3, "]"]], { a: "}", b: [{}] }, null, "", -0.5, [], {}, "\\\\"];
  for (const spaces of [0, 1]) {
    const list = Buffer.from(JSON.stringify(values, null, spaces));
    for (const [index, value] of values.entries()) {
      const element = listElement(list, index);
      assert.deepEqual(element && JSON.parse(Buffer.from(element).toString()), value, String(index));
    }
    assert.equal(listElement(list, values.length), undefined);
  }
  for (const empty of ["[]", "[ \n ]"]) assert.equal(listElement(Buffer.from(empty), 0), undefined);
});

test("a number in a path is a place in a list, unless an object has it as a key", () => {
  const at = (path: string, json: string): string | undefined => {
    const finder = new JsonListPath(path.split("."));
    const bytes = Buffer.from(json);
    return finder.find(bytes, 0, bytes.length) ? Buffer.from(finder.value).toString() : undefined;
  };
  const answers = '{"a":[{"t":"x"},{"t":"y","l":[5,6]}]}';
  assert.equal(at("a.1.t", answers), "y");
  assert.equal(at("a.1.l.0", answers), "5");
  assert.equal(at("a.2.t", answers), undefined);
  assert.equal(at("a.t", answers), undefined);
  assert.equal(at("0", '["é","b"]'), "é");
  assert.equal(at("a.0", '{"a":{"0":"key"}}'), "key");
  assert.equal(at("a.0", '{"a":"text"}'), undefined);
});
