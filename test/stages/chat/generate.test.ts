/** What rows become of answers: forms, choice, validation, seeds, and the account of it all. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { seedFrom } from "../../../kernels/random/shuffle.ts";
import { generateStage } from "../../../stages/chat/generate/stage.ts";
import stage from "../../../stages/chat/generate.ts";
import { declarationOf, type StageDefinition } from "../../../stages/define.ts";
import { ROOT } from "../../project-root.ts";
import { generate } from "./driver.ts";

const user = (content: string) => ({ role: "user", content });
const row = (...turns: readonly object[]) => ({ messages: JSON.stringify(turns) });
const turnsIn = (text: unknown) =>
  JSON.parse(String(text)) as { role: string; content: string; [key: string]: unknown }[];
const M = { model: "m" };
const TOOLS = '[{"type":"function","function":{"name":"f"}}]';

test("a row's turns keep every digit and key, and the answer stands behind them", async () => {
  const messages = '[{"content":"Ask","role":"user","score":1.0,"id":12345678901234567890}]';
  const { rows, requests } = await generate({ ...M, seed: "none" }, [{ messages }], () => ({
    content: "Four.",
    reasoning: "So.",
  }));
  assert.equal(
    rows[0].messages,
    `${messages.slice(0, -1)},{"role":"assistant","content":"Four.","reasoning_content":"So."}]`,
  );
  assert.deepEqual(Object.keys(requests[0]), ["model", "messages"]);
});

test("sampling, extra keys and a seed of the row's own go into the request", async () => {
  const sampling = { temperature: 0.6, top_p: 0.95, top_k: 20, max_tokens: 100, stop: ["\n\n"] };
  const body = { chat_template_kwargs: { enable_thinking: false } };
  const { requests } = await generate({ ...M, sampling, body }, [row(user("a")), row(user("a"))]);
  const [first, second] = requests;
  const { model, messages, seed, ...rest } = first;
  assert.deepEqual([model, messages], ["m", [user("a")]]);
  assert.deepEqual(rest, { temperature: 0.6, top_p: 0.95, top_k: 20, max_tokens: 100, stop: ["\n\n"], ...body });
  assert.equal(seed, seedFrom(1, 2, "shard", 0)[0] >>> 1);
  assert.notEqual(second.seed, seed);
  assert.ok(Number.isInteger(second.seed) && Number(second.seed) < 2 ** 31);
  const fixed = await generate({ ...M, seed: 7 }, [row(user("a"))]);
  assert.equal(fixed.requests[0].seed, 7);
});

test("which turns are asked", async () => {
  const turns = [
    { role: "system", content: "s" },
    user("u1"),
    { role: "assistant", content: "a1", reasoning_content: "r1" },
    user("u2"),
    { role: "assistant", content: "a2" },
  ];
  const asked = async (options: object) => {
    const { requests, rows } = await generate({ ...M, ...options }, [row(...turns)], (_, call) => ({
      content: `n${call}`,
    }));
    const said = requests.map(({ messages }) => messages.map(({ content }) => content).join(" "));
    return [
      said,
      rows[0].messages === null
        ? null
        : turnsIn(rows[0].messages)
            .map(({ content }) => content)
            .join(" "),
    ];
  };
  assert.deepEqual(await asked({}), [["s u1 a1 u2"], "s u1 a1 u2 n0"]);
  assert.deepEqual(await asked({ prompt: "first_user" }), [["s u1"], "s u1 n0"]);
  assert.deepEqual(await asked({ prompt: "every_user" }), [["s u1", "s u1 n0 u2"], "s u1 n0 u2 n1"]);
  assert.deepEqual(await asked({ prompt: "whole" }), [[], null]);
  assert.deepEqual(await asked({ system: "be brief" }), [["be brief u1 a1 u2"], "s u1 a1 u2 n0"]);
  const { requests } = await generate(M, [row(...turns)]);
  assert.ok(!JSON.stringify(requests[0].messages).includes("r1"), "earlier thinking is not sent");
});

test("a system turn may come from a column", async () => {
  const rows = [
    { ...row(user("a")), chat_template_kwargs: '{"custom_instructions":"Be kind."}' },
    { ...row(user("a")), chat_template_kwargs: '{"custom_instructions":null}' },
  ];
  const { requests } = await generate({ ...M, system_column: "chat_template_kwargs.custom_instructions" }, rows);
  assert.deepEqual(
    requests.map(({ messages }) => messages.map(({ content }) => content)),
    [["Be kind.", "a"], ["a"]],
  );
});

test("thinking goes apart or inline, however the server gave it", async () => {
  const spellings = [{ content: "Four.", reasoning: "So." }, { content: "<think>\nSo.\n</think>\n\nFour." }];
  for (const spelling of spellings) {
    const apart = await generate(M, [row(user("a"))], () => spelling);
    assert.deepEqual(turnsIn(apart.rows[0].messages)[1], {
      role: "assistant",
      content: "Four.",
      reasoning_content: "So.",
    });
    const inline = await generate({ ...M, reasoning: "inline" }, [row(user("a"))], () => spelling);
    assert.deepEqual(turnsIn(inline.rows[0].messages)[1], {
      role: "assistant",
      content: "<think>\nSo.\n</think>\n\nFour.",
    });
    const into = await generate({ ...M, into: "answer" }, [row(user("a"))], () => spelling);
    assert.deepEqual(into.rows[0], { answer: "Four.", answer_reasoning: "So." });
  }
});

test("every reason for which an answer is not good", async () => {
  const cases: readonly (readonly [object, object, string, number?])[] = [
    [{}, { finish_reason: "length" }, "wrong_finish_reason"],
    [{}, { content: "<think>\nand so" }, "unclosed_think_block"],
    [{ think: "required" }, { content: "<think>\n\n</think>\n\nFour." }, "no_think_block"],
    [{ think: "forbidden" }, { content: "Four.", reasoning: "So." }, "think_block"],
    [{}, { content: " \n" }, "empty_answer"],
    [{}, { content: "a\ufffd" }, "broken_text"],
    [{ min_characters: 3 }, { content: "😀😀" }, "too_short", 2],
    [{ max_characters: 1 }, { content: "😀😀" }, "too_long", 2],
    [{ min_tokens: 6 }, {}, "too_short", 5],
    [{ max_tokens: 4 }, {}, "too_long", 5],
    [{ json: "value" }, { content: "{" }, "not_json"],
    [{ json: "object" }, { content: "[1]" }, "not_json"],
    [{}, { status: 400, message: "too long" }, "refused", 400],
  ];
  for (const [validation, reply, reason, value] of cases) {
    const { drops, rows, state } = await generate({ ...M, validation }, [row(user("a"))], () => reply);
    assert.equal(drops[0]?.reason, reason);
    assert.equal(drops[0]?.value, value, reason);
    assert.equal(rows[0].messages, null);
    const { rejected } = state as {
      rejected: Record<string, { count: number; examples: { shard: string; position: number }[] }>;
    };
    assert.equal(rejected[reason].count, 1);
    assert.deepEqual([rejected[reason].examples[0].shard, rejected[reason].examples[0].position], ["shard", 0]);
  }
  const good = await generate(
    { ...M, validation: { json: "object", think: "required", finish_reasons: ["length"] } },
    [row(user("a"))],
    () => ({
      content: '{"a": 1}',
      reasoning: "So.",
      finish_reason: "length",
    }),
  );
  assert.deepEqual(good.drops, {});
});

test("an answer in another language is not good, one too short to tell is, and the next of n takes its place", async () => {
  const german = "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.";
  const english = "Everyone has the right to life, liberty and security of person.";
  const language = { model: join(ROOT, "test/golden/fasttext/hs-subwords.bin"), languages: ["en"] };
  const said = async (n: number, ...answers: readonly string[]) => {
    const outcome = await generate({ ...M, n, validation: { language } }, [row(user("a"))], (_, call) => ({
      content: answers[call],
      reasoning: german,
    }));
    const { reason, detail, value } = outcome.drops[0] ?? {};
    if (reason === undefined) return turnsIn(outcome.rows[0].messages)[1].content;
    assert.ok(detail?.startsWith("de: Jeder") && value !== undefined && value > 0.5, `${detail} ${value}`);
    return [reason, (outcome.state as { rejected: Record<string, { count: number }> }).rejected[reason].count];
  };
  assert.equal(await said(1, english), english);
  assert.deepEqual(await said(1, german), ["wrong_language", 1]);
  assert.deepEqual(await said(2, german, german), ["wrong_language", 2]);
  assert.equal(await said(3, german, german, english), english);
  assert.equal(await said(1, "Ja, bitte."), "Ja, bitte.", "too short to judge");
});

test("rows that cannot be asked fall by themselves, and no call is made", async () => {
  const rows = [
    { messages: null },
    { messages: "[]" },
    { messages: "{" },
    { messages: "{}" },
    { messages: "[1]" },
    row({ role: "wizard", content: "a" }),
    row({ role: "user", content: null }),
    row({ role: "user", content: [{ type: "text", text: "a" }] }),
    row({ role: "assistant", content: "a" }),
    { messages: '[{"role":"user","content":"\\ud83d"}]' },
    row(user("good")),
  ];
  const { drops, requests } = await generate(M, rows);
  const reasons = rows.map((_, at) => drops[at]?.reason);
  assert.deepEqual(reasons, ["no_messages", "no_messages", ...Array(8).fill("bad_messages"), undefined]);
  assert.equal(drops[5]?.detail, 'turn 0 has the role "wizard"');
  assert.match(drops[9]?.detail ?? "", /half of a surrogate pair/);
  assert.equal(requests.length, 1);
  const tools = await generate({ ...M, tools: "tools" }, [
    { ...row(user("a")), tools: "{}" },
    { ...row(user("a")), tools: TOOLS },
  ]);
  assert.equal(tools.drops[0]?.reason, "bad_tools");
  assert.deepEqual(tools.requests[0].tools, JSON.parse(TOOLS));
});

test("of n answers one is chosen, and the first good one ends the asking", async () => {
  const said = ["", "bb", "a", "bb", "cccc"];
  const run = async (choose: string) => {
    const { rows, requests } = await generate({ ...M, n: 5, choose }, [row(user("a"))], (_, call) => ({
      content: said[call],
    }));
    return [turnsIn(rows[0].messages)[1].content, requests.length, new Set(requests.map(({ seed }) => seed)).size];
  };
  assert.deepEqual(await run("first"), ["bb", 2, 2]);
  assert.deepEqual(await run("longest"), ["cccc", 5, 5]);
  assert.deepEqual(await run("shortest"), ["a", 5, 5]);
  assert.deepEqual(await run("most_common"), ["bb", 5, 5]);
  const none = await generate({ ...M, n: 3 }, [row(user("a"))], () => ({ content: "" }));
  assert.deepEqual([none.drops[0]?.reason, none.requests.length], ["empty_answer", 3]);
});

test("multi_turn: a writer goes on as the user, and is answered", async () => {
  const options = {
    ...M,
    reasoning: "inline",
    body: { chat_template_kwargs: { enable_thinking: true } },
    multi_turn: { turns: 2, writer: { model: "w", endpoint: "big" } },
  };
  const { rows, requests, state } = await generate(options, [row(user("Write a poem."))]);
  const turns = turnsIn(rows[0].messages);
  assert.deepEqual(
    turns.map(({ role }) => role),
    ["user", "assistant", "user", "assistant", "user", "assistant"],
  );
  assert.match(turns[2].content, /^Say it again in \d\d words\.$/);
  assert.match(turns[5].content, /^<think>\n/);
  assert.deepEqual(
    requests.map(({ model }) => model),
    ["m", "w", "m", "w", "m"],
  );
  const asked = requests[3].messages[0].content ?? "";
  assert.match(asked, /User: Write a poem\.\n\nAssistant: Answer .*\n\nUser: Say it again/);
  assert.ok(!asked.includes("<think>"), "the writer does not see thinking");
  const { models } = state as { models: { role: string; calls: number; endpoint: string }[] };
  assert.deepEqual(
    models.map(({ role, calls, endpoint }) => [role, calls, endpoint]),
    [
      ["answer", 3, "default"],
      ["writer", 2, "big"],
    ],
  );
  const silent = await generate(options, [row(user("a"))], ({ model }) =>
    model === "w" ? { content: "" } : undefined,
  );
  assert.deepEqual([silent.drops[0]?.reason, silent.drops[0]?.detail], ["no_next_turn", "empty_answer"]);
});

test("tool_loop: calls are run and answered, with ids of our own", async () => {
  const { rows, requests } = await generate({ ...M, tool_loop: { tools: ["calculator"] } }, [
    row(user("What is 12 * 3.5?")),
  ]);
  const turns = turnsIn(rows[0].messages);
  assert.deepEqual(turns.slice(1), [
    {
      role: "assistant",
      content: "",
      tool_calls: [
        { id: "call_1", type: "function", function: { name: "calculator", arguments: '{"expression":"12 * 3.5"}' } },
      ],
    },
    { role: "tool", name: "calculator", tool_call_id: "call_1", content: "42" },
    { role: "assistant", content: "The result is 42." },
  ]);
  const schemas = JSON.parse(String(rows[0].tools)) as { function: { name: string } }[];
  assert.deepEqual(
    schemas.map(({ function: { name } }) => name),
    ["calculator"],
  );
  assert.deepEqual(requests[0].tools, schemas);
  assert.equal(requests.length, 2);
});

test("tool_loop: what goes wrong with a call is told to the model, and it is not asked for ever", async () => {
  const calls = [
    { name: "rm", arguments: "{}" },
    { name: "calculator", arguments: "{" },
    { name: "calculator", arguments: "[]" },
    { name: "calculator", arguments: '{"expression": 3}' },
  ];
  const { drops, requests } = await generate(
    { ...M, tool_loop: { tools: ["calculator"], max_steps: 3 } },
    [row(user("a"))],
    () => ({
      content: "",
      tool_calls: calls,
      finish_reason: "tool_calls",
    }),
  );
  assert.deepEqual([drops[0]?.reason, requests.length], ["too_many_steps", 3]);
  const told = requests[1].messages.filter(({ role }) => role === "tool").map(({ content }) => content);
  assert.deepEqual(told, [
    'error: there is no tool "rm"',
    "error: the arguments are no JSON",
    "error: the arguments are no JSON object",
    "error: `expression` must be a string",
  ]);
});

test("a plugin's stage has tools of its own", async () => {
  const definition = generateStage({
    name: "local/agent",
    version: 1,
    summary: "Asks a model that may look at a clock.",
    tools: [{ name: "clock", description: "Tells the time.", parameters: { type: "object" }, run: async () => "noon" }],
    examples: [],
  }) as unknown as StageDefinition;
  const { rows } = await generate(
    { ...M, tool_loop: { tools: ["clock"] } },
    [row(user("a"))],
    (_, call) => (call === 0 ? { content: "", tool_calls: [{ name: "clock", arguments: "" }] } : undefined),
    definition,
  );
  assert.equal(turnsIn(rows[0].messages)[2].content, "noon");
  assert.match(
    String(definition.options.safeParse({ ...M, tool_loop: { tools: ["calculator"] } }).error),
    /no calculator; there is clock/,
  );
});

test("preference: two models, chosen and rejected", async () => {
  const options = { ...M, preference: { rejected: { model: "small", endpoint: "cheap" } } };
  const { rows, requests } = await generate(options, [row({ role: "system", content: "s" }, user("q"))]);
  const { chosen, rejected, prompt } = rows[0];
  assert.equal(prompt, "q");
  assert.deepEqual(turnsIn(chosen).slice(0, 2), turnsIn(rejected).slice(0, 2));
  assert.notEqual(turnsIn(chosen)[2].content, turnsIn(rejected)[2].content);
  assert.deepEqual(
    requests.map(({ model }) => model),
    ["m", "small"],
  );
  const same = await generate(options, [row(user("q"))], () => ({ content: "x" }));
  assert.equal(same.drops[0]?.reason, "identical_answers");
});

test("tokens, cost and reasons to end are added up over spans", async () => {
  const prices = { prompt: 2, completion: 10, cached_prompt: 1 };
  const options = { ...M, prices };
  const first = await generate(options, [row(user("a")), row(user("b"))]);
  const second = await generate(options, [row(user("a"))], () => ({
    content: "",
    finish_reason: "stop",
    usage: null,
    model: "other",
  }));
  const merge = stage.merge;
  assert.ok(merge !== undefined);
  const sum = merge([first.state, second.state]) as {
    rows: number;
    kept: number;
    models: Record<string, unknown>[];
    seeds: string;
  };
  assert.deepEqual([sum.rows, sum.kept], [3, 2]);
  assert.match(sum.seeds, /sha256 of the stage's seed/);
  assert.deepEqual(sum.models[0], {
    role: "answer",
    endpoint: "default",
    model: "m",
    calls: 3,
    failed: 0,
    without_usage: 1,
    prompt_tokens: 20,
    completion_tokens: 10,
    reasoning_tokens: 0,
    cached_tokens: 8,
    prices,
    served: { m: 2, other: 1 },
    finish_reasons: { stop: 3 },
    cost: (12 * 2 + 8 * 1 + 10 * 10) / 1e6,
  });
  assert.deepEqual(merge([first.state]), first.state);
});

test("the account is bounded, however many rows there are", async () => {
  const rows = Array.from({ length: 40 }, (_, i) => row(user(`q${i}`)));
  const { state } = await generate(M, rows, (_, call) => ({
    content: "",
    model: `m${call}`,
    finish_reason: `r${call}`,
  }));
  const { models, rejected } = state as {
    models: { served: object; finish_reasons: object }[];
    rejected: Record<string, { count: number; examples: unknown[] }>;
  };
  assert.ok(Object.keys(models[0].served).length <= 17 && Object.keys(models[0].finish_reasons).length <= 17);
  assert.deepEqual([rejected.wrong_finish_reason.count, rejected.wrong_finish_reason.examples.length], [40, 5]);
});

test("what it declares, and which options do not go together", () => {
  const parse = (options: object) => stage.options.parse({ ...M, ...options });
  const preference = declarationOf(
    stage,
    parse({ endpoint: "a", preference: { rejected: { model: "s", endpoint: "b" } } }),
  );
  assert.deepEqual(preference.endpoints, ["a", "b"]);
  assert.deepEqual(
    preference.writes.map(({ name }) => name),
    ["chosen", "rejected", "prompt"],
  );
  const bad: readonly (readonly [object, RegExp])[] = [
    [{ multi_turn: { turns: 1, writer: M }, preference: { rejected: M } }, /cannot stand beside/],
    [{ into: "a", multi_turn: { turns: 1, writer: M } }, /cannot stand beside/],
    [{ system: "a", system_column: "b" }, /cannot stand beside/],
    [{ tool_loop: { tools: ["calculator"] }, n: 2 }, /must be 1/],
    [{ tool_loop: { tools: ["rm"] } }, /has no rm/],
    [{ body: { messages: [] } }, /written by the stage/],
    [{ multi_turn: { turns: 1, writer: { ...M, prompt: "go on" } } }, /conversation/],
    [{ endpoint: "http://h/v1" }, /endpoint/],
  ];
  for (const [options, message] of bad)
    assert.match(String(stage.options.safeParse({ ...M, ...options }).error), message);
});
