/** Files that stages need, from recipe to store: what names work, what a plan says, what a run reads. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { openRun, peekWindows, prepare, type RunResult, run } from "../../index.ts";
import { startFakeHub } from "../io/fake-hub.ts";
import { RECIPE, TOKENIZER, temporaryFolder, writeCorpus } from "../workers/fixture.ts";

const INDEX = new URL("../../bundle/index.js", import.meta.url).href;
const ZOD = pathToFileURL(path.resolve("node_modules/zod/index.js")).href;

/** Drops texts that hold a word of its lists. */
const PLUGIN = `import { assetPath, defineStage, filter, utf8String } from ${JSON.stringify(INDEX)};
import { z } from ${JSON.stringify(ZOD)};
export default defineStage({
  name: "local/words", version: 1, kind: "filter", summary: "Drops words.",
  options: z.strictObject({ lists: z.array(assetPath()), more: z.strictObject({ list: assetPath() }) }),
  reads: ["text"], writes: [], reasons: { has_word: "the text has a word of the list" }, examples: [],
  create: ({ lists, more }, { assets }) => {
    const words = [...lists, more.list].flatMap((ref) => Buffer.from(assets.bytes(ref)).toString().trim().split("\\n"));
    return filter((batch, drop) => {
      for (let row = 0; row < batch.rows; row++) {
        const { data, offsets } = batch.text;
        const text = Buffer.from(data.subarray(offsets[row], offsets[row + 1])).toString();
        if (words.some((word) => text.includes(word))) drop(row, "has_word");
      }
    });
  },
});
`;

interface House {
  readonly root: string;
  readonly out: string;
  readonly plan: (options?: { readonly lists?: string; readonly recipe?: string }) => ReturnType<typeof prepare>;
  readonly execute: (prepared: Awaited<ReturnType<typeof prepare>>) => Promise<RunResult>;
}

function house(t: TestContext): House {
  const root = temporaryFolder(t);
  const out = path.join(root, "out");
  writeCorpus(root);
  const recipes = path.join(root, "recipes");
  fs.mkdirSync(path.join(recipes, "lists"), { recursive: true });
  fs.writeFileSync(path.join(recipes, "words.js"), PLUGIN);
  fs.writeFileSync(path.join(recipes, "package.json"), '{ "type": "module" }');
  fs.writeFileSync(path.join(recipes, "lists/a.txt"), "日本語\n");
  fs.writeFileSync(path.join(recipes, "lists/b.txt"), "zebra\n");
  fs.copyFileSync(path.resolve("node_modules/tiktoken/encoders/gpt2.json"), path.join(recipes, "gpt2.json"));
  return {
    root,
    out,
    plan: ({ lists = "[lists/a.txt]", recipe = "tiny.yaml" } = {}) => {
      const text = RECIPE.replace(TOKENIZER, '{ file: gpt2.json, eos: "<|endoftext|>" }').replace(
        "    - { use: dedup/exact }\n",
        `    - { use: local/words, lists: ${lists}, more: { list: ./lists/b.txt } }\n`,
      );
      fs.writeFileSync(path.join(recipes, recipe), `${text}plugins: [ ./words.js ]\n`);
      return prepare(path.join(recipes, recipe), { out, dataRoot: root });
    },
    execute: ({ plan, environment, registry }) =>
      run(plan, { root: out, workers: 2, environment, registry, span_bytes: 20_000 }),
  };
}

const stored = (out: string): string[] => fs.readdirSync(path.join(out, "store/assets")).sort();

test("a run reads its files from the store; a plan says what they hold and not where they were", async (t) => {
  const { root, out, plan, execute } = house(t);
  const prepared = await plan();
  assert.equal(fs.existsSync(path.join(out, "store/assets")), false, "a plan puts nothing there");
  const web = prepared.plan.sources[0];
  const words = web.stages.find(({ use }) => use === "local/words");
  assert.deepEqual(
    words?.assets.map(({ name, size_bytes }) => [name, size_bytes]),
    [
      ["a.txt", 10],
      ["b.txt", 6],
    ],
  );
  assert.equal(prepared.plan.tokenizer?.name, "gpt2.json");
  const withoutPlaces = JSON.stringify({
    ...prepared.plan,
    sources: prepared.plan.sources.map(({ stages }) => stages),
  });
  assert.doesNotMatch(withoutPlaces, /lists\/a|lists\/b/);
  assert.doesNotMatch(withoutPlaces.replaceAll(/"folder":"[^"]*"|"file":"[^"]*\.yaml"/g, ""), /recipes/);

  const result = await execute(prepared);
  assert.equal(stored(out).length, 3);
  const manifest = fs.readFileSync(path.join(out, "runs/tiny/manifests/stage1.json"), "utf8");
  assert.doesNotMatch(manifest, /lists\/|recipes/);
  // Words are looked at once more from what is in the store alone.
  fs.rmSync(path.join(root, "recipes"), { recursive: true });
  const [window] = peekWindows(openRun("tiny", out), { count: 1 });
  assert.match(window.text, /[a-z]{3}/);
  assert.equal(result.sources.length, 2);
});

test("equal content under another path is equal work; other content is other work", async (t) => {
  const { root, out, plan, execute } = house(t);
  const first = await plan();
  const done = await execute(first);
  fs.mkdirSync(path.join(root, "elsewhere"));
  fs.copyFileSync(path.join(root, "recipes/lists/a.txt"), path.join(root, "elsewhere/words.list"));
  const moved = await plan({ lists: `[${path.join(root, "elsewhere/words.list")}]`, recipe: "moved.yaml" });
  assert.equal(moved.plan.fingerprint, first.plan.fingerprint);
  assert.deepEqual(
    moved.plan.sources.map(({ ingest, tokens }) => [ingest, tokens]),
    first.plan.sources.map(({ ingest, tokens }) => [ingest, tokens]),
  );

  fs.writeFileSync(path.join(root, "recipes/lists/a.txt"), "nothing\n");
  const changed = await plan();
  assert.notEqual(changed.plan.sources[0].ingest, first.plan.sources[0].ingest);
  assert.equal(changed.plan.sources[1].ingest, first.plan.sources[1].ingest);
  const again = await execute(changed);
  assert.equal(stored(out).length, 4);
  assert.notEqual(JSON.stringify(again.sources[0]), JSON.stringify(done.sources[0]));
});

test("a file that changes or goes between plan and run ends the run before any task", async (t) => {
  const { root, out, plan, execute } = house(t);
  const list = path.join(root, "recipes/lists/a.txt");
  const prepared = await plan();
  fs.writeFileSync(list, "changed!!\n");
  await assert.rejects(execute(prepared), {
    code: "run/changed-asset",
    message: /a\.txt, which local\/words needs, is not the file that was planned/,
  });
  assert.deepEqual(
    fs.readdirSync(path.join(out, "store")).filter((name) => name.startsWith("ingest")),
    [],
  );
  fs.rmSync(list);
  await assert.rejects(execute(prepared), { code: "data/unreadable" });
  await assert.rejects(plan(), (error: Error) => {
    assert.match(error.message, /recipe\/missing-asset.*local\/words needs the file .*lists\/a\.txt/s);
    assert.match(error.message, /tiny\.yaml:\d+:\d+/);
    assert.match(error.message, /relative paths start at the recipe's folder/);
    return true;
  });
});

test("a list on a web server is an asset like any other", async (t) => {
  const { root, out, plan, execute } = house(t);
  const hub = await startFakeHub(t, path.join(root, "cache"));
  hub.web.set("words.txt", { body: Buffer.from("日本語\n"), etag: '"1"' });
  const local = await plan();
  const remote = await plan({ lists: `["${hub.url}/web/words.txt"]` });
  assert.deepEqual(remote.plan.sources[0].ingest, local.plan.sources[0].ingest);
  await execute(remote);
  assert.equal(stored(out).length, 3);
  assert.doesNotMatch(fs.readFileSync(path.join(out, "runs/tiny/plan.json"), "utf8"), /127\.0\.0\.1/);
});
