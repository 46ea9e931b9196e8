import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  fieldsProblem,
  type OutputField,
  type OutputType,
  parseType,
  TypeTextError,
  typeText,
} from "../../kernels/output-schema.ts";

const { type } = fc.letrec<{ type: OutputType; field: OutputField }>((tie) => ({
  type: fc.oneof(
    { depthSize: "small", maxDepth: 4 },
    fc.constantFrom(...(["utf8", "int32", "int64", "float32", "float64", "bool"] as const)).map((kind) => ({ kind })),
    tie("type").map((of) => ({ kind: "list" as const, of })),
    fc
      .uniqueArray(tie("field"), { minLength: 1, maxLength: 4, selector: ({ name }) => name })
      .map((fields) => ({ kind: "struct" as const, fields })),
  ),
  field: fc.record(
    { name: fc.string({ unit: "grapheme", minLength: 1 }), type: tie("type") },
    { noNullPrototype: true },
  ),
}));

test("any type is read back from its text", () => {
  fc.assert(
    fc.property(type, (of) => assert.deepEqual(parseType(typeText(of)), of)),
    { numRuns: 500, seed: 2 },
  );
});

test("white space is free, and a text that is no type is refused where it stops being one", () => {
  const messages = parseType(" list < struct<content :string,role: string > >\n");
  assert.equal(typeText(messages), "list<struct<content: string, role: string>>");
  const refused: readonly (readonly [string, RegExp, number])[] = [
    ["text", /not `text`/, 0],
    ["", /not nothing/, 0],
    ["list<string", /`>` is missing/, 11],
    ["list string", /`<` is missing/, 4],
    ["struct<>", /needs a name/, 7],
    ["struct<a>", /`:` is missing/, 8],
    ["struct<a: string, a: bool>", /`a` is there twice/, 0],
    ["string>", /something follows/, 6],
  ];
  for (const [text, problem, at] of refused) {
    assert.throws(
      () => parseType(text),
      (error) => error instanceof TypeTextError && problem.test(error.message) && error.at === at,
      text,
    );
  }
});

test("names are unique and structs have fields", () => {
  assert.equal(fieldsProblem([{ name: "a", type: { kind: "bool" } }]), undefined);
  assert.match(fieldsProblem([]) ?? "", /needs a column/);
  assert.match(fieldsProblem([{ name: "", type: { kind: "bool" } }]) ?? "", /no name/);
});
