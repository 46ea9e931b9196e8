/** Where endpoints come from, and that nobody is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RecipeError } from "../../batch/errors.ts";
import { endpointData, findEndpoint } from "../../io/remote/endpoints.ts";

const hrefs = (data: ReturnType<typeof endpointData>, name: string) =>
  findEndpoint(data, name)?.urls.map(({ href }) => href);

test("flags go before variables, a name may have several addresses", () => {
  const data = endpointData(["qwen=http://a:1/v1", "qwen=https://b/v1/chat/completions", "other=http://c/"], {
    SHARDMILL_ENDPOINT_QWEN: "http://d/v1",
    SHARDMILL_ENDPOINT_DEEP_SEEK: "http://e/v1, http://f/v1/",
    OPENAI_BASE_URL: "https://api/v1",
    HOME: "/x",
  });
  assert.deepEqual(hrefs(data, "qwen"), ["http://a:1/v1/chat/completions", "https://b/v1/chat/completions"]);
  assert.deepEqual(hrefs(data, "other"), ["http://c/chat/completions"]);
  assert.deepEqual(hrefs(data, "deep-seek"), ["http://e/v1/chat/completions", "http://f/v1/chat/completions"]);
  assert.deepEqual(hrefs(data, "default"), ["https://api/v1/chat/completions"]);
  assert.equal(findEndpoint(data, "nobody"), undefined);
  assert.ok(!("HOME" in data.variables));
});

test("a key is the name's own, else the one for all", () => {
  const data = endpointData(["a=http://a/v1", "b-c=http://b/v1"], {
    SHARDMILL_API_KEY_B_C: "bc",
    SHARDMILL_API_KEY: "all",
    OPENAI_API_KEY: "openai",
  });
  assert.equal(findEndpoint(data, "b-c")?.key, "bc");
  assert.equal(findEndpoint(data, "a")?.key, "all");
  assert.equal(findEndpoint(endpointData(["a=http://a/v1"], { OPENAI_API_KEY: "o" }), "a")?.key, "o");
  assert.equal(findEndpoint(endpointData(["a=http://a/v1"], { OPENAI_API_KEY: " " }), "a")?.key, undefined);
});

test("what is no address is refused, and not repeated", () => {
  for (const flag of [
    "http://secret/v1",
    "q=secret",
    "q=ftp://secret/v1",
    "q=http://u:secret@h/v1",
    "q=http://h/v1?key=secret",
    "=",
  ]) {
    assert.throws(
      () => endpointData([flag], {}),
      (error) => {
        assert.ok(error instanceof RecipeError);
        assert.equal(error.code, "flag/endpoint");
        assert.ok(!error.message.includes("secret"), error.message);
        return true;
      },
      flag,
    );
  }
  assert.throws(() => findEndpoint(endpointData([], { SHARDMILL_ENDPOINT_A: "secret" }), "a"), {
    code: "flag/endpoint",
  });
});
