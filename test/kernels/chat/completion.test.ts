/** One shape of what servers answer, whoever they are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BadCompletion,
  CompletionStream,
  completionOf,
  errorMessage,
  StreamedError,
} from "../../../kernels/chat/completion.ts";

const body = (message: unknown, finish_reason: unknown = "stop", more: object = {}): string =>
  JSON.stringify({ model: "m", choices: [{ index: 0, message, finish_reason }], ...more });

test("thinking comes under either key, and TGI's words are the others'", () => {
  for (const key of ["reasoning", "reasoning_content"]) {
    const { reasoning, content } = completionOf(body({ content: "a", [key]: "t" }));
    assert.deepEqual([reasoning, content], ["t", "a"]);
  }
  assert.equal(completionOf(body({ content: "a", reasoning_content: null })).reasoning, null);
  assert.equal(completionOf(body({ content: "a" }, "eos_token")).finish_reason, "stop");
  assert.equal(completionOf(body({ content: "a" }, "stop_sequence")).finish_reason, "stop");
  assert.equal(completionOf(body({ content: "a" }, null)).finish_reason, "");
  assert.equal(
    completionOf(
      body({
        content: [
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ],
      }),
    ).content,
    "ab",
  );
});

test("usage is taken where it is, and its details", () => {
  const usage = { prompt_tokens: 3, completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 2 } };
  assert.deepEqual(completionOf(body({ content: "a" }, "stop", { usage })).usage, {
    prompt_tokens: 3,
    completion_tokens: 5,
    reasoning_tokens: 2,
    cached_tokens: 0,
  });
  const flat = {
    prompt_tokens: 3,
    completion_tokens: 5,
    reasoning_tokens: 1,
    prompt_tokens_details: { cached_tokens: 2 },
  };
  assert.deepEqual(completionOf(body({ content: "a" }, "stop", { usage: flat })).usage, {
    prompt_tokens: 3,
    completion_tokens: 5,
    reasoning_tokens: 1,
    cached_tokens: 2,
  });
  assert.equal(completionOf(body({ content: "a" })).usage, null);
});

test("arguments keep every digit, as text or as a value", () => {
  const call = '{"function": {"name": "f", "arguments": {"x": 1.0, "y": 12345678901234567890}}}';
  const text = `{"choices": [{"message": {"content": null, "tool_calls": [${call}]}, "finish_reason": "tool_calls"}]}`;
  assert.deepEqual(completionOf(text).tool_calls, [{ name: "f", arguments: '{"x":1.0,"y":12345678901234567890}' }]);
});

test("half of a character becomes U+FFFD: it must not end a run", () => {
  const text = '{"choices": [{"message": {"content": "a\\ud83d"}, "finish_reason": "stop"}]}';
  assert.equal(completionOf(text).content, "a\ufffd");
});

test("what is no answer is none", () => {
  for (const text of ["", "{", "[]", "{}", '{"choices": []}', '{"choices": [{"finish_reason": "stop"}]}'])
    assert.throws(() => completionOf(text), BadCompletion, text);
  assert.throws(
    () => completionOf('{"error": {"message": "m", "code": 503}}'),
    (error) => {
      assert.ok(error instanceof StreamedError);
      assert.deepEqual([error.message, error.status], ["m", 503]);
      return true;
    },
  );
  assert.throws(() => completionOf('{"object": "error", "message": "m", "code": 400}'), StreamedError);
});

test("a stream is put together, and one that ends too soon is none", () => {
  const chunk = (delta: unknown, finish_reason: string | null = null): string =>
    JSON.stringify({ model: "m", choices: [{ delta, finish_reason }] });
  const whole = new CompletionStream();
  whole.push(chunk({ role: "assistant", content: "" }));
  whole.push(chunk({ reasoning: "th" }));
  whole.push(chunk({ reasoning_content: "ink" }));
  whole.push(chunk({ content: "a" }));
  whole.push(chunk({ content: "b" }));
  whole.push(chunk({ tool_calls: [{ index: 1, function: { name: "g", arguments: "{" } }] }));
  whole.push(chunk({ tool_calls: [{ index: 0, function: { name: "f", arguments: "{}" } }] }));
  whole.push(chunk({ tool_calls: [{ index: 1, function: { arguments: "}" } }] }));
  assert.throws(() => whole.finish(), BadCompletion);
  whole.push(chunk({}, "stop"));
  whole.push(JSON.stringify({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } }));
  assert.equal(whole.isDone, false);
  whole.push("[DONE]");
  assert.equal(whole.isDone, true);
  assert.deepEqual(whole.finish(), {
    content: "ab",
    reasoning: "think",
    tool_calls: [
      { name: "f", arguments: "{}" },
      { name: "g", arguments: "{}" },
    ],
    finish_reason: "stop",
    usage: { prompt_tokens: 1, completion_tokens: 2, reasoning_tokens: 0, cached_tokens: 0 },
    model: "m",
    system_fingerprint: null,
  });
  assert.throws(() => whole.push('{"error": {"message": "gone", "code": 500}}'), StreamedError);
});

test("refusals say what they say, whatever they are wrapped in", () => {
  for (const text of [
    '{"error": {"message": "too long", "code": 400}}',
    '{"error": "too long", "error_type": "validation"}',
    '{"object": "error", "message": "too long"}',
    '{"detail": "too long"}',
    '{"detail": [{"loc": ["body"], "msg": "too long"}]}',
    "too long",
  ])
    assert.equal(errorMessage(text), "too long", text);
  assert.equal(errorMessage("{}"), "");
});
