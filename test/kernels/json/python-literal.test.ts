import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseLiterals, pythonLiteral } from "../../../kernels/json/python-literal.ts";
import { JsonError, jsonText, parseJson } from "../../../kernels/json/value.ts";
import { ROOT } from "../../project-root.ts";

interface Case {
  readonly json: string;
  readonly python: string;
}

const cases: readonly Case[] = JSON.parse(readFileSync(join(ROOT, "test/golden/python-literals.json"), "utf8"));

test("values are printed as Python prints what its JSON reader makes of them", () => {
  for (const { json, python } of cases) assert.equal(pythonLiteral(parseJson(json)), python, json);
});

test("what Python prints is read again as the value", () => {
  for (const { json, python } of cases) {
    const [value, ...more] = parseLiterals(python);
    assert.ok(value !== undefined && more.length === 0, python);
    assert.equal(pythonLiteral(value), python, json);
  }
});

test("JSON and mixtures of both are read, values may stand behind each other", () => {
  const values = parseLiterals(`{"a": 'it\\'s', 'b': (1, .5, +2), }\n{"c": True}, [null,]`);
  assert.equal(jsonText(values), `[{"a":"it's","b":[1,0.5,2]},{"c":true},[null]]`);
  assert.deepEqual(parseLiterals("  "), []);
  assert.equal(
    jsonText(parseLiterals('{"n": 12345678901234567890, "f": 1.0}')),
    '[{"n":12345678901234567890,"f":1.0}]',
  );
  assert.equal(jsonText(parseLiterals("'\\x41\\u00e9\\U0001f600\\q\\/'")), '["Aé😀\\\\q/"]');
});

test("what is neither is refused with its place, and depth is bounded", () => {
  for (const text of [
    "{'a' 1}",
    "[1 2]",
    "{1: 2}",
    "nonsense",
    "'open",
    "{'a': ",
    "'\\u12'",
    "'\\ud800'",
    "[".repeat(300),
  ]) {
    assert.throws(() => parseLiterals(text), JsonError, text);
  }
});
