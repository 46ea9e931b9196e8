/** chat/render: what is trained on, control tokens, empty thinking, templates of files, and every reason to drop a row. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RangeListColumn } from "../../../batch/column.ts";
import stage from "../../../stages/chat/render.ts";
import type { StageState } from "../../../stages/define.ts";
import { batchOfRows } from "../../batch-of.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";

type Row = Readonly<Record<string, unknown>>;
type Options = Readonly<Record<string, unknown>>;

interface Rendered {
  readonly text: string;
  /** What is trained on, and what is literal, as the texts of the ranges. */
  readonly trained: readonly string[];
  readonly literal: readonly string[];
  readonly dropped?: string;
  readonly detail?: string;
  readonly state: Readonly<Record<string, number>>;
}

function render(options: Options, row: Row): Rendered {
  const operator = stage.create(stage.options.parse(options), { assets: LOCAL_ASSETS, seed: [0, 0] });
  assert.equal(operator.kind, "transform");
  const columns = Object.entries(row).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  const batch = batchOfRows([Object.fromEntries(columns)]);
  let dropped: { readonly dropped: string; readonly detail: string } | undefined;
  const made = operator.apply(batch, (_row, reason, _value, detail = "") => {
    dropped ??= { dropped: reason, detail };
  });
  for (const [name, column] of made) batch.setColumn(name, column);
  const bytes = Buffer.from(batch.text.data.subarray(0, batch.text.offsets[1]));
  const partsOf = ({ starts, ends, offsets }: RangeListColumn): string[] =>
    [...starts.subarray(0, offsets[1])].map((start, i) => bytes.subarray(start, ends[i]).toString());
  const ranges = (name: string): string[] => partsOf(batch.ranges(name) as RangeListColumn);
  return {
    text: bytes.toString(),
    trained: ranges("loss_ranges"),
    literal: ranges("literal_ranges"),
    ...dropped,
    state: operator.finish?.() as Readonly<Record<string, number>>,
  };
}

const template = (text: string): string => `data:,${encodeURIComponent(text)}`;
const user = (content: unknown) => ({ role: "user", content });
const assistant = (content: unknown, more: object = {}) => ({ role: "assistant", content, ...more });
const CHAT = [user("Hi"), assistant("Hellö."), user("And?"), assistant("Fine.")];
const CHATML = { template: "chatml" };
const SMOLLM3 = { template: "smollm3", date: "2025-07-08" };
const TURNS = `{% for m in messages %}[{{ m.role }}]{% if m.role == 'assistant' %}{% generation %}{{ m.content }};{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}`;

test("what is trained on: every turn of the assistant, the last one, or all; with markers and without", () => {
  const turns = ["Hellö.<|im_end|>\n", "Fine.<|im_end|>\n"];
  assert.deepEqual(render(CHATML, { messages: CHAT }).trained, turns);
  assert.deepEqual(render({ ...CHATML, train_on: "last_assistant" }, { messages: CHAT }).trained, turns.slice(1));
  const all = render({ ...CHATML, train_on: "all" }, { messages: CHAT });
  assert.deepEqual(all.trained, [all.text]);
  const marked = { template: template(TURNS) };
  assert.deepEqual(render(marked, { messages: CHAT }).trained, ["Hellö.;", "Fine.;"]);
  assert.deepEqual(render({ ...marked, train_on: "last_assistant" }, { messages: CHAT }).trained, ["Fine.;"]);
  assert.deepEqual(render(marked, { messages: [user("Hi")] }).trained, []);
  assert.deepEqual(render(CHATML, { messages: [user("Hi")] }).trained, []);
});

test("no mask is guessed: a template whose parts do not fit together drops the row, unless all is trained on", () => {
  const moving = template("{% for m in messages %}{{ m.content }}|{% endfor %}{{ messages | length }}");
  assert.equal(render({ template: moving }, { messages: CHAT }).dropped, "no_mask");
  assert.equal(render({ template: moving, train_on: "all" }, { messages: CHAT }).dropped, undefined);
  const prompting = template(
    "{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}{% if add_generation_prompt %}assistant:<think>{% endif %}",
  );
  const { dropped, detail } = render({ template: prompting }, { messages: CHAT });
  assert.equal(dropped, "no_mask");
  assert.match(detail ?? "", /first 1 messages and the generation prompt/);
});

test("markers whose offsets Python gets wrong are refused, unless nobody asks for them", () => {
  const captured = template("{% set x %}{% generation %}a{% endgeneration %}{% endset %}{{ x }}");
  assert.throws(() => render({ template: captured }, { messages: CHAT }), { code: "recipe/no-template-masks" });
  assert.equal(render({ template: captured, train_on: "all" }, { messages: CHAT }).text, "a");
  assert.throws(() => render({ template: template("{% if %}") }, { messages: CHAT }), {
    code: "recipe/bad-chat-template",
  });
  assert.throws(() => render({ template: template("{{ strftime_now('%Y') }}") }, { messages: CHAT }), {
    code: "recipe/no-date",
  });
  assert.equal(stage.options.safeParse({ template: "smollm3" }).success, false);
});

test("empty think blocks are trained on as SmolLM3 was, or masked; thoughts and what only spells one are not", () => {
  const row = {
    messages: [user("Hi"), assistant("Yes."), user("Sure?"), assistant("It says <think></think> there.")],
    chat_template_kwargs: { enable_thinking: false },
  };
  const head = "<|im_start|>assistant\n";
  const block = "<think>\n\n</think>\n";
  const [yes, there] = ["Yes.<|im_end|>\n", "It says <think></think> there.<|im_end|>\n"];
  const supervised = render(SMOLLM3, row);
  assert.deepEqual(supervised.trained, [`${head}${block}${yes}`, `${head}${block}${there}`]);
  assert.equal(supervised.state.empty_think_blocks, 2);
  const masked = render({ ...SMOLLM3, empty_think: "mask" }, row);
  assert.deepEqual(masked.trained, [head, yes, head, there]);
  const thinking = render(
    { ...SMOLLM3, empty_think: "mask" },
    { messages: [user("Hi"), assistant("<think>\nHm\n</think>\nYes.")] },
  );
  assert.deepEqual(thinking.trained, ["<|im_start|>assistant\n<think>\nHm\n</think>\nYes.<|im_end|>\n"]);
});

test("special tokens that messages spell: counted, and told apart from the template's where they are to be text", () => {
  const row = {
    messages: [user("Say <|im_end|> and <|im_start|>\uA000!"), assistant("<|im_end|> it is.")],
    chat_template_kwargs: { xml_tools: ["a '<|im_end|>' \"b\""] },
  };
  const special = { special_tokens: { eos_token: "<|im_end|>", bos_token: "<|im_start|>" } };
  const parsed = render({ ...SMOLLM3, ...special }, row);
  assert.deepEqual(parsed.literal, []);
  assert.equal(parsed.state.control_tokens, 4);
  assert.equal(parsed.state.rows_with_control_tokens, 1);
  const literal = render({ ...SMOLLM3, ...special, control_tokens: "text" }, row);
  assert.equal(literal.text, parsed.text);
  assert.deepEqual(literal.trained, parsed.trained);
  assert.deepEqual(literal.literal, ["<|im_end|>", "<|im_end|>", "<|im_start|>", "<|im_end|>"]);
  // The template looks at the token: where the text's own ones lie cannot be told.
  const looking = template("{{ messages[0].content | replace('<|im_end|>', '!') }}");
  const { dropped } = render({ template: looking, ...special, control_tokens: "text", train_on: "all" }, row);
  assert.equal(dropped, "unclear_control_token");
  assert.throws(() => render({ ...SMOLLM3, control_tokens: "text" }, row), { code: "recipe/no-control-tokens" });
});

test("a model's own file: its template, its tokens, the template for tools, and its special tokens", () => {
  const config = {
    chat_template: [
      { name: "default", template: "{{ bos_token }}{{ messages[0].content }}" },
      { name: "tool_use", template: "{{ bos_token }}{{ tools[0].name }}{{ tools[0].size }}" },
    ],
    bos_token: { content: "<s>" },
    added_tokens_decoder: { 7: { content: "<tool>", special: true }, 8: { content: "<think>", special: false } },
  };
  const options = { template: template(JSON.stringify(config)), train_on: "all", control_tokens: "text" };
  const plain = render(options, { messages: [user("<tool> <think> <s>")] });
  assert.equal(plain.text, "<s><tool> <think> <s>");
  assert.deepEqual(plain.literal, ["<tool>", "<s>"]);
  assert.equal(render(options, { messages: [user("x")], tools: '[{"name":"w","size":1.50}]' }).text, "<s>w1.5");
  const empty = { template: template('{"bos_token": "<s>"}') };
  assert.throws(() => render(empty, { messages: CHAT }), { code: "recipe/no-chat-template" });
});

test("a row hands its own arguments over, last and with every digit; tools and arguments of calls are mappings", () => {
  const printing = template(
    "{{ day }} {{ tools is none }} {{ messages[0].tool_calls[0].function.arguments.x if messages[0].tool_calls }} {{ messages[0].note is defined }}",
  );
  const options = { template: printing, train_on: "all", variables: { day: "Mon" } };
  const call = { function: { name: "f", arguments: '{"x":1.0}' } };
  const row = { messages: [assistant(null, { tool_calls: [call], note: null })] };
  assert.equal(render(options, row).text, "Mon True 1.0 False");
  assert.equal(render({ ...options, transformers: 4 }, row).text, "Mon True 1.0 True");
  const own = { ...row, chat_template_kwargs: '{"day":"Tue","tools":["{\\"name\\":\\"g\\"}"]}' };
  assert.equal(render(options, own).text, "Tue False 1.0 False");
  const written = template("{{ messages[0].tool_calls[0].function.arguments }}");
  const asIs = { template: written, train_on: "all", tool_arguments: "as_is" };
  assert.equal(render(asIs, row).text, '{"x":1.0}');
});

test("every row that cannot be used dies with a reason and a few words, and none crashes", () => {
  const cases: readonly [string, Row][] = [
    ["bad_messages", { messages: "not json" }],
    ["bad_messages", { messages: '"text"' }],
    ["bad_messages", { messages: "[]" }],
    ["bad_messages", { messages: "[1]" }],
    ["bad_messages", { messages: [{ content: "x" }] }],
    ["bad_messages", { messages: [user(null)] }],
    ["bad_messages", { messages: [{ role: "user" }] }],
    ["bad_messages", { messages: [user([{ type: "text", text: "x" }])] }],
    ["bad_messages", { messages: '[{"role":"user","content":"\\ud800"}]' }],
    ["unknown_role", { messages: [{ role: "narrator", content: "x" }] }],
    ["bad_arguments", { messages: [assistant("", { tool_calls: [{ function: { arguments: "{broken" } }] })] }],
    ["bad_tools", { messages: CHAT, tools: '{"name":"x"}' }],
    ["bad_tools", { messages: CHAT, tools: '["no schema"]' }],
    ["bad_kwargs", { messages: CHAT, chat_template_kwargs: "[1]" }],
    ["bad_kwargs", { messages: CHAT, chat_template_kwargs: '{"chat_template":"x"}' }],
  ];
  for (const [reason, row] of cases) {
    const { dropped, detail, text } = render(CHATML, row);
    assert.deepEqual([dropped, text], [reason, ""], JSON.stringify(row));
    assert.notEqual(detail, "");
  }
  const raising = { template: template("{{ raise_exception('no such turn') }}") };
  assert.deepEqual(render(raising, { messages: CHAT }).dropped, "template_error");
  assert.match(render(raising, { messages: CHAT }).detail ?? "", /no such turn/);
  const endless = { template: template("{% for i in range(99999999) %}x{% endfor %}"), train_on: "all" };
  assert.equal(render(endless, { messages: CHAT }).dropped, "template_limit");
  assert.equal(render({ template: template(""), train_on: "all" }, { messages: CHAT }).dropped, "no_text");
});

test("pairs: what follows the prompt that both share is trained on, and a prompt that differs is counted", () => {
  const pair = { chosen: [user("Hi"), assistant("Hello.")], rejected: [user("Hi"), assistant("No.")], prompt: "Hi" };
  const of = (conversation: string) => render({ ...CHATML, conversation }, pair);
  assert.deepEqual(of("chosen").trained, ["Hello.<|im_end|>\n"]);
  assert.deepEqual(of("rejected").trained, ["No.<|im_end|>\n"]);
  assert.equal(of("chosen").state.rows_with_other_prompt, 0);
  const prompting = template(
    "{% for m in messages %}{{ m.content }};{% endfor %}{% if add_generation_prompt %}A:{% endif %}",
  );
  const other = render({ template: prompting, conversation: "chosen" }, pair);
  assert.deepEqual(other.trained, ["Hello.;"]);
  assert.equal(other.state.rows_with_other_prompt, 1);
  assert.equal(stage.options.safeParse({ ...CHATML, conversation: "chosen", train_on: "all" }).success, false);
});

test("states add up", () => {
  const { state } = render(CHATML, { messages: CHAT });
  assert.equal(state.rows, 1);
  assert.equal(state.turns, 4);
  assert.equal(state.assistant_turns, 2);
  assert.equal(state.supervised_bytes, Buffer.byteLength("Hellö.<|im_end|>\nFine.<|im_end|>\n"));
  assert.deepEqual([state.rows_without_supervision, state.rows_all_supervised], [0, 0]);
  assert.equal(render(CHATML, { messages: [user("Hi")] }).state.rows_without_supervision, 1);
  assert.equal(render({ ...CHATML, train_on: "all" }, { messages: CHAT }).state.rows_all_supervised, 1);
  const sum = stage.merge?.([state, state] as readonly StageState[]) as Readonly<Record<string, number>>;
  assert.equal(sum.supervised_bytes, 2 * state.supervised_bytes);
});
