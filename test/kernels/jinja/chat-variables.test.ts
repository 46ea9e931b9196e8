import assert from "node:assert/strict";
import { test } from "node:test";
import { chatVariables } from "../../../kernels/jinja/chat-variables.ts";
import { compileTemplate } from "../../../kernels/jinja/template.ts";
import { type JsonObject, jsonText, parseJson } from "../../../kernels/json/value.ts";

function messages(text: string): JsonObject[] {
  const list = parseJson(text);
  assert.ok(Array.isArray(list));
  return list.filter((message) => message instanceof Map);
}

/** The messages as a template sees them. */
function seen(text: string, preparation: "transformers-5" | "transformers-4"): string {
  const template = compileTemplate("{{ messages|tojson }}");
  return template
    .render(chatVariables({ messages: messages(text), preparation }))
    .text.replaceAll(": ", ":")
    .replaceAll(", ", ",");
}

test("keys without a value are dropped and reasoning is copied, as transformers 5 does", () => {
  const chat = '[{"role":"assistant","content":null,"tool_calls":null,"name":"x"}]';
  assert.equal(seen(chat, "transformers-5"), '[{"role":"assistant","name":"x"}]');
  assert.equal(seen(chat, "transformers-4"), chat);
  const other = '[{"role":"assistant","content":"a","reasoning":"r"}]';
  const copied = '[{"thinking":"r","role":"assistant","content":"a","reasoning":"r","reasoning_content":"r"}]';
  assert.equal(seen(other, "transformers-5"), copied);
  assert.equal(seen(other, "transformers-4"), other);
  assert.equal(
    seen('[{"thinking":"t","reasoning_content":"c","role":"a"}]', "transformers-5"),
    '[{"thinking":"t","reasoning_content":"c","role":"a"}]',
  );
  assert.equal(
    seen('[{"reasoning_content":null,"thinking":"t"}]', "transformers-5"),
    '[{"thinking":"t","reasoning_content":"t"}]',
  );
});

test("preparation changes no message of the caller", () => {
  const given = messages('[{"role":"a","content":null,"reasoning":"r"}]');
  chatVariables({ messages: given });
  assert.equal(jsonText(given), '[{"role":"a","content":null,"reasoning":"r"}]');
});

test("arguments of the template win over special tokens, and take no name of the chat", () => {
  const variables = chatVariables({
    messages: [],
    specialTokens: new Map([
      ["bos_token", "<s>"],
      ["eos_token", "</s>"],
    ]),
    kwargs: new Map([["bos_token", "<BOS>"]]),
    tools: parseJson('[{"a":1}]') as readonly JsonObject[],
    addGenerationPrompt: true,
  });
  const template = compileTemplate(
    "{{ bos_token }}{{ eos_token }}{{ tools|tojson }}{{ documents }}{{ add_generation_prompt }}",
  );
  assert.equal(template.render(variables).text, '<BOS></s>[{"a": 1}]NoneTrue');
  assert.throws(() => chatVariables({ messages: [], kwargs: new Map([["messages", []]]) }), { kind: "value" });
});
