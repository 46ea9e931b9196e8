import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type ChatInput, chatVariables } from "../../../kernels/jinja/chat-variables.ts";
import { compileTemplate } from "../../../kernels/jinja/template.ts";
import { isJsonList, type JsonObject, type JsonValue, parseJson } from "../../../kernels/json/value.ts";
import { SHIPPED_TEMPLATES } from "../../../stages/chat/shipped-templates.ts";
import { ROOT } from "../../project-root.ts";

const GOLDEN = join(ROOT, "../shared/golden/templates.json");
/** Names in the golden. */
const NAMES = { "smollm3-recipe-sft": "smollm3", "smollm3-shipped": "smollm3-shipped", chatml: "chatml" } as const;
const DATE = { year: 2026, month: 11, day: 28 };
const templates = {
  smollm3: compileTemplate(SHIPPED_TEMPLATES.smollm3, { spans: true }),
  "smollm3-shipped": compileTemplate(SHIPPED_TEMPLATES["smollm3-shipped"], { spans: true }),
  chatml: compileTemplate(SHIPPED_TEMPLATES.chatml, { spans: true }),
};

function objectOf(value: JsonValue | undefined): JsonObject {
  assert.ok(value instanceof Map);
  return value;
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  assert.ok(value !== undefined && isJsonList(value));
  return value;
}

test("123 conversations give what transformers gives", { skip: !existsSync(GOLDEN) && "SKIPPED: no ../shared" }, () => {
  const cases = listOf(objectOf(parseJson(readFileSync(GOLDEN, "utf8"))).get("cases")).map(objectOf);
  let equal = 0;
  for (const entry of cases) {
    const kwargs = new Map(objectOf(entry.get("kwargs")));
    const addGenerationPrompt = kwargs.get("add_generation_prompt") === true;
    kwargs.delete("add_generation_prompt");
    const documents = kwargs.get("documents") ?? null;
    kwargs.delete("documents");
    const tools = entry.get("tools") ?? null;
    const variables = chatVariables({
      messages: listOf(entry.get("messages")).map(objectOf),
      tools: tools === null ? null : listOf(tools),
      documents: documents === null ? null : listOf(documents),
      addGenerationPrompt,
      kwargs,
      specialTokens: new Map([
        ["bos_token", "<BOS>"],
        ["eos_token", "<EOS>"],
      ]),
    });
    for (const [name, result] of objectOf(entry.get("out"))) {
      const id = `${entry.get("id")} ${name}`;
      const template = templates[NAMES[name as keyof typeof NAMES]];
      const expected = objectOf(result);
      if (expected.has("error")) {
        assert.throws(() => template.render(variables, DATE), { name: "TemplateError" }, id);
      } else {
        const { text, spans } = template.render(variables, DATE);
        if (expected.has("text")) assert.equal(text, expected.get("text"), id);
        else assert.equal(createHash("sha256").update(text).digest("hex"), expected.get("sha256"), id);
        const characters = Array.from(text);
        const offsets = listOf(expected.get("spans")).flatMap((span) => [...listOf(span)].map(Number));
        assert.deepEqual(
          spans,
          offsets.map((offset) => Buffer.byteLength(characters.slice(0, offset).join(""))),
          id,
        );
      }
      equal++;
    }
  }
  assert.equal(equal, 369);
});

function render(
  name: keyof typeof templates,
  chat: string,
  rest: Omit<ChatInput, "messages"> = {},
): { text: string; trained: string[] } {
  const messages = listOf(parseJson(chat)).map(objectOf);
  const { text, spans } = templates[name].render(chatVariables({ messages, ...rest }), DATE);
  const bytes = Buffer.from(text);
  const trained: string[] = [];
  for (let at = 0; at < spans.length; at += 2) trained.push(bytes.subarray(spans[at], spans[at + 1]).toString());
  return { text, trained };
}

const CHAT =
  '[{"role":"user","content":"hi /no_think"},{"role":"assistant","content":"\\n\\nhé"},{"role":"tool","content":"t"},{"role":"system","content":"late"},{"role":"assistant","content":"b"}]';

test("SmolLM3 in thinking mode: header with the given date, white space, roles, what is trained on", () => {
  const { text, trained } = render("smollm3", CHAT);
  assert.match(
    text,
    /^<\|im_start\|>system\n## Metadata\n\nKnowledge Cutoff Date: June 2025\nToday Date: 28 November 2026\nReasoning Mode: \/think\n\n/,
  );
  assert.ok(
    text.includes(
      "## Tools\n\n### XML Tools\n\nNone\n\n### Python Tools\n\nNone\n\n<|im_end|>\n<|im_start|>user\nhi /no_think<|im_end|>\n",
    ),
  );
  assert.ok(text.includes("<|im_start|>user\nt<|im_end|>\n"), "a tool's turn is a user's");
  assert.ok(!text.includes("late"), "a later system turn is nothing");
  assert.deepEqual(trained, ["<|im_start|>assistant\nhé<|im_end|>\n", "<|im_start|>assistant\nb<|im_end|>\n"]);
});

test("SmolLM3 without thinking: an empty block before each answer, twice where there is one", () => {
  const kwargs: JsonObject = new Map([["enable_thinking", false]]);
  const { text, trained } = render("smollm3", '[{"role":"assistant","content":"<think>\\nx\\n</think>\\ny"}]', {
    kwargs,
  });
  assert.ok(text.includes("Reasoning Mode: /no_think\n"));
  assert.ok(text.includes("trained by Hugging Face.\n\n## Tools"));
  assert.deepEqual(trained, ["<|im_start|>assistant\n<think>\n\n</think>\n<think>\nx\n</think>\ny<|im_end|>\n"]);
});

test("SmolLM3 reads flags of the system turn: no thinking wins over thinking and the argument; both are removed", () => {
  const kwargs: JsonObject = new Map([["enable_thinking", true]]);
  const { text } = render("smollm3", '[{"role":"system","content":"Be /think kind. /no_think "}]', { kwargs });
  assert.ok(text.includes("Reasoning Mode: /no_think\n\n## Custom Instructions\n\nBe  kind.\n\n## Tools"));
  const override = render("smollm3", '[{"role":"system","content":"Only this. /system_override"}]');
  assert.equal(override.text, "<|im_start|>system\nOnly this.<|im_end|>\n");
});

test("custom instructions of the arguments count only where there is no system turn", () => {
  const kwargs: JsonObject = new Map([["custom_instructions", "From the row."]]);
  assert.ok(
    render("smollm3", '[{"role":"user","content":"u"}]', { kwargs }).text.includes(
      "## Custom Instructions\n\nFrom the row.\n\n",
    ),
  );
  const both = render("smollm3", '[{"role":"system","content":"From the turn."}]', { kwargs }).text;
  assert.ok(both.includes("From the turn.") && !both.includes("From the row."));
});

test("lists of tools are printed as Python prints lists, an empty one as None", () => {
  const odd = ["it's", 'a "b"', "c\nd", "\u200b"];
  const kwargs: JsonObject = new Map([
    ["xml_tools", odd],
    ["python_tools", []],
  ]);
  const { text } = render("smollm3", '[{"role":"user","content":"u"}]', { kwargs });
  assert.ok(
    text.includes("### XML Tools\n\n[\"it's\", 'a \"b\"', 'c\\nd', '\\u200b']\n\n### Python Tools\n\nNone\n\n"),
  );
});

test("the published template does not close the system turn where there are no tools", () => {
  const chat = '[{"role":"user","content":"u"}]';
  assert.ok(
    render("smollm3-shipped", chat).text.endsWith("needed to reach the conclusion.\n\n<|im_start|>user\nu<|im_end|>\n"),
  );
  const kwargs: JsonObject = new Map([["xml_tools", ["f"]]]);
  const withTools = render("smollm3-shipped", chat, { kwargs }).text;
  assert.ok(
    withTools.includes("### Tools\n\nYou may call") &&
      withTools.includes("</tool_call>\n\n<|im_end|>\n<|im_start|>user"),
  );
});

test("ChatML prints each turn and marks none", () => {
  const { text, trained } = render("chatml", '[{"role":"system","content":"s"},{"role":"user","content":" u "}]', {
    addGenerationPrompt: true,
  });
  assert.equal(text, "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\n u <|im_end|>\n<|im_start|>assistant\n");
  assert.deepEqual(trained, []);
});
