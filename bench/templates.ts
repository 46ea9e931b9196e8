/**
 * Chat templates on one core: SmolLM3's training template and ChatML over conversations of two turns, beside the runtime of `@huggingface/jinja`.
 *
 *   node dist/bench/templates.js [--conversations 2000] [--rounds 7] [--bytes 2800]
 *
 * Conversations are made of the prose below, with a seed: a question and an answer, so that a rendered one has about `--bytes`. `ours` renders,
 * tells the spans and encodes to UTF-8, from messages that are parsed; `ours from JSON` parses the row's JSON first; `peer` is `Template.render`
 * of the package, without spans, and its text is compared where it is equal. Figures are MB of rendered text per second of user CPU time,
 * medians of rounds in turns. Table on stderr, JSON on stdout.
 */
import { parseArgs } from "node:util";
import { Template } from "@huggingface/jinja";
import { chatVariables } from "../kernels/jinja/chat-variables.ts";
import { compileTemplate } from "../kernels/jinja/template.ts";
import { isJsonList, type JsonObject, parseJson } from "../kernels/json/value.ts";
import { SHIPPED_TEMPLATES } from "../stages/chat/shipped-templates.ts";
import { median } from "./support/figures.ts";

const SENTENCES = [
  "The mill stands by the river, and its wheel has turned for two hundred years.",
  'She asked: "How long does it take to grind a sack of grain?"',
  "It depends on the water, on the stones, and on how fine the flour is to be.",
  "- First the grain is cleaned.\n- Then it is ground.\n- Last of all it is sifted.",
  "`sum(x for x in xs if x > 0)` adds what is positive.",
  "Größe und Maß stimmen überein; das Mehl ist fein — wie immer.",
];
const DATE = { year: 2025, month: 7, day: 8 };
/** What SmolLM3's header takes without tools. */
const HEADER_BYTES = 1350;

interface Chat {
  readonly row: string;
  readonly messages: readonly JsonObject[];
  readonly plain: readonly { readonly role: string; readonly content: string }[];
}

function chats(count: number, bytes: number): Chat[] {
  let seed = 42;
  const pick = (): string => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return SENTENCES[(seed >>> 16) % SENTENCES.length];
  };
  const prose = (length: number): string => {
    let text = pick();
    while (text.length < length) text += ` ${pick()}`;
    return text;
  };
  return Array.from({ length: count }, () => {
    const content = Math.max(100, bytes - HEADER_BYTES);
    const plain = [
      { role: "user", content: prose(content / 5) },
      { role: "assistant", content: `\n${prose((content * 4) / 5)}` },
    ];
    const row = JSON.stringify(plain);
    return { row, plain, messages: parsed(row) };
  });
}

function parsed(row: string): JsonObject[] {
  const list = parseJson(row);
  return isJsonList(list) ? list.filter((message) => message instanceof Map) : [];
}

const { values } = parseArgs({
  options: {
    conversations: { type: "string", default: "2000" },
    rounds: { type: "string", default: "7" },
    bytes: { type: "string", default: "2800" },
  },
});
const data = chats(Number(values.conversations), Number(values.bytes));
const buffer = Buffer.alloc(1 << 20);
const results: Record<string, unknown>[] = [];

for (const name of ["smollm3", "chatml"] as const) {
  const source = SHIPPED_TEMPLATES[name];
  const ours = compileTemplate(source, { spans: true });
  const render = (messages: readonly JsonObject[]): number =>
    buffer.write(ours.render(chatVariables({ messages }), DATE).text);
  // The peer has a clock and no given date.
  const peer = new Template(source.replaceAll('strftime_now("%d %B %Y")', '"08 July 2025"'));
  const peerRender = ({ plain }: Chat): string => peer.render({ messages: plain });
  const bytes = data.reduce((sum, { messages }) => sum + render(messages), 0);
  const equal = data.filter(
    (chat) => peerRender(chat) === ours.render(chatVariables({ messages: chat.messages }), DATE).text,
  );
  const ways: Readonly<Record<string, (chat: Chat) => void>> = {
    ours: ({ messages }) => void render(messages),
    "ours from JSON": ({ row }) => void render(parsed(row)),
    peer: (chat) => void buffer.write(peerRender(chat)),
  };
  const seconds: Record<string, number[]> = {};
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [way, run] of Object.entries(ways)) {
      const start = process.cpuUsage();
      for (const chat of data) run(chat);
      const taken = process.cpuUsage(start).user / 1e6;
      seconds[way] = [...(seconds[way] ?? []), taken];
    }
  }
  const speeds = Object.entries(seconds).map(
    ([way, all]) => [way, Math.round((bytes / 1e6 / median(all)) * 10) / 10] as const,
  );
  for (const [way, speed] of speeds) {
    const perSecond = Math.round((speed * 1e6) / (bytes / data.length));
    process.stderr.write(
      `${name.padEnd(10)} ${way.padEnd(16)} ${String(speed).padStart(7)} MB/s ${perSecond} conversations/s\n`,
    );
  }
  results.push({
    template: name,
    conversations: data.length,
    mean_bytes: Math.round(bytes / data.length),
    peer_equal: equal.length,
    mb_per_second: Object.fromEntries(speeds),
  });
}
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
