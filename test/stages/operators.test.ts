import assert from "node:assert/strict";
import { test } from "node:test";
import { filter, rewrite } from "../../stages/define.ts";

test("what an operator keeps is one object: a bare function, as it once was, is refused and not lost", () => {
  const finish = () => 1;
  assert.equal(filter(() => {}, { finish }).finish, finish);
  const untyped: (apply: () => void, keeps: unknown) => unknown = filter as never;
  assert.throws(() => untyped(() => {}, finish), TypeError);
  assert.equal(rewrite((batch) => batch.text).finish, undefined);
});
