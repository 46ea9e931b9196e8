/**
 * Writes test/fixtures/chat/: for each upstream of SmolTalk2's splits a few rows with the columns that it has, of our own writing, hostile ones among
 * them. Run from the repository root: node test/golden/scripts/chat.fixtures.mjs
 */
import fs from "node:fs";

const FOLDER = "test/fixtures/chat";

/** Numbers that JavaScript would change are written "@1.0@" and lose their quotes, at any depth of encoding. */
const NUMBERS = /\\*"@(-?[0-9.eE+]+)@\\*"/g;

function write(name, rows) {
  const lines = rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row).replace(NUMBERS, "$1")));
  fs.writeFileSync(`${FOLDER}/${name}.jsonl`, `${lines.join("\n")}\n`);
}

const TOPICS = [
  ["the tides", "The moon pulls the water on the near side more than the earth, and the earth more than the water on the far side."],
  ["bread", "Flour, water, salt and yeast. Knead it for ten minutes, let it rest for an hour, and bake it until it sounds hollow."],
  ["prime numbers", "A prime has two divisors, one and itself. There are infinitely many: multiply any list of them and add one."],
  ["the Danube", "It rises in the Black Forest and runs through ten countries before it reaches the Black Sea."],
  ["glass", "Sand, soda and lime are melted together; what cools too fast for crystals stays clear."],
  ["chess openings", "Bring the knights out, take the middle with pawns, and castle before the queen goes hunting."],
];
const user = (content) => ({ content, role: "user" });
const assistant = (content) => ({ content, role: "assistant" });
const system = (content) => ({ content, role: "system" });
const human = (value) => ({ from: "human", value });
const gpt = (value) => ({ from: "gpt", value });
const think = (trace, answer) => `<think>\n${trace}\n</think>\n\n${answer}`;
const topics = (make) => TOPICS.map(([topic, answer], i) => make(topic, answer, i));

const nemotron = (topic, answer, i, more = {}) => ({
  input: [user(`Explain ${topic} to me.`)],
  output: think(`They ask about ${topic}. Keep it short.`, answer),
  category: i % 2 === 0 ? "math" : "chat",
  license: "cc-by-4.0",
  reasoning: "on",
  generator: "DeepSeek-R1",
  used_in_training: "Ultra",
  version: "v1.1",
  system_prompt: "detailed thinking on",
  ...more,
});
write("llama-nemotron", [
  ...topics(nemotron),
  nemotron("rain", "Warm air rises, cools and lets its water go.", 0, { generator: "Llama-3.3-70B-Instruct", reasoning: "off", output: "Clouds." }),
  nemotron("hail", "", 1, { output: "<think>\nThey ask about hail and" }),
]);

const thoughts = (topic, answer, i) => ({
  difficulty: i + 3,
  source: "ours",
  domain: i % 2 === 0 ? "science" : "math",
  conversations: [human(`What is worth knowing about ${topic}?`), gpt(think(`Think of ${topic} first.`, answer))],
});
write("openthoughts3", [
  ...topics(thoughts),
  { ...thoughts("frost", "", 1), conversations: [human("And frost?"), gpt("<think>\nIce grows from vapour\n</think>")] },
  { ...thoughts("dew", "", 2), conversations: [human("And dew?")] },
]);

write("smoltalk-everyday-conversations", [
  ...topics((topic, answer) => ({
    full_topic: `Everyday/${topic}`,
    messages: [user("Hi there"), assistant("Hello! How can I help you today?"), user(`Tell me about ${topic}.`), assistant(answer)],
  })),
  { full_topic: "Everyday/none", messages: [] },
  { full_topic: "Everyday/parts", messages: [user([{ type: "text", text: "Look" }, { type: "image", url: "x.png" }]), assistant("Nice.")] },
]);

write("smoltalk-systemchats-30k", [
  ...topics((topic, answer, i) => ({
    messages: [
      system(i % 2 === 0 ? "Answer in one short paragraph." : `You are an expert on ${topic}.`),
      user(`A word on ${topic}, please.`),
      assistant(answer),
      user("Thanks, is that all?"),
      assistant("That is the heart of it."),
    ],
  })),
  { messages: [system("Be kind."), user("Hello?"), user("Anyone?"), assistant("Yes.")] },
  { messages: [user("No prompt here."), assistant("None needed.")] },
]);

write("tulu-personas-instruction-following", [
  ...topics((topic, answer, i) => ({
    id: `personas_IF_${i}`,
    prompt: `Write about ${topic} without the letter z.`,
    messages: [user(`Write about ${topic} without the letter z.`), assistant(answer)],
    constraints: ["keywords:forbidden_words"],
  })),
  { id: "personas_IF_null", prompt: "Say nothing.", messages: [user("Say nothing."), assistant(null)], constraints: [] },
]);

const weather = `{'type': 'function', 'function': {'name': 'get_weather', 'description': "The day's weather", 'parameters': {'type': 'object', 'properties': {'city': {'type': 'string'}, 'days': {'type': 'integer', 'default': None}}, 'required': ['city']}}}`;
const hermesSystem = (tools) =>
  "You are a function calling AI model. You are given function signatures within <tools> </tools> tags. Here are the tools: " +
  `<tools>[${tools}]</tools> For each call return JSON within <tool_call> </tool_call> tags.`;
const cities = ["Oslo", "Lima", "Pune", "Kyiv", "Accra", "Quito"];
const hermes = (city, i, call) => ({
  id: `h-${i}`,
  conversations: [
    { from: "system", value: hermesSystem(weather) },
    human(`What is the weather in ${city}?`),
    gpt(call ?? `<tool_call>\n{'name': 'get_weather', 'arguments': {'city': '${city}', 'days': ${i}}}\n</tool_call>`),
    { from: "tool", value: `<tool_response>\n{"city": "${city}", "degrees": 12.0}\n</tool_response>` },
    gpt(`It is 12 degrees in ${city}.`),
  ],
  tools: JSON.stringify([{ type: "function", function: { name: "get_weather" } }]),
  category: "Weather",
  subcategory: "Forecast",
  task: "Ask for the weather",
});
write("hermes-function-calling-v1", [
  ...cities.map((city, i) => hermes(city, i)),
  hermes("Bonn", 6, `<tool_call>\n{"name": "get_weather", "arguments": {"city": "Bonn", "station": "@90071992547409931234@", "height": "@64.0@"}}\n</tool_call>`),
  hermes("Nice", 7, `<tool_call>\n{"name": "get_weather", "arguments": "{\\"city\\": \\"Nice\\"}"}\n</tool_call>`),
  hermes("Bern", 8, `<tool_call>\n{"name": "get_weather", "arguments": {"city": "Bern"\n</tool_call>`),
]);

const scored = { quality: "good", difficulty: "easy", category: "information-seeking" };
write("smoltalk-smol-magpie-ultra", [
  ...topics((topic, answer) => ({
    messages: [user(`What should I know of ${topic}?`), assistant(answer), user("Why?"), assistant("Because it comes up."), user("Go on."), assistant(`That is all on ${topic}.`)],
    ...scored,
    reward_model_score: 0.5,
    conversation_tokens: 60,
  })),
  { messages: [user("Odd \ud83d"), assistant("Half a pair.")], ...scored, reward_model_score: 0.1, conversation_tokens: 6 },
]);

write("smoltalk-multilingual-8languages", [
  ...[
    ["Que faut-il savoir sur le pain ?", "De la farine, de l'eau, du sel et de la levure.", "fr"],
    ["¿Qué es el Danubio?", "Un río que cruza diez países.", "es"],
    ["Was ist Glas?", "Eine erstarrte Schmelze aus Sand, Soda und Kalk.", "de"],
    ["Che cosa sono i numeri primi?", "Numeri con due soli divisori.", "it"],
    ["O que são as marés?", "A lua puxa a água.", "pt"],
    ["什么是玻璃？", "沙子、苏打和石灰熔化而成。", "zh"],
  ].map(([question, answer, language]) => ({ messages: [user(question), assistant(answer)], language })),
  { messages: [user("Was ist Brot?")], language: "de" },
]);

write("table-gpt", [
  ...topics((topic, _answer, i) => ({
    task: "EntityMatching",
    dataset: `ours-${i}`,
    prompt: `# Task\nWhich row is about ${topic}?\n\n| row | about |\n| --- | --- |\n| 1 | ${topic} |\n| 2 | nothing |`,
    completion: JSON.stringify({ row: 1 }),
    metadata: "{}",
  })),
  { task: "EntityMatching", dataset: "ours-x", prompt: "Which row?", completion: "", metadata: "{}" },
]);

const openhermes = (conversations, more = {}) => ({
  custom_instruction: null, topic: null, model_name: null, model: null, skip_prompt_formatting: false, category: "general",
  conversations, views: null, language: null, id: null, title: null, idx: null, hash: null, avatarUrl: null, system_prompt: null, source: "ours", ...more,
});
write("openhermes-2.5", [
  ...topics((topic, answer) => openhermes([{ ...human(`Summarise ${topic}.`), weight: null }, { ...gpt(answer), weight: null }])),
  openhermes([{ from: "system", value: "Speak plainly.", weight: null }, { ...human("What is tin?"), weight: 0 }, { ...gpt("A soft metal."), weight: 1 }]),
  openhermes([{ from: "narrator", value: "Once upon a time." }, gpt("Yes?")]),
  openhermes([gpt("I begin."), human("Why?")]),
]);

write("mixture-of-thoughts-science", [
  ...topics((topic, answer, i) => ({
    messages: [user(`In science, what is ${topic}?`), assistant(think(`${topic} touches physics.`, answer))],
    num_tokens: 40 + i,
    source: "ours",
  })),
  { messages: [user("And gas?"), assistant("<think>\nGas fills")], num_tokens: 8, source: "ours" },
]);

for (const [name, verb] of [["explore-instruct-rewriting", "Rewrite"], ["smol-rewrite", "Make friendlier"], ["smol-summarize", "Sum up"]]) {
  write(`smoltalk-${name}`, [
    ...topics((topic, answer) => ({
      messages: [
        ...(name === "explore-instruct-rewriting" ? [] : [system(`${verb} what you are given.`)]),
        user(`${verb}: ${answer}`),
        assistant(`In short, ${topic}: ${answer.split(".")[0]}.`),
      ],
    })),
    { messages: [user(`${verb}: nothing.`), assistant("   ")] },
  ]);
}

write("longalign-10k", [
  ...topics((topic, answer, i) => ({
    id: `long-${i}`,
    messages: [user(`${`${answer} `.repeat(40)}\n\nWhat is this about?`), assistant(`About ${topic}.`)],
    length: 1000 + i,
  })),
  { id: "long-too", messages: [user(`${"word ".repeat(4000)}\n\nHow many words?`), assistant("Four thousand.")], length: 4000 },
]);

const adder = { name: "add", description: "Adds two numbers.", parameters: { a: { type: "float", description: "one" }, b: { type: "int", description: "other" } } };
const xlam = (i, answers, tools = JSON.stringify([adder])) => ({ id: i, query: `What is ${i} plus ${i + 1}?`, answers, tools });
write("xlam-function-calling-60k", [
  ...[0, 1, 2, 3, 4, 5].map((i) => xlam(i, JSON.stringify([{ name: "add", arguments: { a: `@${i}.0@`, b: i + 1 } }]))),
  xlam(6, JSON.stringify([{ name: "add", arguments: { a: "@12345678901234567890@", b: 1 } }, { name: "sub", arguments: {} }])),
  xlam(7, '[{"name": "add", "arguments": {"a": 1'),
  xlam(8, "[]", '[{"description": "nameless"}]'),
]);

write("glaive-function-calling-v2", [
  ...cities.map((city) => ({
    system: `SYSTEM: You are a helpful assistant with access to the following functions. Use them if required -\n${JSON.stringify({ name: "get_time", description: "The time of a city", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } }, null, 4)}\n`,
    chat: `USER: What time is it in ${city}?\n\n\nASSISTANT: <functioncall> {"name": "get_time", "arguments": '{"city": "${city}", "note": "it's now"}'} <|endoftext|>\n\n\nFUNCTION RESPONSE: {"time": "12:00"}\n\n\nASSISTANT: It is noon in ${city}. <|endoftext|>\n\n\n`,
  })),
  { system: "SYSTEM: You are a helpful assistant, with no access to external functions.\n", chat: "USER: Hi\n\n\nASSISTANT: Hello! <|endoftext|>\n\n\n" },
  { system: "SYSTEM: You have the following functions -\n{\"name\": \"get_time\"}\n", chat: "USER: Now?\n\n\nASSISTANT: <functioncall> {\"name\": \"get_time\", \"arguments\": '{\"city\": '} <|endoftext|>\n" },
]);

const s1k = (topic, answer, i, more = {}) => ({
  solution: answer, question: `Explain why ${topic} matters.`, cot_type: "science", source_type: "ours", metadata: "{}",
  gemini_thinking_trajectory: "Unused.", gemini_attempt: "Unused.",
  deepseek_thinking_trajectory: `First, ${topic}. Then why. Step ${i}.`, deepseek_attempt: answer,
  gemini_grade: "Yes", gemini_grade_reason: "", deepseek_grade: "Yes", deepseek_grade_reason: "", ...more,
});
write("s1k-1.1", [...topics((topic, answer, i) => s1k(topic, answer, i)), s1k("salt", "It keeps.", 9, { deepseek_attempt: null })]);

write("aya-dataset", [
  ...[
    ["Kaj je Donava?", "Reka.", "Slovenian", "slv"],
    ["Qu'est-ce que le verre ?", "Du sable fondu.", "French", "fra"],
    ["Mikä on leipä?", "Ruokaa jauhoista ja vedestä.", "Finnish", "fin"],
    ["Was ist ein Primzahlzwilling?", "Zwei Primzahlen mit Abstand zwei.", "German", "deu"],
  ].map(([inputs, targets, language, language_code], i) => ({ inputs, targets, language, language_code, annotation_type: "original-annotations", user_id: `u${i}` })),
  { inputs: "", targets: "Empty.", language: "English", language_code: "eng", annotation_type: "original-annotations", user_id: "u9" },
]);

write("smolagents-tasks", cities.map((city, i) => ({ id: `task-${i}`, task: `How warm is it in ${city} today?`, tools: [{ name: "get_weather", description: "The day's weather", inputs: { city: { type: "string" } }, output_type: "number" }] })));

const pair = (topic, answer, i, more = {}) => ({
  id: `pair-${i}`, source: "ours", prompt: `Tell me of ${topic}.`,
  chosen: [user(`Tell me of ${topic}.`), assistant(answer)],
  rejected: [user(`Tell me of ${topic}.`), assistant(`${topic}? No idea.`)],
  ...more,
});
write("llama-3.1-tulu-3-8b-preference-mixture", [
  ...topics((topic, answer, i) => pair(topic, answer, i)),
  pair("ink", "Soot and gum.", 6, { rejected: [user("Tell me of ink."), assistant("Soot and gum.")] }),
  pair("wax", "Bees make it.", 7, { rejected: [user("Tell me of bees."), assistant("They fly.")] }),
  pair("lead", "A heavy metal.", 8, { chosen: [user("Tell me of lead.")] }),
  pair("a long answer", `${"It goes on and on and on. ".repeat(8)}Yes.`, 9, { rejected: [user("Tell me of a long answer."), assistant(`${"It goes on and on and on. ".repeat(8)}No.`)] }),
]);
