/** One flipped byte between two attempts: found, named, and made again to the same bytes. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { type Plan, prepare, type RunEvent, run, verifyRun } from "../../index.ts";
import { Layout, matchFiles, spanFiles, tokenFiles, verdictFiles } from "../../store/layout.ts";
import { flipByte } from "../io/vouched.ts";
import { article, isResult, RECIPE, randomizer, temporaryFolder, treeDigests, writeCorpus } from "./fixture.ts";

const VERIFIED = RECIPE.replace(
  "{ use: dedup/minhash }",
  "{ use: dedup/minhash, ngram: 3, bands: 40, rows: 2, verify: 0.5 }",
);

interface Built {
  readonly out: string;
  readonly plan: Plan;
  readonly layout: Layout;
  readonly attempt: (report?: (event: RunEvent) => void) => Promise<unknown>;
}

async function project(root: string, out: string): Promise<Built> {
  const prepared = await prepare(path.join(root, "tiny.yaml"), { out, dataRoot: root });
  const options = { root: out, workers: 0, environment: prepared.environment, registry: prepared.registry };
  return {
    out,
    plan: prepared.plan,
    layout: new Layout(out),
    attempt: (report = () => {}) =>
      run(prepared.plan, { ...options, span_bytes: 8_000, keep_intermediates: true, report }),
  };
}

/** One attempt: its owner has what tasks find damaged made again. Returns the files that were named, in the order they were. */
async function repairs({ attempt }: Built): Promise<string[]> {
  const named: string[] = [];
  await attempt((event) => {
    if (event.type !== "repair") return;
    assert.ok(event.what.includes(event.file), event.what);
    named.push(path.basename(event.file));
  });
  return named;
}

test("flipped bytes in what tasks hand to each other", { timeout: 600_000 }, async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root, 90);
  const random = randomizer(5);
  const near = Array.from({ length: 8 }, () => article(random, 20)).flatMap((text) => [
    text,
    `${text}\n${text.slice(0, 50)}.`,
  ]);
  const lines = near.map((text, i) => JSON.stringify({ id: `near-${i}`, text, url: "" }));
  fs.writeFileSync(path.join(root, "web", "d.jsonl"), `${lines.join("\n")}\n`);
  fs.writeFileSync(path.join(root, "tiny.yaml"), VERIFIED);
  const built = await project(root, path.join(root, "out"));
  await built.attempt();
  const expected = treeDigests(built.out, isResult);
  const whole = treeDigests(built.out, (file) => !/plan\.json$|identities\.jsonl$/.test(file));
  const { plan, layout } = built;
  const [web] = plan.sources;
  const ingest = layout.ingest(web.ingest);
  const tokens = layout.tokens(web.tokens);
  const [exact, minhash] = web.barriers.map(({ group }) => layout.match(plan.groups[group].fingerprint));
  const windows = plan.windows.map(({ fingerprint }) => layout.windows(fingerprint));
  const inFolder = (folder: string, pattern: RegExp): string[] =>
    fs
      .readdirSync(folder)
      .filter((name) => pattern.test(name))
      .map((name) => path.join(folder, name));
  const discardStore = (): void => {
    for (const file of inFolder(tokens, /\.done\.json$/)) fs.rmSync(file);
  };
  const middle = (file: string): void => flipByte(file, Math.floor(fs.statSync(file).size / 2));
  const store = tokenFiles.shard(0, "web");

  /** What is damaged, and what goes with it so that it is read again. */
  const rounds: readonly { readonly damaged: readonly string[]; readonly again: () => void }[] = [
    {
      damaged: [path.join(ingest, spanFiles.tokens(3)), path.join(tokens, tokenFiles.scattered(0))],
      again: () => {
        for (const file of inFolder(tokens, /^\d+\.done\.json$|^store/)) fs.rmSync(file);
      },
    },
    {
      damaged: [
        path.join(ingest, spanFiles.documents(1)),
        path.join(exact, matchFiles.roots),
        path.join(minhash, matchFiles.sizes),
      ],
      again: discardStore,
    },
    {
      damaged: [path.join(ingest, spanFiles.keys(2, 0)), path.join(ingest, spanFiles.keys(5, 1))],
      again: () => {
        discardStore();
        for (const folder of [exact, minhash]) for (const file of inFolder(folder, /\.json$/)) fs.rmSync(file);
      },
    },
    {
      damaged: [path.join(exact, matchFiles.edges(0)), path.join(minhash, matchFiles.edges(0))],
      again: () => {
        discardStore();
        for (const folder of [exact, minhash]) fs.rmSync(path.join(folder, matchFiles.united));
      },
    },
    {
      damaged: [path.join(tokens, store), path.join(tokens, `${tokenFiles.shard(1, "web")}.index`)],
      again: () => {
        for (const folder of windows) fs.rmSync(folder, { recursive: true });
      },
    },
  ];
  for (const { damaged, again } of rounds) {
    again();
    for (const file of damaged) middle(file);
    const named = await repairs(built);
    assert.deepEqual(named.toSorted(), damaged.map((file) => path.basename(file)).sort());
    assert.deepEqual(treeDigests(built.out, isResult), expected);
  }

  // Only signatures of documents that share a key are read.
  middle(
    inFolder(ingest, /signatures$/)
      .sort()
      .at(-1) ?? "",
  );
  discardStore();
  for (const file of inFolder(minhash, /\.json$/)) fs.rmSync(file);
  const named = await repairs(built);
  assert.ok(named.length === 1 && named[0].endsWith(".signatures"), named.join(", "));
  assert.deepEqual(treeDigests(built.out, isResult), expected);

  // The owner of a run is told of damaged markers by who looks for them, and makes them again in the same run.
  const markers = [
    path.join(ingest, spanFiles.marker(1)),
    path.join(ingest, spanFiles.spans),
    path.join(minhash, matchFiles.marker(0)),
    path.join(minhash, matchFiles.united),
    path.join(tokens, tokenFiles.scatterMarker(0)),
    path.join(tokens, tokenFiles.shardMarker(0)),
    path.join(tokens, "store.done.json"),
    path.join(windows[0], tokenFiles.shardMarker(0)),
  ];
  for (const marker of markers) middle(marker);
  assert.deepEqual(await repairs(built), []);
  assert.deepEqual(
    treeDigests(built.out, (file) => !/plan\.json$|identities\.jsonl$/.test(file)),
    whole,
  );
});

test("another list of spans is found where it does not cover the shards, and with it goes what was read by it", async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root, 90);
  fs.writeFileSync(path.join(root, "tiny.yaml"), RECIPE);
  const built = await project(root, path.join(root, "out"));
  await built.attempt();
  const expected = treeDigests(built.out, isResult);
  const { layout, plan } = built;
  const [web] = plan.sources;
  const { seal, unseal } = await import("../../io/local/seal.ts");
  const spansFile = path.join(layout.ingest(web.ingest), spanFiles.spans);
  const { spans } = unseal(fs.readFileSync(spansFile)) as { spans: { start: number; end: number }[][] };
  spans[0][0].end -= 1;
  fs.writeFileSync(spansFile, seal({ files: [], spans }));
  fs.rmSync(layout.tokens(web.tokens), { recursive: true });
  assert.deepEqual(await repairs(built), []);
  assert.deepEqual(treeDigests(built.out, isResult), expected);
});

test("a damaged marker that nothing asks for is removed by the next run, which stays done, and verify is clean", async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root, 90);
  fs.writeFileSync(path.join(root, "tiny.yaml"), RECIPE);
  const built = await project(root, path.join(root, "out"));
  await built.attempt();
  const { layout, plan } = built;
  const expected = treeDigests(built.out, isResult);
  const [web] = plan.sources;
  const [exact] = web.barriers.map(({ group }) => layout.match(plan.groups[group].fingerprint));
  const ingest = layout.ingest(web.ingest);
  const unasked = [
    path.join(exact, matchFiles.marker(0)),
    path.join(exact, matchFiles.united),
    path.join(ingest, spanFiles.marker(0)),
  ];
  for (const file of unasked) {
    flipByte(file, Math.floor(fs.statSync(file).size / 2));
    const damaged = (await verifyRun({ plan, layout })).filter(({ code }) => code === "verify/damaged-marker");
    assert.deepEqual(
      damaged.map((finding) => finding.file),
      [file],
    );
    assert.deepEqual(await repairs(built), [path.basename(file)]);
    assert.equal(fs.existsSync(file), false);
    const left = await verifyRun({ plan, layout });
    assert.deepEqual(
      left.filter(({ severity }) => severity === "error"),
      [],
    );
    assert.deepEqual(treeDigests(built.out, isResult), expected);
  }
});

const ROWS = `schema: 1
name: tiny
seed: 3
pipelines:
  web: [ { use: dedup/lines }, { use: dedup/exact } ]
sources: { web: { from: "web/*.jsonl", read: jsonl, metadata: [url], pipeline: web } }
outputs:
  - { name: rows, format: { use: jsonl, codec: none }, shard_bytes: 20K, keep_dropped: true }
`;

test("flipped bytes in spools, parts of texts and fates of rows", { timeout: 300_000 }, async (t) => {
  const root = temporaryFolder(t);
  writeCorpus(root, 120);
  fs.writeFileSync(path.join(root, "tiny.yaml"), ROWS);
  const built = await project(root, path.join(root, "out"));
  await built.attempt();
  const outputs = path.join(built.out, "runs/tiny/outputs");
  const expected = treeDigests(outputs);
  const { plan, layout } = built;
  const [web] = plan.sources;
  const [first, last] = web.passes.map(({ fingerprint }) => layout.ingest(fingerprint));
  const output = layout.output(plan.outputs[0].fingerprint);
  const verdicts = layout.verdicts(web.verdicts);
  const forget = (folder: string, pattern: RegExp): void => {
    for (const name of fs.readdirSync(folder)) if (pattern.test(name)) fs.rmSync(path.join(folder, name));
  };
  const rounds: readonly { readonly damaged: readonly string[]; readonly again: () => void }[] = [
    {
      damaged: [path.join(last, spanFiles.spool(1)), path.join(verdicts, verdictFiles.fates(0))],
      again: () => forget(output, /./),
    },
    {
      damaged: [path.join(first, spanFiles.dropped(0))],
      again: () => forget(output, /./),
    },
    {
      damaged: [path.join(first, spanFiles.spool(2)), path.join(first, spanFiles.parts(0, 0))],
      again: () => {
        forget(output, /./);
        forget(last, /done\.json$/);
        forget(verdicts, /done\.json$/);
      },
    },
  ];
  for (const { damaged, again } of rounds) {
    again();
    fs.rmSync(path.join(built.out, "runs/tiny/finished.json"));
    for (const file of damaged) flipByte(file, Math.floor(fs.statSync(file).size / 2));
    const named = await repairs(built);
    assert.deepEqual([...new Set(named)].sort(), damaged.map((file) => path.basename(file)).sort());
    assert.deepEqual(treeDigests(outputs), expected);
  }
});
