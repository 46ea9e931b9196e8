/** What comes to stand in a repository, through a local server that refuses what the Hub refuses: once, never damaged, whatever breaks on the way. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { parse } from "yaml";
import {
  openRun,
  type PublishEvent,
  type PublishOptions,
  type PublishResult,
  publishToHub,
  type RecipeInput,
  runRecipe,
  type ShardmillError,
} from "../../index.ts";
import { sha256, status, strike, TOKEN } from "../io/fake-hub.ts";
import { type FakeRepositories, startFakeRepositories } from "../io/fake-repositories.ts";
import { temporaryFolder } from "../workers/fixture.ts";
import { built, outputFiles } from "./published-run.ts";

const TO = "hf://datasets/o/r";

/** The folder that is used by tests that change nothing in it. */
let shared: Promise<string> | undefined;
function sharedRun(t: TestContext): Promise<string> {
  shared ??= built(Object.assign(Object.create(t), { after: (run: () => void) => process.on("exit", run) }));
  return shared;
}

function publish(root: string, hub: FakeRepositories, options: Partial<PublishOptions> = {}): Promise<PublishResult> {
  return publishToHub(openRun("splits", root), { to: TO, environment: hub.environment(), ...options });
}

function headOf(card: string): { configs: { config_name: string; data_files: { split: string; path: string }[] }[] } {
  return parse(/^---\n(.*?)\n---\n/s.exec(card)?.[1] ?? "");
}

function failure(code: string, exitCode: number, message = /./) {
  return (error: unknown): boolean => {
    const { code: found, message: text, stack, exitCode: exit } = error as ShardmillError;
    assert.equal(found, code, `${error}`);
    assert.equal(exit, exitCode);
    assert.match(text, message);
    const all = [text, stack, JSON.stringify((error as ShardmillError).toData()), String((error as Error).cause)];
    assert.ok(!all.join("\n").includes(TOKEN) && !all.join("\n").includes("SignedSecret"), all.join("\n"));
    return true;
  };
}

const writes = ({ log }: FakeRepositories): string[] => log.filter((line) => /PUT |\/commit\//.test(line));

test("outputs come to lie where load_dataset looks for them, and nothing else does", async (t) => {
  const root = await built(t);
  const hub = await startFakeRepositories(t);
  hub.add("o/r");
  fs.writeFileSync(path.join(root, "runs/splits/outputs/a/SFT/a-00009-of-00010.jsonl.zst"), "no summary names it");
  const events: PublishEvent[] = [];
  const result = await publish(root, hub, { report: (event) => void events.push(event) });

  const { "README.md": card = "", ".gitattributes": _, ...files } = hub.files("o/r");
  assert.deepEqual(files, outputFiles(root));
  const names = Object.keys(files);
  const shards = names.filter((name) => /^SFT\/a-\d{5}-of-\d{5}\.jsonl\.zst$/.test(name)).length;
  assert.ok(
    shards > 2 &&
      names.includes("SFT/a_b-00000-of-00001.jsonl.zst") &&
      names.includes("Mid/train-00000-of-00003.jsonl"),
  );
  assert.deepEqual(headOf(card).configs, [
    {
      config_name: "SFT",
      data_files: [
        { split: "a", path: `SFT/a-?????-of-${String(shards).padStart(5, "0")}.jsonl.zst` },
        { split: "a_b", path: "SFT/a_b-?????-of-00001.jsonl.zst" },
      ],
    },
    { config_name: "Mid", data_files: [{ split: "train", path: "Mid/train-?????-of-00003.jsonl" }] },
  ]);
  assert.match(card, /^# r$/m);
  assert.match(card, /\| `SFT` \| `a` \| 120 \|/);

  const { commits } = hub.repositories.get("o/r") ?? { commits: [] };
  assert.deepEqual(
    commits.map(({ branch, summary }) => [branch, summary]),
    [["main", "Add data sets of run splits"]],
  );
  assert.equal(result.commits.length, 1);
  assert.equal(result.commits[0].files, names.length + 1);
  assert.equal(
    result.uploaded_bytes,
    [...hub.stored.values()].reduce((sum, { length }) => sum + length, 0),
  );
  assert.deepEqual(
    new Set(events.map(({ type }) => type)),
    new Set(["publish_planned", "publish_checked", "publish_sent", "publish_committed"]),
  );
  const sent = events.flatMap((event) => (event.type === "publish_sent" ? [event] : [])).at(-1);
  assert.equal(
    sent?.bytes,
    result.files.reduce((sum, { size_bytes }) => sum + size_bytes, 0),
  );
  assert.equal(sent?.of_bytes, sent?.bytes);
  assert.ok(hub.log.filter((line) => line.startsWith("storage ")).every((line) => !line.includes("[auth]")));

  const before = hub.log.length;
  const again = await publish(root, hub);
  assert.deepEqual([again.commits, again.uploaded_bytes, again.card], [[], 0, "unchanged"]);
  assert.ok(again.files.every(({ was_there }) => was_there));
  assert.ok(hub.log.slice(before).every((line) => !/PUT|commit\//.test(line)));
});

test("many files go in few commits, the card in the last one", async (t) => {
  const root = await sharedRun(t);
  const hub = await startFakeRepositories(t);
  const { commits } = hub.add("o/r");
  const result = await publish(root, hub, { files_per_commit: 4, message: "Rows\n\nof the river" });
  const count = Object.keys(outputFiles(root)).length;
  assert.equal(commits.length, Math.ceil((count + 1) / 4));
  assert.equal(result.commits.length, commits.length);
  assert.ok(commits.every(({ added }) => added.length <= 4));
  assert.deepEqual(
    commits.map(({ summary, description }) => [summary, description]),
    commits.map((_, i) => [`Rows (${i + 1} of ${commits.length})`, "of the river"]),
  );
  assert.deepEqual(
    commits.map(({ added }) => added.includes("README.md")),
    commits.map((_, i) => i === commits.length - 1),
  );
});

test("429, 500, a cut connection and an address that ran out cost time, no file", async (t) => {
  const root = await sharedRun(t);
  const hub = await startFakeRepositories(t);
  hub.add("o/r");
  const cut = (response: Parameters<Parameters<typeof strike>[2]>[0]): void => {
    response.req.once("data", () => response.destroy());
  };
  hub.faults.push(
    strike(1, /preupload/, status(429, { "retry-after": "7" })),
    strike(1, /PUT \/object/, status(500)),
    strike(2, /PUT \/object/, cut),
    strike(1, /PUT \/object/, status(403, {}, "<Error>ExpiredToken</Error>")),
    strike(1, /POST .*objects\/batch/, status(503)),
    strike(1, /POST .*\/commit\//, status(502)),
  );
  await publish(root, hub);
  assert.ok(hub.sleeps.includes(7000));
  const { "README.md": _, ".gitattributes": __, ...files } = hub.files("o/r");
  assert.deepEqual(files, outputFiles(root));
  assert.ok(
    [...hub.puts.values()].every((times) => times === 1),
    "no object came twice",
  );
  assert.equal(hub.log.filter((line) => line.includes("objects/batch")).length, 3);
});

test("who commits meanwhile loses nothing, and an answer that is lost is no second commit", async (t) => {
  const root = await sharedRun(t);
  const hub = await startFakeRepositories(t);
  const { commits } = hub.add("o/r", { "README.md": "---\nlicense: odc-by\n---\n# River\n" });
  hub.before.push(() =>
    hub.push("o/r", { "README.md": "---\nlicense: mit\n---\n# River, second edition\n", "other.txt": "theirs" }),
  );
  hub.lostAnswers = 2;
  const result = await publish(root, hub, { files_per_commit: 6 });
  const { "README.md": card = "", ".gitattributes": _, "other.txt": other, ...files } = hub.files("o/r");
  assert.deepEqual(files, outputFiles(root));
  assert.equal(other, "theirs");
  assert.match(card, /^license: mit$/m);
  assert.match(card, /^# River, second edition$/m);
  assert.equal(headOf(card).configs.length, 2);
  const added = commits.flatMap((commit) => commit.added);
  assert.equal(added.length, new Set(added).size, "nothing is committed twice");
  assert.ok(result.commits.length < commits.length, "what came of lost answers is looked at, not assumed");

  hub.before.push(...Array.from({ length: 9 }, (_, i) => () => hub.push("o/s", { "other.txt": `${i}` })));
  hub.add("o/s");
  await assert.rejects(publish(root, hub, { to: "hf://datasets/o/s" }), failure("run/hub-conflict", 75));
  assert.ok([...hub.puts.values()].every((times) => times === 1));
});

test("damaged, changed, foreign and unfinished data is not sent", async (t) => {
  const root = await built(t);
  const hub = await startFakeRepositories(t);
  hub.add("o/r");
  const outputs = path.join(root, "runs/splits/outputs");
  const summary = path.join(outputs, "mid/output.json");
  const shard = path.join(outputs, "mid/Mid/train-00001-of-00003.jsonl");
  const attempt = (message: RegExp): Promise<void> =>
    assert.rejects(publish(root, hub), failure("run/publish-unsound", 1, message));

  // Links of the store would change with it.
  const content = fs.readFileSync(shard);
  fs.rmSync(shard);
  await attempt(/Mid\/train-00001-of-00003\.jsonl is not there/);
  fs.writeFileSync(
    shard,
    content.map((byte, i) => (i === 99 ? byte ^ 1 : byte)),
  );
  await attempt(/Mid\/train-00001-of-00003\.jsonl has other content than its sha256 says/);
  fs.writeFileSync(shard, content.subarray(1));
  await attempt(/bytes instead of/);
  fs.rmSync(shard);
  fs.writeFileSync(path.join(root, "elsewhere"), content);
  fs.symlinkSync(path.join(root, "elsewhere"), shard);
  await attempt(/is a link, or no file/);
  fs.rmSync(shard);
  fs.writeFileSync(shard, content);

  const text = fs.readFileSync(summary, "utf8");
  fs.writeFileSync(summary, text.replace("Mid/train-00001-of-00003.jsonl", "../../../../elsewhere"));
  await attempt(/names "\.\.\/\.\.\/\.\.\/\.\.\/elsewhere", which is no path/);
  fs.writeFileSync(summary, text.replace(sha256(content), sha256(Buffer.from("forged"))));
  await attempt(/names other files than were written/);
  fs.writeFileSync(summary, text.replace(/"plan_fingerprint": "../, '"plan_fingerprint": "00'));
  await attempt(/not of this plan/);
  fs.writeFileSync(summary, text);
  assert.deepEqual(writes(hub), []);

  fs.renameSync(path.join(root, "runs/splits/finished.json"), path.join(root, "aside"));
  await assert.rejects(publish(root, hub), failure("run/not-finished", 1));
  fs.renameSync(path.join(root, "aside"), path.join(root, "runs/splits/finished.json"));
  assert.deepEqual(writes(hub), []);
  await publish(root, hub);
  const { "README.md": _, ".gitattributes": __, ...files } = hub.files("o/r");
  assert.deepEqual(files, outputFiles(root));
});

test("a file that changes on the way is given up before its end", async (t) => {
  const root = await built(t);
  const hub = await startFakeRepositories(t);
  hub.add("o/r");
  const file = path.join(root, "runs/splits/outputs/a-b/SFT/a_b-00000-of-00001.jsonl.zst");
  const content = fs.readFileSync(file);
  fs.rmSync(file);
  fs.writeFileSync(file, content);
  const report = ({ type }: PublishEvent): void => {
    // It has been checked by then.
    if (type === "publish_sent")
      fs.writeFileSync(
        file,
        content.map((byte, i) => (i === 8 ? byte ^ 1 : byte)),
      );
  };
  await assert.rejects(publish(root, hub, { report }), failure("data/changed", 1, /changed while it was sent/));
  assert.ok(!hub.stored.has(sha256(content)));
  assert.deepEqual(hub.repositories.get("o/r")?.commits, []);
});

test("what the Hub refuses is told with what to do, never with the token", async (t) => {
  const root = await sharedRun(t);
  const hub = await startFakeRepositories(t);
  const attempt = (code: string, exit: number, message: RegExp, options: Partial<PublishOptions> = {}) =>
    assert.rejects(publish(root, hub, options), failure(code, exit, message));
  await attempt("run/hub-missing", 1, /no data set o\/r .*\n.*--create/s);
  hub.add("o/r");
  await attempt("run/hub-missing", 1, /branch next/, { to: `${TO}@next` });
  const other = hub.environment({ hubToken: "hf_OtherOtherOther0123" });
  await attempt("run/hub-access", 1, /HTTP 401\): Invalid credentials/, { environment: other });
  hub.mayWrite = false;
  await attempt("run/hub-access", 1, /may not prepare an upload to o\/r \(HTTP 403\): You have read access only/);
  hub.mayWrite = true;
  const fault = (...given: Parameters<typeof strike>): void => void hub.faults.splice(0, 9, strike(...given));
  fault(99, /PUT/, status(403));
  await attempt("run/hub-storage", 1, /storage does not take SFT\/a.*HTTP 403/);
  fault(99, /\/commit\//, status(429, { "retry-after": "2580" }));
  await attempt("run/rate-limited", 75, /HTTP 429; the server asks to wait 2580 s/);
  fault(99, /\/commit\//, status(500));
  await attempt("run/network", 1, /failed 6 times: HTTP 500/);
  fault(
    1,
    /\/commit\//,
    status(
      422,
      {},
      JSON.stringify({ error: `Bad name, said with ${TOKEN} and https://x/y?${"X-Amz-Signature=SignedSecret99"}` }),
    ),
  );
  await attempt(
    "run/hub-refused",
    1,
    /refuses to commit to o\/r \(HTTP 422\): Bad name, said with … and https:\/\/x\/y\?…/,
  );
  fault(1, /\/commit\//, status(200, {}, "<html>"));
  await attempt("run/hub-answer", 1, /cannot be understood/);
  hub.faults.length = 0;
  hub.repositories.get("o/r")?.ignored.add("SFT/a_b-00000-of-00001.jsonl.zst");
  await attempt("run/hub-ignored", 1, /\.gitignore of o\/r keeps out SFT\/a_b/);
  hub.push("o/r", { "README.md": "---\n- no\n- keys\n---\n" });
  await attempt("data/bad-card", 1, /README\.md in o\/r/);
  for (const to of [
    "hf://o/r",
    "o/r",
    "hf://datasets/o",
    "hf://datasets/o/r/SFT",
    "hf://datasets/o/r@%zz",
    "hf://datasets/../r",
  ]) {
    await attempt("flag/hub-repository", 2, /is no repository to publish to/, { to });
  }
  await attempt("flag/publish-branch", 2, /is a commit/, { to: `${TO}@${"a".repeat(40)}` });
  await attempt("flag/publish-branch", 2, /--to names the branch one/, { to: `${TO}@one`, branch: "two" });
  await attempt("flag/hub-token", 2, /holds blanks/, { environment: hub.environment({ hubToken: `${TOKEN} x\n` }) });
  await attempt("flag/no-such-output", 2, /no output "mdi"[\s\S]*mid/, { outputs: ["mdi"] });
  assert.deepEqual(hub.repositories.get("o/r")?.commits, []);
});

test("repositories and branches are made when asked for; private ones are never public", async (t) => {
  const root = await sharedRun(t);
  const hub = await startFakeRepositories(t);
  const made = await publish(root, hub, { to: "hf://datasets/o/new", create: true, private: true });
  assert.ok(made.created && hub.repositories.get("o/new")?.private);
  const branch = await publish(root, hub, {
    to: "hf://datasets/o/new",
    branch: "v2/rows",
    create: true,
    private: true,
  });
  assert.deepEqual([branch.branch, branch.created, branch.uploaded_bytes], ["v2/rows", false, 0]);
  assert.deepEqual(hub.files("o/new", "v2/rows"), hub.files("o/new"));
  hub.add("o/r");
  await assert.rejects(publish(root, hub, { create: true, private: true }), failure("run/hub-public", 1));
  assert.deepEqual(hub.repositories.get("o/r")?.commits, []);
});

test("a pull request is opened once, goes on over commits and can be gone on with", async (t) => {
  const root = await sharedRun(t);
  const hub = await startFakeRepositories(t);
  const { commits } = hub.add("o/r");
  const result = await publish(root, hub, { pull_request: true, files_per_commit: 4 });
  assert.deepEqual(result.pull_request, { number: 1, url: `${hub.url}/datasets/o/r/discussions/1` });
  assert.ok(commits.length > 2 && commits.every(({ branch }) => branch === "refs/pr/1"));
  assert.deepEqual(Object.keys(hub.files("o/r")), [".gitattributes"]);
  const { "README.md": _, ".gitattributes": __, ...files } = hub.files("o/r", "refs/pr/1");
  assert.deepEqual(files, outputFiles(root));
  const again = await publish(root, hub, { to: `${TO}@refs/pr/1` });
  assert.deepEqual([again.commits, again.branch], [[], "refs/pr/1"]);
  await assert.rejects(
    publish(root, hub, { to: `${TO}@refs/pr/1`, pull_request: true }),
    failure("flag/publish-branch", 2),
  );
  // Opened, or not: nobody knows, and a second one would be worse than a question.
  hub.add("o/s");
  hub.lostAnswers = 1;
  await assert.rejects(publish(root, hub, { to: "hf://datasets/o/s", pull_request: true }), failure("run/network", 1));
  assert.equal(hub.repositories.get("o/s")?.commits.length, 1);
});

test("large files go in parts, and parts that fail go again", async (t) => {
  const root = await sharedRun(t);
  const hub = await startFakeRepositories(t);
  hub.add("o/r");
  hub.partBytes = 700;
  hub.faults.push(strike(1, /PUT \/object\/\w+\/2\?/, status(500)), strike(1, /POST \/complete/, status(503)));
  await publish(root, hub);
  const { "README.md": _, ".gitattributes": __, ...files } = hub.files("o/r");
  assert.deepEqual(files, outputFiles(root));
  assert.ok(hub.log.some((line) => line.includes("/3?")));
});

test("a dry run asks and changes nothing; without a token it asks nothing", async (t) => {
  const root = await sharedRun(t);
  const hub = await startFakeRepositories(t);
  hub.add("o/r", { "Mid/train-00000-of-00009.jsonl": "old" });
  const all = Object.keys(outputFiles(root)).length;
  const dry = await publish(root, hub, { dry_run: true, files_per_commit: 5, pull_request: true });
  assert.equal(dry.files.length, all);
  assert.equal(dry.commits.length, Math.ceil((all + 1) / 5));
  assert.deepEqual(dry.stale, ["Mid/train-00000-of-00009.jsonl"]);
  assert.deepEqual(writes(hub), []);
  const missing = await publish(root, hub, { to: "hf://datasets/o/new", create: true, dry_run: true });
  assert.equal(missing.commits.length, 1);
  assert.ok(!hub.repositories.has("o/new"));
  const { HF_TOKEN } = process.env;
  delete process.env.HF_TOKEN;
  t.after(() => HF_TOKEN !== undefined && Object.assign(process.env, { HF_TOKEN }));
  const blind = await publishToHub(openRun("splits", root), { to: TO, dry_run: true });
  assert.deepEqual([blind.url, blind.files.length, blind.commits.length], [undefined, all, 1]);
  await assert.rejects(
    publishToHub(openRun("splits", root), { to: TO }),
    failure("flag/hub-token", 2, /HF_TOKEN is not set/),
  );
});

test("told to stop, it finishes what is on its way and goes on from there", async (t) => {
  const root = await sharedRun(t);
  const hub = await startFakeRepositories(t);
  hub.add("o/r");
  for (const kind of ["stop", "kill"] as const) {
    const controller = new AbortController();
    hub.faults.unshift((request) => {
      if (request.method === "PUT" && hub.puts.size >= (kind === "stop" ? 1 : 5)) controller.abort();
      return false;
    });
    await assert.rejects(publish(root, hub, { [kind]: controller.signal }), failure("run/interrupted", 1));
    assert.ok(controller.signal.aborted);
    hub.faults.length = 0;
  }
  assert.deepEqual(hub.repositories.get("o/r")?.commits, []);
  assert.ok(hub.puts.size > 0);
  await publish(root, hub);
  assert.ok([...hub.puts.values()].every((times) => times === 1));
});

test("outputs without a configuration get folders of their own; extras and earlier shards are asked for", async (t) => {
  const outputs = [
    { name: "one", keep_dropped: true, shard_bytes: 9000 },
    { name: "two", columns: ["id" as const] },
  ];
  const pipelines = { web: [{ use: "filter/column" as const, column: "score", min: 3 }] };
  const sources = {
    web: { from: "web/*.jsonl", metadata: [{ name: "score", kind: "int32" as const }], pipeline: "web" },
  };
  const root = await built(t, { outputs, pipelines, sources });
  const hub = await startFakeRepositories(t);
  const { commits } = hub.add("o/r", { "one/train-00000-of-00099.parquet": "old", "one/keep.txt": "theirs" });
  const first = await publish(root, hub);
  assert.deepEqual(first.stale, ["one/train-00000-of-00099.parquet"]);
  assert.ok(!Object.keys(hub.files("o/r")).some((name) => name.startsWith("dropped/")));
  const more = await publish(root, hub, { extras: ["dropped", "manifests"], prune: true });
  assert.deepEqual(more.deleted, ["one/train-00000-of-00099.parquet"]);
  const files = hub.files("o/r");
  const names = Object.keys(files);
  assert.ok(names.includes("one/keep.txt") && !names.includes("one/train-00000-of-00099.parquet"));
  assert.ok(names.some((name) => /^dropped\/one\/train-00000-of-\d{5}\.parquet$/.test(name)));
  assert.equal(
    files["manifests/outputs/one.json"],
    fs.readFileSync(path.join(root, "runs/splits/outputs/one/output.json"), "utf8"),
  );
  assert.deepEqual(
    headOf(files["README.md"] ?? "").configs.map(({ config_name }) => config_name),
    ["one", "two", "one-dropped"],
  );
  assert.equal(commits.length, 2);
  const alone = await publish(root, hub, { to: "hf://datasets/o/s", create: true, outputs: ["two"], card: false });
  assert.deepEqual(
    alone.files.map(({ path }) => path),
    ["two/train-00000-of-00001.parquet"],
  );
  assert.ok(!("README.md" in hub.files("o/s")));
});

test("names that no reader could ask for, outputs in one place and failed gates are refused", async (t) => {
  const hub = await startFakeRepositories(t);
  const named = await built(t, { outputs: [{ name: "x", split: "a-b" }] });
  await assert.rejects(publish(named, hub, { dry_run: true }), failure("recipe/split-name", 2, /a-b of output x/));
  const twice = await built(t, {
    outputs: [
      { name: "x", config: "C" },
      { name: "y", config: "C", columns: ["id"] },
    ],
  });
  await assert.rejects(
    publish(twice, hub, { dry_run: true, create: true }),
    failure("run/publish-taken", 1, /x and y/),
  );
  const mixed = await built(t, {
    outputs: [
      { name: "x", config: "C" },
      { name: "y", config: "D", format: { use: "jsonl" } },
    ],
  });
  const dry = { dry_run: true, create: true };
  await assert.rejects(
    publish(mixed, hub, dry),
    failure("run/publish-formats", 1, /x is parquet and output y is JSON/),
  );
  assert.equal((await publish(mixed, hub, { ...dry, card: false })).files.length, 2);
  assert.deepEqual((await publish(await sharedRun(t), hub, dry)).warnings, [
    "splits a and a_b of configuration SFT have other columns or types: readers want the same",
  ]);
  const rows = ["a", "b"].map((content) => ({
    messages: [
      { role: "user", content },
      { role: "assistant", content },
    ],
  }));
  const collapsed = temporaryFolder(t);
  fs.writeFileSync(path.join(collapsed, "chats.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const recipe: RecipeInput = {
    schema: 1,
    name: "splits",
    pipelines: { chats: [{ use: "chat/invariants" }] },
    sources: {
      chats: { from: "chats.jsonl", text: null, metadata: [{ name: "messages", kind: "json" }], pipeline: "chats" },
    },
    outputs: [{ name: "sft" }],
    gates: { chat: { chats: { min_instructions_ratio: 0.5 } } },
  };
  const ended = await runRecipe(recipe, { out: collapsed, dataRoot: collapsed, workers: 0 });
  assert.ok(ended.gates.some(({ ok }) => !ok));
  const message = /chats: min_instructions_ratio is 0, and the bound is 0\.5/;
  await assert.rejects(publish(collapsed, hub, { dry_run: true }), failure("run/gate", 3, message));
});
