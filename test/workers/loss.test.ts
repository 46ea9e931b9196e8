/** From a marker in a text to the loss lane of its store: what is trained on is what follows the marker, token by token. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { prepare, run } from "../../index.ts";
import { encodingFile, loadTokenizer } from "../../io/tokenizer-files.ts";
import { TOKENIZER, temporaryFolder } from "./fixture.ts";

const EOS = 50256;

test("the loss lane of a store says which tokens follow the marker", async (t) => {
  const root = temporaryFolder(t);
  const texts = Array.from({ length: 60 }, (_, i) =>
    i % 7 === 6
      ? `No question in row ${i}.`
      : `Q: ${i} plus ${i}?\nA: ${2 * i}, café ${"so ".repeat(i % 5)}\nQ: sure?\nA: yes`,
  );
  fs.writeFileSync(
    path.join(root, "qa.jsonl"),
    texts.map((text, i) => `${JSON.stringify({ id: `${i}`, text })}\n`).join(""),
  );
  fs.writeFileSync(
    path.join(root, "recipe.yaml"),
    `schema: 1
name: answers
tokenizer: { encoding: gpt2, eos: "<|endoftext|>" }
pipelines: { qa: [ { use: annotate/completion-loss, after: "A:", until: "Q:" } ] }
sources: { qa: { from: qa.jsonl, pipeline: qa } }
training_stages: [ { name: sft, tokens: 512, sequence_length: 64, pack: best-fit, weights: { qa: 1 } } ]
limits: { max_epochs: 4 }
`,
  );
  const { plan, layout, environment, registry } = await prepare(path.join(root, "recipe.yaml"), {
    out: root,
    dataRoot: root,
  });
  await run(plan, { root, workers: 0, span_bytes: 1_000, environment, registry });
  const folder = layout.tokens(plan.sources[0].tokens);
  const [shard] = fs.readdirSync(folder).filter((name) => name.endsWith(".ds"));
  const bytes = fs.readFileSync(path.join(folder, shard));
  const ids = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  const loss = fs.readFileSync(path.join(folder, `${shard}.loss`));
  assert.equal(loss.length, ids.length);
  const { decode } = ((tokenizer) => ({
    decode: (from: number, to: number) => Buffer.from(tokenizer.decode(ids.subarray(from, to))),
  }))(loadTokenizer("gpt2", fs.readFileSync(encodingFile("gpt2"))));
  const seen: string[] = [];
  for (let start = 0, at = 0; at < ids.length; at++) {
    if (ids[at] !== EOS) continue;
    const text = decode(start, at).toString();
    seen.push(text);
    // No token reaches over these markers, so that the trained tokens spell exactly what follows them.
    let trained = "";
    for (let token = start; token < at; token++)
      if (loss[token] === 1) trained += decode(token, token + 1).toString("latin1");
    const wanted = [...text.matchAll(/A:([\s\S]*?)(?=Q:|$)/g)].map(([, answer]) => answer).join("");
    assert.equal(Buffer.from(trained, "latin1").toString(), wanted, text);
    assert.equal(loss[at], text.includes("A:") ? 1 : 0, "EOS follows an answer");
    start = at + 1;
  }
  assert.deepEqual(seen.sort(), texts.toSorted());
  const store = JSON.parse(fs.readFileSync(path.join(folder, "store.done.json"), "utf8")) as { counts: unknown };
  assert.match(JSON.stringify(store.counts), /"rows":60,"rows_untrained":8/);
});

test("an export that would train on masked tokens is refused before anything is read", async (t) => {
  const root = temporaryFolder(t);
  fs.writeFileSync(path.join(root, "qa.jsonl"), `${JSON.stringify({ text: "Q: a?\nA: b" })}\n`);
  const recipe = (exports: string): string => `schema: 1
name: answers
tokenizer: ${TOKENIZER}
pipelines: { qa: [ { use: annotate/completion-loss, after: "A:" } ] }
sources: { qa: { from: qa.jsonl, pipeline: qa } }
training_stages: [ { name: sft, tokens: 512, sequence_length: 64, weights: { qa: 1 } } ]
exports: [${exports}]
`;
  const file = path.join(root, "recipe.yaml");
  const planned = async (exports: string): Promise<unknown> => {
    fs.writeFileSync(file, recipe(exports));
    return prepare(file, { out: root, dataRoot: root });
  };
  await planned("trl, nanotron");
  await assert.rejects(planned("trl, torchtitan"), { code: "recipe/export-loses-loss" });
  await assert.rejects(planned("{ to: megatron, path_prefix: /x }"), {
    code: "recipe/export-loses-loss",
    message: /to: megatron, gpt_neox_labels: true[\s\S]*to: megatron, ignore_loss: true/,
  });
  await planned("{ to: megatron, gpt_neox_labels: true }, { to: torchtitan, ignore_loss: true }");
});
