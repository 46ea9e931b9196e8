// Renders, masks and tokenizes what chat-masks.py wrote, and counts what differs: node chat-masks.mjs FILE EOS (any special token)
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { chatsIn, MaskRunner, maskDifference } from "../../../dist/test/stages/chat/mask-cases.js";

const EOS = ["<|endoftext|>", "<|end_of_text|>", "<eos>", "</s>"];
let head;
const runners = new Map();
const counts = new Map();
for await (const line of createInterface({ input: createReadStream(process.argv[2]) })) {
  const row = JSON.parse(line);
  if (head === undefined) {
    head = { ...row, chats: chatsIn(line) };
    continue;
  }
  const template = head.templates[row.template];
  if (!runners.has(template)) {
    for (const eos of EOS) {
      try {
        runners.set(template, new MaskRunner(template, template.tokenizer, eos, head.date));
        break;
      } catch (error) {
        if (error.code !== "recipe/unknown-special-token") throw error;
      }
    }
  }
  const count = counts.get(template.name) ?? { equal: 0, tokens: 0, pairs: 0, refused: 0, dropped: {}, different: 0 };
  counts.set(template.name, count);
  const problem = maskDifference(runners.get(template), head.chats[row.chat], row);
  if (problem === undefined) {
    if (row.error) count.refused++;
    else count.equal++;
    count.tokens += row.ids?.length ?? 0;
    if (row.pair?.chosen_ids) count.pairs++;
  } else if (problem.includes("dropped ")) {
    const reason = /dropped (\w+)/.exec(problem)[1];
    count.dropped[reason] = (count.dropped[reason] ?? 0) + 1;
    if (count.dropped[reason] <= 1) console.log(template.name, row.chat, problem.slice(0, 300));
  } else {
    count.different++;
    if (count.different <= 3) console.log(template.name, row.chat, problem.slice(0, 500));
  }
}
for (const [name, count] of counts) console.log(name, JSON.stringify(count));
