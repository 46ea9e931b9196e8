/** Tools, reasoning, kwargs, lengths, emojis, pairs, invariants: what examples do not show. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_RESOURCES, type StageResources } from "../../../stages/define.ts";
import { LOCAL_ASSETS } from "../local-assets.ts";
import { runStages, turnsOf } from "./run.ts";

const resources: StageResources = { ...NO_RESOURCES, assets: LOCAL_ASSETS, seed: [0, 0] };
const chat = (...turns: readonly (readonly [string, string])[]) => ({
  messages: JSON.stringify(turns.map(([role, content]) => ({ role, content }))),
});
const call = (json: string) => `<tool_call>\n${json}\n</tool_call>`;

test("tools: broken and odd calls, each with its turn", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    [call('{"name": "f", "arguments": {"a": 1}}'), undefined],
    [call("{'name': 'f', 'arguments': {'a': None}}"), undefined],
    [call('[{"name": "f", "arguments": {}}, {"name": "f"}]'), undefined],
    [call('{"name": "f", "arguments": {"a": 1}'), "broken_call"],
    [call('{"arguments": {"a": 1}}'), "broken_call: turn 1: a call has no name"],
    [call('{"name": "f", "arguments": [1]}'), "broken_call: turn 1: the arguments of f are no object"],
    [call('{"name": "f", "arguments": "one"}'), "broken_call: turn 1: the arguments of f: "],
    [call("7"), "broken_call: turn 1: a call is no object"],
    ["<tool_call>\n{}", "broken_call: turn 1: a <tool_call> mark stands alone"],
    ["No call at all", undefined],
  ];
  const rows = cases.map(([content]) => ({ ...chat(["user", "Go"], ["assistant", content]), given: '[{"name":"f"}]' }));
  const { dropped, states } = runStages([{ use: "chat/tools", format: "hermes", column: "given" }], rows);
  cases.forEach(([content, reason], row) => {
    const found = dropped.get(row);
    assert.ok(reason === undefined ? found === undefined : found?.startsWith(reason), `${content}: ${found}`);
  });
  assert.deepEqual(states[0], {
    rows: 4,
    rows_with_tools: 4,
    tools: 4,
    calls: 4,
    responses: 0,
    double_encoded_calls: 0,
    unknown_function_calls: 0,
  });
});

test("tools: a broken list of tools, none, an unknown function, arguments encoded twice", () => {
  const row = (content: string, given: string | null) => ({ ...chat(["user", "Go"], ["assistant", content]), given });
  const rows = [
    row("x", "[{"),
    row("x", '[{"description": "nameless"}]'),
    row("x", "[]"),
    row("x", null),
    row(call('{"name": "g", "arguments": {}}'), '[{"name":"f"}]'),
    row(call('{"name": "f", "arguments": "{\\"a\\": 1.0}"}'), '"[{\\"name\\":\\"f\\"}]"'),
  ];
  const lenient = runStages([{ use: "chat/tools", format: "hermes", column: "given" }], rows);
  assert.deepEqual([...lenient.dropped.keys()], [0, 1]);
  const { unknown_function_calls, double_encoded_calls } = lenient.states[0] as Record<string, number>;
  assert.deepEqual([unknown_function_calls, double_encoded_calls], [1, 1], "they are told");
  assert.match(String(lenient.row(5).messages), /"arguments":\{"a":1\.0\}/);
  assert.equal(lenient.row(5).tools, '[{"type":"function","function":{"name":"f"}}]');
  const strict = { without_tools: "drop", unknown_function: "drop", double_encoded: "drop" };
  const { dropped } = runStages([{ use: "chat/tools", format: "hermes", column: "given", ...strict }], rows);
  assert.deepEqual(
    [...dropped.values()].map((reason) => reason.split(":")[0]),
    ["broken_tools", "broken_tools", "no_tools", "no_tools", "unknown_function", "double_encoded"],
  );
});

test("tools: OpenAI's calls as texts, as Python, and back again; results one by one", () => {
  const messages = JSON.stringify([
    { role: "user", content: "Go" },
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: '{"a": 1.50, "b": "x"}' } }],
    },
    { role: "tool", content: "12", tool_call_id: "c1" },
  ]);
  const rows = [{ messages, given: '[{"type":"function","function":{"name":"f"}}]' }];
  const openai = { use: "chat/tools", format: "openai", column: "given" } as const;
  assert.deepEqual(turnsOf(runStages([{ ...openai, to: "xml" }], rows), 0), [
    "user: Go",
    'assistant: <tool_call>\n{"name": "f", "arguments": {"a": 1.50, "b": "x"}}\n</tool_call>',
    "tool: <tool_response>\n12\n</tool_response>",
  ]);
  const python = runStages([{ ...openai, to: "python" }], rows);
  assert.deepEqual(turnsOf(python, 0).slice(0, 2), ["user: Go", "assistant: <code>\nf(a=1.5, b='x')\n</code>"]);
  assert.equal(python.row(0).python_tools, `["<tools>[{'type': 'function', 'function': {'name': 'f'}}]</tools>"]`);
  const several = chat(
    ["user", "Go"],
    ["assistant", call('{"name":"f"}')],
    ["tool", "<tool_response>1</tool_response>\n<tool_response>2</tool_response>"],
  );
  const back = runStages([{ use: "chat/tools", format: "hermes" }], [several]);
  assert.deepEqual(turnsOf(back, 0), ["user: Go", "assistant: ", "tool: 1", "tool: 2"]);
});

test("tools: Glaive's functions and calls, quotes that nobody escaped", () => {
  const system =
    'You have access to the following functions. Use them if required -\n{\n "name": "note"\n}\n{"name": "send"}';
  const rows = [
    chat(
      ["system", system],
      ["user", "Go"],
      ["assistant", `Sure. <functioncall> {"name": "note", "arguments": '{"text": "it's me"}'}`],
    ),
    chat(["system", "You have no functions."], ["user", "Go"], ["assistant", "No."]),
  ];
  const native = runStages([{ use: "chat/tools", format: "glaive" }], rows);
  assert.equal(native.dropped.size, 0, [...native.dropped.values()].join());
  assert.match(
    String(native.row(0).messages),
    /"content":"Sure\.","tool_calls":\[\{"type":"function","function":\{"name":"note","arguments":\{"text":"it's me"\}\}\}\]/,
  );
  assert.equal(JSON.parse(String(native.row(0).tools)).length, 2);
  assert.deepEqual(turnsOf(native, 1), ["system: You have no functions.", "user: Go", "assistant: No."]);
  const cut = runStages([{ use: "chat/tools", format: "glaive", system: "cut" }], rows);
  assert.equal(turnsOf(cut, 0)[0], "system: You have access to the following functions. Use them if required -");
});

test("reasoning: every form of a trace, to every other", () => {
  const trace = (content: string) => chat(["user", "Q"], ["assistant", content]);
  const one = (options: object, content: string) => {
    const outcome = runStages([{ use: "chat/reasoning", to: "strip", ...options }], [trace(content)]);
    return outcome.dropped.get(0) ?? turnsOf(outcome, 0)[1];
  };
  assert.equal(one({}, "<think>\na\n</think>\n\nB"), "assistant: B");
  assert.equal(one({}, "a, so\n</think>\n\nB"), "assistant: B", "the opening mark may be of the prompt");
  assert.equal(one({}, "Say <think> and </think>."), "assistant: Say <think> and </think>.");
  assert.equal(one({}, "<think>a"), "unclosed_trace: turn 1");
  assert.equal(one({}, "<think>a</think>  \n"), "no_answer: turn 1");
  assert.equal(one({ to: "inline" }, "<think>a</think>B"), "assistant: <think>a</think>B", "it has the form");
  assert.equal(one({ to: "inline" }, "a</think>B"), "assistant: <think>\na\n</think>\n\nB");
  assert.equal(one({ to: "inline", missing: "drop" }, "B"), "no_trace: turn 1");
  assert.equal(one({ to: "inline", missing: "drop" }, "<think>\n\n</think>\n\nB"), "no_trace: turn 1");
  const marks = { open: "<|begin|>", close: "<|end|>" };
  assert.equal(one({ to: "inline", ...marks }, "<|begin|>a<|end|>B"), "assistant: <think>\na\n</think>\n\nB");
  const both = { messages: '[{"role":"assistant","content":"<think>a</think>B","reasoning_content":"c"}]' };
  assert.equal(runStages([{ use: "chat/reasoning", to: "strip" }], [both]).dropped.get(0), "two_traces: turn 0");
  const turns = chat(
    ["user", "1"],
    ["assistant", "<think>a</think>A"],
    ["user", "2"],
    ["assistant", "<think>b</think>B"],
  );
  const last = runStages([{ use: "chat/reasoning", to: "native", turns: "last" }], [turns]);
  assert.match(String(last.row(0).messages), /"content":"A"\},.*"content":"B","reasoning_content":"b"\}\]$/);
  assert.deepEqual(last.states[0], {
    rows: 1,
    assistant_turns: 2,
    turns_with_trace: 2,
    turns_with_empty_trace: 0,
    traces_stripped: 1,
  });
});

test("a stage says what it cannot take for messages, and dead rows cost nothing", () => {
  const rows = [
    chat(["user", "Hi"]),
    { messages: "[" },
    { messages: null },
    { messages: '[{"role":"user","content":7}]' },
  ];
  for (const use of ["chat/system", "chat/text", "chat/emoji"]) {
    const { dropped } = runStages([{ use }], rows);
    assert.deepEqual([...dropped.keys()], [1, 2, 3], use);
    assert.ok([...dropped.values()].every((reason) => reason.startsWith("bad_messages: ")));
  }
  const twice = runStages(
    [{ use: "chat/text" }, { use: "chat/system" }, { use: "chat/kwargs", enable_thinking: "detect" }],
    rows,
  );
  assert.equal(twice.row(0).text, "Hi");
  assert.equal(twice.row(1).chat_template_kwargs, null);
});

test("kwargs: a mismatch is dropped or kept, tools must be strings", () => {
  const rows = [
    { ...chat(["user", "Q"], ["assistant", "<think>a</think>B"]), xml: '["<tools>[]</tools>"]' },
    { ...chat(["user", "Q"], ["assistant", "B"]), xml: "[1]" },
    { ...chat(["user", "Q"], ["assistant", "B"]), xml: null },
  ];
  const kwargs = { use: "chat/kwargs", xml_tools: "xml" } as const;
  const strict = runStages([{ ...kwargs, enable_thinking: true }], rows);
  assert.deepEqual(
    [...strict.dropped],
    [
      [1, "does_not_think"],
      [2, "does_not_think"],
    ],
  );
  const kept = runStages([{ ...kwargs, enable_thinking: true, mismatch: "keep" }], rows);
  assert.deepEqual([...kept.dropped], [[1, "bad_tools"]]);
  assert.deepEqual(kept.states[0], {
    rows: 2,
    rows_with_instructions: 0,
    rows_with_tools: 1,
    rows_thinking: 2,
    mismatches: 1,
  });
});

test("length: what is said, by whom, in which unit", () => {
  const row = chat(["system", "Be."], ["user", "Čau 😀"], ["assistant", "Hello wide world"]);
  const within = (options: object): boolean => {
    return runStages([{ use: "chat/length", ...options }], [row], resources).dropped.size === 0;
  };
  for (const [options, length] of [
    [{ unit: "turns" }, 2],
    [{ unit: "characters" }, 24],
    [{ unit: "bytes", of: "context" }, 3 + 9],
    [{ unit: "tokens", of: "response", encoding: "gpt2" }, 3],
    [{ unit: "tokens", of: "context", encoding: "cl100k_base" }, 2 + 4],
  ] as const) {
    assert.ok(within({ ...options, min: length, max: length }), JSON.stringify(options));
    assert.ok(!within({ ...options, min: length + 1 }));
  }
});

test("pairs: likeness and length are counted", () => {
  const side = (answer: string) => chat(["user", "Q"], ["assistant", answer]).messages;
  const rows = [
    { chosen: side(`${"same ".repeat(40)}yes`), rejected: side(`${"same ".repeat(40)}no`) },
    { chosen: side("short"), rejected: side("rather longer") },
    { chosen: side("much longer than that"), rejected: side("brief") },
    { chosen: side("x"), rejected: "[" },
    { chosen: side("x"), rejected: '[{"role":"user","content":"Q"},{"role":"assistant","content":null}]' },
  ];
  const counted = runStages([{ use: "chat/pairs" }], rows);
  assert.deepEqual([...counted.dropped.keys()], [3, 4]);
  assert.match(counted.dropped.get(4) ?? "", /^null_content: rejected, turn 1$/);
  const { rows: kept, near_identical, chosen_longer, rejected_longer } = counted.states[0] as Record<string, number>;
  assert.deepEqual([kept, near_identical, chosen_longer, rejected_longer], [3, 1, 2, 1]);
  const strict = runStages([{ use: "chat/pairs", drop_near_identical: true }], rows.slice(0, 1));
  assert.equal(strict.dropped.get(0), "near_identical");
});

test("invariants: what rows have, and what they lost", () => {
  const rows = [
    {
      ...chat(["user", "Q"], ["assistant", "<think>a</think>B"]),
      chat_template_kwargs: '{"custom_instructions":null,"xml_tools":["x"]}',
      tools: null,
    },
    {
      ...chat(["system", "Be."], ["user", "Q"], ["assistant", ""]),
      chat_template_kwargs: null,
      tools: '[{"name":"f"}]',
    },
    { messages: "[]", chat_template_kwargs: null, tools: null },
    { ...chat(["user", "Q"]), chat_template_kwargs: '{"custom_instructions":"Be."}', tools: null },
  ];
  const { figures, dropped } = runStages([{ use: "chat/invariants", encoding: "gpt2" }], rows, resources);
  assert.equal(dropped.size, 0, "it drops nothing");
  assert.deepEqual(figures[0], {
    rows: 4,
    rows_without_messages: 1,
    rows_with_instructions: 2,
    rows_with_tools: 2,
    rows_with_trace: 1,
    rows_with_empty_turn: 1,
    rows_without_answer: 1,
    turns: 5,
    context_bytes: 6,
    response_bytes: 17,
    context_tokens: 5,
    response_tokens: 8,
  });
});
