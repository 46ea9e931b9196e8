/**
 * What verbs say to a newcomer: what is wrong before a run, what became of rows when one ends badly, and what
 * programs are told.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { temporaryFolder } from "../workers/fixture.ts";
import { cliIn, type Outcome } from "./in-process.ts";

type Cli = (...args: readonly string[]) => Promise<Outcome>;

const RECIPE = `schema: 1
name: r
seed: 1
tokenizer: { encoding: gpt2, eos: "<|endoftext|>" }
pipelines: { p: [ { use: filter/length, unit: words, min: 5 }, { use: dedup/exact } ] }
sources: { s: { from: "*.jsonl", pipeline: p } }
training_stages: [ { name: only, tokens: 160, sequence_length: 4, weights: { s: 1 } } ]
limits: { max_epochs: 100 }
exports: [nanotron]
`;

function rowsText(hasBad: boolean): string {
  return Array.from({ length: 200 }, (_, i) => {
    if (hasBad && i % 50 === 49) return '{"text": broken\n';
    if (hasBad && i % 10 === 3) return '{"text":""}\n';
    return `${JSON.stringify({ id: `d${i}`, text: `row ${i % 40}${" and words".repeat(i % 7)}` })}\n`;
  }).join("");
}

function project(t: TestContext, hasBad = false, recipe = RECIPE): Cli {
  const root = temporaryFolder(t);
  fs.writeFileSync(path.join(root, "a.jsonl"), rowsText(hasBad));
  fs.writeFileSync(path.join(root, "my-mix.yaml"), recipe);
  return cliIn(t, root);
}

test("check finds the recipe without its ending, an unknown EOS and every file that is missing, before anything is listed", async (t) => {
  const shardmill = project(t);
  fs.rmSync("a.jsonl");
  const good = await shardmill("check", "my-mix");
  assert.equal(good.status, 0, good.stderr);
  assert.match(
    good.stdout,
    /^r: ok, 1 source, 1 training stage, tokenizer gpt2 of 50,257 tokens, EOS <\|endoftext\|> is 50,256\n$/,
  );

  const eos = await shardmill("check", "my-mix", "--set", "tokenizer.eos=</s>");
  assert.equal(eos.status, 2);
  assert.match(eos.stderr, /recipe\/unknown-special-token[\s\S]*at: my-mix\.yaml:4:1[\s\S]*it has "<\|endoftext\|>"/);

  fs.writeFileSync("tokenizer.json", '{ "model": { "type": "WordLevel" } }');
  const refused = await shardmill("check", "my-mix", "--set", "tokenizer={ file: tokenizer.json, eos: x }");
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /WordLevel/);

  const missing = await shardmill(
    "check",
    "my-mix",
    "--set",
    "tokenizer={ file: none.json, eos: x }",
    "--set",
    "pipelines.p=[{ use: filter/length, unit: tokens, min: 1, tokenizer: no.json }]",
    "--json",
  );
  assert.equal(missing.status, 2);
  assert.match(missing.stderr, /r has 2 problems[\s\S]*none\.json[\s\S]*no\.json/);
  const told = JSON.parse(missing.stdout);
  assert.deepEqual(
    told.error.issues.map(({ code }: { code: string }) => code),
    ["recipe/missing-asset", "recipe/missing-asset"],
  );
  assert.equal(told.exit_code, 2);

  const near = await shardmill("check", "my-mx");
  assert.match(near.stderr, /did you mean `my-mix\.yaml`\?/);
  const counts = JSON.parse((await shardmill("check", "my-mix", "--json")).stdout);
  assert.deepEqual(counts.counts, { sources: 1, pipelines: 1, training_stages: 1, outputs: 0, exports: 1 });
});

test("new points editors at the schema, quotes the name, and refuses one that is none", async (t) => {
  const shardmill = project(t);
  for (const name of ["123", "true", "1e3", "a.b-c_d"]) {
    const made = await shardmill("new", name, "--json");
    assert.deepEqual(JSON.parse(made.stdout), { recipe: `${name}.yaml` });
    const text = fs.readFileSync(`${name}.yaml`, "utf8");
    const [, schema = ""] = /^# yaml-language-server: \$schema=(.*)\n/.exec(text) ?? [];
    assert.equal(JSON.parse(fs.readFileSync(schema, "utf8")).type, "object", schema);
    const checked = await shardmill("check", name);
    assert.match(checked.stdout, new RegExp(`^${name}: ok`), checked.stderr);
  }
  const bad = await shardmill("new", "my mix");
  assert.equal(bad.status, 2);
  assert.match(bad.stderr, /`my mix` cannot be a name/);
  assert.ok(!fs.existsSync("my mix.yaml"));
});

test("a run that ends badly prints its rows all the same, for people and for programs", async (t) => {
  const shardmill = project(t, true);
  const bad = await shardmill("run", "my-mix", "--quiet");
  assert.equal(bad.status, 1);
  assert.match(bad.stderr, /data\/bad-json[\s\S]*a\.jsonl#49/);
  assert.match(bad.stdout, /r: not done; of the rows that were read:[\s\S]*s +50 +0 +0 +5 +1 /);
  assert.match(bad.stdout, /0 of 1 span read to the end; 44 rows read that no stage has seen; what exact will drop/);

  const exhausted = ["--max-errors", "9", "--set", "training_stages.only.tokens=10M"];
  const short = await shardmill("run", "my-mix", ...exhausted, "--quiet");
  assert.equal(short.status, 1);
  assert.match(short.stderr, /run\/source-exhausted/);
  assert.match(short.stdout, /s +200 +\d+ +\d+ +20 +4 /);
  assert.match(short.stdout, /length: too_short +\d+ +\d+\.\d %[\s\S]*error: bad_json +4[\s\S]*peek r --errors/);

  const events = (await shardmill("run", "my-mix", ...exhausted, "--json")).stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const failed = events.find(({ type }) => type === "run_failed");
  assert.deepEqual([failed.error.code, failed.sources[0].rows_in], ["run/source-exhausted", 200]);
  const { kept, dropped, errors } = failed.sources[0];
  const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);
  assert.equal(kept + sum(dropped) + sum(errors), 200);
  assert.deepEqual([events.at(-1).type, events.at(-1).exit_code], ["error", 1]);

  const listed = await shardmill("peek", "r", "--errors", "-n", "100");
  assert.match(listed.stdout, /^s\/a\.jsonl#49 \(byte [\d,]+\) {2}bad_json: line is not JSON/m);
  assert.equal(listed.stdout.trimEnd().split("\n").length, 24);
});

test("status --check exits 0 only when all is done; a finished run says so in one line; --json has the rows", async (t) => {
  const shardmill = project(t);
  const done = await shardmill("run", "my-mix", "--workers", "1");
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stderr, /^run r: plan [0-9a-f]+, 1 worker\n/);
  assert.match(done.stderr, /ingest {2}s: 1 task in \d+\.\d s, [\d.]+ k?B kept/);
  assert.equal((await shardmill("status", "r", "--check")).status, 0);
  const again = await shardmill("run", "my-mix", "--workers", "1");
  assert.deepEqual([again.status, again.stderr, again.stdout.split("\n").length], [0, "", 2]);

  const changed = ["--set", "training_stages.only.tokens=10M"];
  assert.equal((await shardmill("run", "my-mix", ...changed, "--quiet")).status, 1);
  const status = await shardmill("status", "r", "--check", "--json");
  assert.equal(status.status, 3);
  const told = JSON.parse(status.stdout);
  assert.deepEqual([told.done, told.next.done, told.sources[0].rows_in], [true, false, 200]);
  assert.equal((await shardmill("status", "r")).status, 0);

  const finished = await shardmill("peek", "r", "-n", "1");
  assert.match(finished.stderr, /a changed recipe is under way/);
  assert.equal((await shardmill("peek", "r", "-n", "1", "--next")).stderr, "");
});

test("plan shows what finished stores hold and how much disk it takes", async (t) => {
  const shardmill = project(t);
  const before = JSON.parse((await shardmill("plan", "my-mix", "--json")).stdout);
  assert.equal(before.sources[0].stored_tokens, undefined);
  assert.ok(before.disk.present_bytes === 0 && before.disk.peak_bytes > before.disk.done_bytes);
  assert.match(
    (await shardmill("plan", "my-mix")).stdout,
    /disk: 0 B in the store, about .* when done, .* at most on the way; .* are free/,
  );
  assert.equal((await shardmill("run", "my-mix", "--quiet")).status, 0);
  const after = JSON.parse((await shardmill("plan", "my-mix", "--json")).stdout);
  const manifest = JSON.parse(fs.readFileSync("runs/r/manifests/only.json", "utf8")).sources.s;
  const [source] = after.sources;
  assert.deepEqual(
    [source.stored_tokens, source.stored_documents, source.epochs],
    [manifest.token_store.tokens, manifest.counts.kept, 160 / manifest.token_store.tokens],
  );
  assert.equal(after.disk.done_bytes, after.disk.present_bytes);
  assert.ok(after.disk.present_bytes > 1000);
});

test("an export keeps its own options: made again by hand, and by a run that takes another's place", async (t) => {
  const shardmill = project(t);
  assert.equal((await shardmill("run", "my-mix", "--quiet")).status, 0);
  const config = (): string => fs.readFileSync("runs/r/exports/nanotron/data_stages.yaml", "utf8");
  const options = (): unknown => JSON.parse(fs.readFileSync("runs/r/exports/nanotron/export.json", "utf8")).options;
  assert.deepEqual(options(), {});
  const made = await shardmill("export", "r", "--to", "nanotron", "--path-prefix", "/data/x", "--json");
  const { written, kept_options } = JSON.parse(made.stdout);
  assert.ok(written.files > 0 && written.size_bytes > 0);
  assert.deepEqual(kept_options, {});
  assert.match(config(), /\/data\/x\//);

  const again = await shardmill("export", "r", "--to", "nanotron", "--global-batch-size", "4");
  assert.match(again.stderr, /kept from the export that stood there: path_prefix=\/data\/x; --reset forgets them/);
  assert.deepEqual(options(), { global_batch_size: 4, path_prefix: "/data/x" });
  await shardmill("export", "r", "--to", "nanotron", "--path-prefix", "/other");
  assert.deepEqual(options(), { global_batch_size: 4, path_prefix: "/other" });

  const changed = await shardmill("run", "my-mix", "--set", "training_stages.only.tokens=80", "--quiet");
  assert.equal(changed.status, 0, changed.stderr);
  assert.deepEqual(options(), { global_batch_size: 4, path_prefix: "/other" });
  assert.match(config(), /\/other\//);
  await shardmill("export", "r", "--to", "nanotron", "--reset");
  assert.deepEqual(options(), {});
  assert.doesNotMatch(config(), /\/other\//);
  assert.equal((await shardmill("verify", "r")).status, 0);
});

test("a recipe gives its exports options, before what was given by hand, and takes them away again", async (t) => {
  const shardmill = project(t);
  const options = (): unknown => JSON.parse(fs.readFileSync("runs/r/exports/nanotron/export.json", "utf8")).options;
  const plain = await shardmill("run", "my-mix", "--quiet", "--set", "exports=[{ to: nanotron }]");
  assert.equal(plain.status, 0, plain.stderr);
  // One form for both spellings: it is the same plan, and done.
  const same = await shardmill("run", "my-mix", "--json");
  assert.match(same.stdout, /"already_done":true/);
  assert.deepEqual(options(), {});
  await shardmill("export", "r", "--to", "nanotron", "--global-batch-size", "4", "--path-prefix", "/hand");
  const set = ["--set", "exports=[{ to: nanotron, path_prefix: /data/x }, trl]"];
  assert.match(
    (await shardmill("plan", "my-mix", ...set)).stdout,
    /exports: nanotron \(path_prefix=\/data\/x\), trl\n/,
  );
  assert.equal((await shardmill("run", "my-mix", "--quiet", ...set)).status, 0);
  assert.deepEqual(options(), { global_batch_size: 4, path_prefix: "/data/x" });
  // Made again by hand, it is the recipe's; without what was given by hand, too.
  await shardmill("export", "r", "--to", "nanotron");
  assert.deepEqual(options(), { global_batch_size: 4, path_prefix: "/data/x" });
  await shardmill("export", "r", "--to", "nanotron", "--reset");
  assert.deepEqual(options(), { path_prefix: "/data/x" });
  assert.equal((await shardmill("run", "my-mix", "--quiet")).status, 0);
  assert.deepEqual(options(), {});
  // The other one, which this recipe does not make, is of an older plan.
  assert.equal((await shardmill("verify", "r")).status, 1);
  fs.rmSync("runs/r/exports/trl", { recursive: true });
  assert.equal((await shardmill("verify", "r")).status, 0);
});

test("peek: hostile text is spelt out, a long one is cut with a count, flags that contradict are refused", async (t) => {
  const shardmill = project(t);
  const long = "x".repeat(2500);
  const rows = [{ id: "\u001b]0;title\u0007", text: `\u001b[2Jcleared ${long}`, other: "a\u001b[31mred" }];
  fs.writeFileSync("b.jsonl", rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const { stdout } = await shardmill("peek", "b.jsonl");
  assert.ok(!stdout.includes("\u001b") && !stdout.includes("\u0007"));
  assert.match(stdout, /^── b\.jsonl#0 {2}\\u001b\]0;title\\u0007\n\\u001b\[2Jcleared x+… 512 more characters\n/);
  assert.match((await shardmill("peek", "b.jsonl", "--full")).stdout, /x{2500}\n/);
  assert.match((await shardmill("peek", "b.jsonl", "--text", "other")).stdout, /\na\\u001b\[31mred\n/);
  assert.equal(JSON.parse((await shardmill("peek", "b.jsonl", "--json")).stdout)[0].text, rows[0]?.text);

  assert.equal((await shardmill("run", "my-mix", "--quiet", "--set", "name=mine")).status, 0);
  for (const [args, message] of [
    [["mine", "--errors", "--tokens"], /--errors and --tokens ask for different things/],
    [["b.jsonl", "--dropped", "all"], /--dropped is of runs/],
    [["mine", "--next"], /no changed recipe/],
    [["mime"], /did you mean `mine`/],
  ] as const) {
    const refused = await shardmill("peek", ...args);
    assert.notEqual(refused.status, 0);
    assert.match(refused.stderr, message);
  }
  assert.match((await shardmill("peek", "mine", "--errors")).stderr, /no row that was read was unusable/);
});

test("quickstart runs on the package's own text and says what to look at next", async (t) => {
  const root = temporaryFolder(t);
  const cli = cliIn(t, root);
  const { status, stdout, stderr } = await cli("quickstart", "--out", root);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /stage1: 391 windows, 200K tokens/);
  assert.match(stderr, /next: shardmill peek first-run --out/);
  assert.equal((await cli("verify", "first-run", "--out", root)).status, 0);
});
