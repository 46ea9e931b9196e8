import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { parse } from "yaml";
import {
  openRun,
  type RecipeInput,
  type RunEvent,
  readDocuments,
  readManifest,
  readWindows,
  runRecipe,
} from "../../index.ts";
import { RECIPE, temporaryFolder, treeDigests, writeCorpus } from "../workers/fixture.ts";

test("a recipe made in code runs in one call, to the same bytes as its file; its tokens are read back", async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root);
  const file = path.join(root, "tiny.yaml");
  fs.writeFileSync(file, RECIPE);
  const events: RunEvent["type"][] = [];
  const [byPath, byObject] = [path.join(root, "a"), path.join(root, "b")];
  const result = await runRecipe(file, {
    out: byPath,
    dataRoot: root,
    workers: 1,
    report: ({ type }) => events.push(type),
  });
  await runRecipe(parse(RECIPE) as RecipeInput, { out: byObject, dataRoot: root, workers: 2 });
  assert.equal(events.at(-1), "run_done");
  const windows = (name: string): boolean => name.endsWith(".ds") || name.endsWith(".index");
  assert.deepEqual(treeDigests(byObject, windows), treeDigests(byPath, windows));
  const again = await runRecipe(file, { out: byPath, dataRoot: root });
  assert.equal(again.already_done, true);

  const opened = openRun(path.join(byPath, "runs", "tiny"));
  for (const stage of result.training_stages) {
    const manifest = await readManifest(opened, stage.name);
    assert.equal(manifest.stage.tokens, stage.tokens);
    let count = 0;
    let documents = 0;
    for await (const window of readWindows(opened, { training_stage: stage.name })) {
      count++;
      documents += window.document_ends.length;
      assert.equal(window.tokens.length, manifest.stage.sequence_length + 1);
      assert.equal((window.document_ends.at(-1) ?? 0) + window.padding_tokens, window.tokens.length);
    }
    assert.equal(count, manifest.stage.windows);
    assert.ok(documents >= count, "a window holds a document at least");
  }

  const manifest = await readManifest(opened, "stage1");
  for (const [name, source] of Object.entries(manifest.sources)) {
    const found = { documents: 0, tokens: 0 };
    for await (const { tokens, held_out } of readDocuments(opened, { source: name })) {
      assert.equal(tokens.at(-1), manifest.tokenizer.eos.id);
      assert.equal(tokens.indexOf(manifest.tokenizer.eos.id), tokens.length - 1);
      if (held_out) continue;
      found.documents++;
      found.tokens += tokens.length;
    }
    assert.deepEqual(found, { documents: source.token_store.documents, tokens: source.token_store.tokens });
  }
});

test("windows are the bytes of the packed store", async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root);
  const recipe = parse(RECIPE) as RecipeInput;
  await runRecipe(recipe, { out: root, dataRoot: root, workers: 0 });
  const opened = openRun("tiny", root);
  const manifest = await readManifest(opened, "stage1");
  for await (const { source, shard, epoch, window, tokens } of readWindows(opened, { training_stage: "stage1" })) {
    const files = manifest.sources[source].files.filter((file) => file.shard === shard && file.path.endsWith(".ds"));
    const stored = files.find((file) => (file.epoch ?? 0) === epoch) ?? files[0];
    const bytes = fs.readFileSync(path.join(opened.layout.store, stored.path));
    const size = tokens.length * manifest.tokenizer.token_bytes;
    const there = bytes.subarray(window * size, (window + 1) * size);
    assert.deepEqual(Buffer.from(tokens.slice().buffer), Buffer.from(there));
  }
});

test("what is not there is named, with what is", async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root);
  await runRecipe(parse(RECIPE) as RecipeInput, { out: root, dataRoot: root, workers: 0 });
  const opened = openRun("tiny", root);
  await assert.rejects(readManifest(opened), {
    code: "run/no-such-training-stage",
    message: /several training stages/,
  });
  await assert.rejects(readManifest(opened, "stage9"), { message: /stage1, stage2, long/ });
  await assert.rejects(readDocuments(opened, { source: "books" }).next(), {
    code: "run/no-such-source",
    message: /web/,
  });
  await assert.rejects(readWindows(opened, { training_stage: "stage1", source: "books" }).next(), { message: /web/ });
  await assert.rejects(runRecipe({ schema: 1, name: "empty" } as RecipeInput, { out: root }), { message: /sources/ });
});

test("a run that is not there is told of by the runs that are, whatever else lies beside them", (t) => {
  const out = temporaryFolder(t);
  fs.mkdirSync(path.join(out, "runs"));
  fs.writeFileSync(path.join(out, "runs", "account.ts"), "");
  assert.throws(() => openRun("acount", out), { code: "run/no-such-run", message: /start one with .*--out/ });
});
