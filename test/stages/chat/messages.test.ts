/** chat/messages: every form, every way to be none. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import stage from "../../../stages/chat/messages.ts";
import { ROOT } from "../../project-root.ts";
import { runStages, turnsOf } from "./run.ts";

const SAMPLES = join(ROOT, "../shared/samples/chat");
const skip = existsSync(SAMPLES) ? false : "the sample chats are not at hand";

const openai = (...turns: readonly unknown[]) => ({ messages: JSON.stringify(turns) });
const turn = (role: unknown, content: unknown, more: object = {}) => ({ role, content, ...more });

test("each way to be no conversation has its reason and names the turn", () => {
  const cases: readonly (readonly [{ messages: string | null }, string])[] = [
    [{ messages: null }, "no_conversation: messages"],
    [{ messages: "[1, 2" }, "not_json: messages: the text ends too soon at byte 5"],
    [{ messages: '{"role":"user"}' }, "not_a_list: messages"],
    [openai(), "no_turns"],
    [openai(turn("system", "Alone.")), "no_turns"],
    [openai("hello"), "not_a_turn: turn 0 of messages"],
    [openai({ content: "Who says it?" }), "missing_role: turn 0"],
    [openai(turn(3, "Hi")), "missing_role: turn 0"],
    [openai(turn("narrator", "Hi")), "unknown_role: narrator, turn 0"],
    [openai(turn("user", "Hi"), turn("assistant", null)), "null_content: turn 1"],
    [openai(turn("user", "Hi"), { role: "assistant" }), "null_content: turn 1"],
    [openai(turn("user", "Hi"), turn("assistant", null, { tool_calls: [] })), "null_content: turn 1"],
    [openai(turn("user", [{ type: "text", text: "Hi" }])), "list_content: turn 0"],
    [openai(turn("user", 42)), "content_not_text: turn 0"],
    [openai(turn("user", "Hi"), turn("assistant", " \n")), "empty_turn: turn 1, of assistant"],
    [openai(turn("user", "Hi"), turn("user", "You?")), "missing_turn: a turn of user follows one of user: turn 1"],
    [openai(turn("assistant", "Hi")), "missing_turn: the first turn is of assistant: turn 0"],
    [openai(turn("user", "a"), turn("tool", "b")), "missing_turn: a turn of tool follows one of user: turn 1"],
    [openai(turn("user", "a"), turn("system", "b")), "missing_turn: a turn of system is not the first: turn 1"],
    [openai(turn("user", "Hi")), "user_last: the last of 1 turns"],
    [openai(turn("user", "Hi"), turn("assistant", "\ud83d")), "lone_surrogate: messages: "],
  ];
  const { dropped } = runStages(
    [{ use: "chat/messages", shape: "openai" }],
    cases.map(([row]) => row),
  );
  cases.forEach(([, reason], row) => {
    const found = dropped.get(row) ?? "kept";
    assert.ok(reason.endsWith(": ") ? found.startsWith(reason) : found === reason, `${found} is not ${reason}`);
  });
  const tested = new Set(cases.map(([, reason]) => reason.split(":")[0]));
  const declared = Object.keys(stage.reasons).filter((reason) => reason !== "too_large");
  assert.deepEqual([...tested].sort(), declared.sort(), "every reason is shown");
});

test("options say what is forgiven", () => {
  const row = openai(turn("user", "a"), turn("user", "b"), turn("assistant", "c"), turn("user", "d"));
  const one = (options: object, given: { messages: string } = row) => {
    const outcome = runStages([{ use: "chat/messages", shape: "openai", ...options }], [given]);
    return outcome.dropped.get(0) ?? turnsOf(outcome, 0).join(" | ");
  };
  assert.equal(one({ order: "any", user_last: "keep" }), "user: a | user: b | assistant: c | user: d");
  assert.equal(one({ order: "any", user_last: "cut" }), "user: a | user: b | assistant: c");
  const odd = openai(turn("Teacher", "Hi"), turn("GPT", "Hello"));
  assert.equal(one({ roles: { Teacher: "user" } }, odd), "user: Hi | assistant: Hello");
  assert.equal(one({ unknown_role: "keep", order: "any" }, odd), "Teacher: Hi | assistant: Hello");
  const empty = openai(turn("system", ""), turn("user", "Hi"), turn("assistant", ""));
  assert.equal(one({ empty_turns: "keep" }, empty), "user: Hi | assistant: ");
  const parts = openai(turn("user", ["Look", { type: "text", text: "here" }]), turn("assistant", "Yes"));
  assert.equal(one({ list_content: "join" }, parts), "user: Look\nhere | assistant: Yes");
  const image = openai(turn("user", [{ type: "image_url", image_url: { url: "x" } }]), turn("assistant", "Yes"));
  assert.equal(one({ list_content: "join" }, image), "list_content: turn 0");
});

test("further keys are kept where they have a value, others are counted", () => {
  const rows = [
    openai(
      turn("user", "Hi", { name: null, weight: 0 }),
      turn("assistant", null, { tool_calls: [{ id: "1" }], weight: 1, reasoning_content: "Hm." }),
      turn("tool", "12", { tool_call_id: "1", name: "clock" }),
      turn("assistant", "Twelve."),
    ),
  ];
  const outcome = runStages([{ use: "chat/messages", shape: "openai" }], rows);
  assert.deepEqual(JSON.parse(String(outcome.row(0).messages)), [
    { role: "user", content: "Hi" },
    { role: "assistant", content: null, tool_calls: [{ id: "1" }], reasoning_content: "Hm." },
    { role: "tool", content: "12", tool_call_id: "1", name: "clock" },
    { role: "assistant", content: "Twelve." },
  ]);
  assert.deepEqual(outcome.states[0], {
    rows: 1,
    turns: 4,
    left_out_keys: { weight: 2 },
    roles: { user: 1, assistant: 2, tool: 1 },
  });
  const sum = stage.merge?.([outcome.states[0] ?? {}, { rows: 2, turns: 5, roles: { user: 2, narrator: 3 } }]);
  assert.deepEqual(sum, {
    rows: 3,
    turns: 9,
    left_out_keys: { weight: 2 },
    roles: { user: 3, assistant: 2, tool: 1, narrator: 3 },
  });
});

test("numbers in kept keys keep every digit", () => {
  const text =
    '[{"role":"user","content":"Hi"},{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"2":12345678901234567890,"1":1.0,"x":1e400}}}]}]';
  const outcome = runStages([{ use: "chat/messages", shape: "openai" }], [{ messages: text }]);
  assert.equal(outcome.row(0).messages, text);
});

test("columns, lists behind each other, a tree, one text", () => {
  const columns = runStages(
    [
      {
        use: "chat/messages",
        shape: "columns",
        column: "before",
        user: ["q", "more"],
        assistant: "a",
        system: "s",
        reasoning: "r",
        joiner: " / ",
      },
    ],
    [
      {
        before: '[{"role":"user","content":"0"},{"role":"assistant","content":"1"}]',
        q: "2",
        more: "3",
        a: "4",
        s: "Be.",
        r: "why",
      },
    ],
  );
  assert.deepEqual(turnsOf(columns, 0), ["system: Be.", "user: 0", "assistant: 1", "user: 2 / 3", "assistant: 4"]);
  assert.match(String(columns.row(0).messages), /"content":"4","reasoning_content":"why"/);
  const lists = runStages(
    [{ use: "chat/messages", shape: "openai", column: ["prompt", "completion"] }],
    [{ prompt: '[{"role":"user","content":"Q"}]', completion: '[{"role":"assistant","content":"A"}]' }],
  );
  assert.deepEqual(turnsOf(lists, 0), ["user: Q", "assistant: A"]);
  const replies = (rank: unknown, text: string, more: object = {}) => ({
    role: "assistant",
    text,
    rank,
    replies: [],
    ...more,
  });
  const tree = {
    role: "prompter",
    text: "Q",
    replies: [replies(null, "last"), replies(0, "gone", { deleted: true }), replies(2, "third"), replies(1, "second")],
  };
  const best = runStages([{ use: "chat/messages", shape: "tree" }], [{ prompt: JSON.stringify(tree) }]);
  assert.deepEqual(turnsOf(best, 0), ["user: Q", "assistant: second"]);
  const marked = runStages(
    [{ use: "chat/messages", shape: "glaive" }],
    [
      { system: "SYSTEM: Help. ", chat: "USER: Hi\n\n\nASSISTANT: I say USER: rarely. <|endoftext|>\n\n\n" },
      { system: "SYSTEM: Help.", chat: "Hello without a mark" },
    ],
  );
  assert.deepEqual(turnsOf(marked, 0), ["system: Help.", "user: Hi", "assistant: I say USER: rarely."]);
  assert.equal(marked.dropped.get(1), "not_a_turn: the text does not begin with a turn");
});

test("a column of nulls or of few values is read too", () => {
  const outcome = runStages([{ use: "chat/messages", shape: "question-answer" }], [{ question: null, answer: "So." }]);
  assert.equal(outcome.dropped.get(0), "null_content: turn 0");
});

test("sample chats: all that are conversations come out, those with missing turns fall", { skip }, () => {
  const lines = (name: string) =>
    gunzipSync(readFileSync(join(SAMPLES, name)))
      .toString()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const sharegpt = { use: "chat/messages", shape: "sharegpt" } as const;
  const glaive = JSON.parse(gunzipSync(readFileSync(join(SAMPLES, "glaive_toolcall_en_demo.json.gz"))).toString()) as {
    conversations: readonly { from: string; value: string }[];
    tools: string;
  }[];
  const rows = glaive.map(({ conversations, tools }) => ({ conversations: JSON.stringify(conversations), tools }));
  const mapped = runStages([sharegpt, { use: "chat/tools", format: "hermes", column: "tools" }], rows);
  assert.equal(mapped.dropped.size, 0, [...mapped.dropped.values()].join("\n"));
  const calls = glaive.flatMap(({ conversations }) => conversations.filter(({ from }) => from === "function_call"));
  assert.equal(Number((mapped.states[1] as { calls: number }).calls), calls.length);

  for (const [name, reason] of [
    ["axolotl-conversation.json", undefined],
    ["axolotl-conversation.missingturns.json", "empty_turn: turn 1, of assistant"],
  ] as const) {
    const { conversations } = JSON.parse(readFileSync(join(SAMPLES, name), "utf8")) as { conversations: unknown };
    const outcome = runStages([sharegpt], [{ conversations: JSON.stringify(conversations) }]);
    assert.equal(outcome.dropped.get(0), reason, name);
  }

  const demo = readFileSync(join(SAMPLES, "reason_tool_use_demo_50.jsonl"), "utf8").trim().split("\n");
  const demoRows = demo.map((line) => {
    const { messages, tools } = JSON.parse(line) as { messages: unknown; tools: unknown };
    return { messages: JSON.stringify(messages), tools: typeof tools === "string" ? tools : JSON.stringify(tools) };
  });
  const strict = runStages([{ use: "chat/messages", shape: "openai" }], demoRows);
  assert.equal(strict.dropped.size, 50, "their contents are lists of parts");
  const joined = runStages(
    [
      { use: "chat/messages", shape: "openai", list_content: "join" },
      { use: "chat/tools", format: "openai", column: "tools" },
      { use: "chat/reasoning", to: "inline" },
    ],
    demoRows,
  );
  // Two answers have a closing mark in their text beside the reasoning that stands apart.
  assert.deepEqual(
    [...joined.dropped],
    [
      [5, "two_traces: turn 2"],
      [6, "two_traces: turn 4"],
    ],
  );
  assert.equal((joined.states[1] as { calls: number }).calls, 68);
  const { assistant_turns, turns_with_trace } = joined.states[2] as Record<string, number>;
  assert.equal(turns_with_trace, assistant_turns, "every turn thinks");

  const trees = lines("oasst-en_100_tree.jsonl.gz").map(({ prompt }) => ({ prompt: JSON.stringify(prompt) }));
  const outcome = runStages([{ use: "chat/messages", shape: "tree", user_last: "cut" }], trees);
  assert.equal(trees.length - outcome.dropped.size, (outcome.states[0] as { rows: number }).rows);
  assert.ok(outcome.dropped.size < 5, [...outcome.dropped.values()].join("\n"));

  // Whatever a mapping keeps, both templates render, and something of each is trained on.
  const openai = { use: "chat/messages", shape: "openai", list_content: "join" };
  for (const template of ["smollm3", "chatml"]) {
    const render = { use: "chat/render", template, date: "2025-07-08" };
    for (const [stages, given, lost] of [
      [[sharegpt, { use: "chat/tools", format: "hermes", column: "tools", to: "xml" }], rows, 0],
      [
        [openai, { use: "chat/tools", format: "openai", column: "tools" }, { use: "chat/reasoning", to: "inline" }],
        demoRows,
        2,
      ],
      [[{ use: "chat/messages", shape: "tree", user_last: "cut" }], trees, outcome.dropped.size],
    ] as const) {
      const rendered = runStages([...stages, render], given);
      assert.equal(rendered.dropped.size, lost, `${template}: ${[...rendered.dropped.values()].join("\n")}`);
      const counts = rendered.states.at(-1) as Record<string, number>;
      assert.equal(counts.rows, given.length - lost);
      assert.equal(counts.rows_without_supervision, 0, template);
    }
  }
  const messages = lines("oasst-en_100_message.jsonl.gz").map(({ text, replies }) => ({
    root: String(text),
    replies: JSON.stringify(replies),
  }));
  const replied = runStages(
    [{ use: "chat/messages", shape: "tree", user: "root", column: "replies", user_last: "cut" }],
    messages,
  );
  assert.equal(replied.dropped.size, outcome.dropped.size, "the same hundred threads in another form");
});
