/** Training stages that mix rows: the rows TRL would train on, the same bytes whoever makes them, and figures that `verify` holds them to. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { parquetReadObjects } from "hyparquet";
import {
  advanceRun,
  diffMixtures,
  exportRun,
  openRun,
  type Plan,
  packingReport,
  peekWindows,
  prepare,
  type RunOptions,
  replayMixture,
  run,
  runRank,
  runStatus,
  verifyRun,
  writePlan,
} from "../../index.ts";
import { readSummary } from "../../manifests/exports/folder.ts";
import type { Trainer } from "../../manifests/exports/registry.ts";
import type { RowManifest } from "../../manifests/row-schema.ts";
import { Layout, rowFiles } from "../../store/layout.ts";
import { cliIn } from "../cli/in-process.ts";
import { flipByte } from "../io/vouched.ts";
import { temporaryFolder, treeDigests } from "../workers/fixture.ts";
import { GOLDEN, recipeOf, writeChats } from "./chat-rows.ts";

const CLI = fileURLToPath(new URL("../../bundle/cli.js", import.meta.url));

async function planned(
  root: string,
  recipe: string,
): Promise<Pick<RunOptions, "environment" | "registry"> & { plan: Plan }> {
  const file = path.join(root, "recipe.yaml");
  fs.writeFileSync(file, recipe);
  return prepare(file, { out: path.join(root, "out"), dataRoot: root });
}

async function make(
  root: string,
  recipe: string,
  options: Partial<RunOptions> = {},
): Promise<{ layout: Layout; plan: Plan }> {
  const { plan, environment, registry } = await planned(root, recipe);
  const out = path.join(root, "out");
  await run(plan, { root: out, workers: 0, environment, registry, span_bytes: 900, ...options });
  return { plan, layout: new Layout(out) };
}

function chatRun(
  t: TestContext,
  recipe: string,
  options: Partial<RunOptions> = {},
): Promise<{ layout: Layout; plan: Plan }> {
  const root = temporaryFolder(t);
  writeChats(root);
  return make(root, recipe, options);
}

function manifestOf(layout: Layout, stage: string): RowManifest {
  return JSON.parse(fs.readFileSync(layout.manifestFile("chats", stage), "utf8"));
}

interface PackedRow {
  readonly input_ids: number[];
  readonly labels: number[];
  readonly seq_lengths: number[];
  readonly attention_mask?: number[];
  readonly position_ids?: number[];
}

async function exported(layout: Layout, trainer: Trainer, options = {}): Promise<(file: string) => Buffer> {
  await exportRun(openRun("chats", layout.root), trainer, options);
  const folder = path.join(layout.run("chats"), "exports", trainer);
  assert.ok(readSummary(folder));
  return (file) => fs.readFileSync(path.join(folder, file));
}

async function rowsOf(bytes: Buffer): Promise<PackedRow[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  return (await parquetReadObjects({ file })) as unknown as PackedRow[];
}

function sha256(values: readonly number[]): string {
  return createHash("sha256")
    .update(new Uint8Array(Int32Array.from(values).buffer))
    .digest("hex");
}

test("rows, masks and packing are those of TRL's trainer, for every strategy it has", async (t) => {
  const { cases } = JSON.parse(fs.readFileSync(path.join(GOLDEN, "trl-chats.json"), "utf8"));
  const stages = cases.map(
    ({ rule, fractions, seed, shuffle_seed, max_length, strategy }: (typeof cases)[number], i: number): string => {
      const shuffle = shuffle_seed === undefined ? "" : `, shuffle_seed: ${shuffle_seed}`;
      const rows = `{ rule: ${rule}, seed: ${seed}${shuffle}, fractions: ${JSON.stringify(fractions)} }`;
      return `{ name: case${i}, sequence_length: ${max_length}, pack: ${strategy.replace("_", "-")}, rows: ${rows} }`;
    },
  );
  const { layout } = await chatRun(t, recipeOf(stages), { workers: 2 });
  const read = await exported(layout, "trl");
  for (const [i, golden] of cases.entries()) {
    const rows = await rowsOf(read(`case${i}/rows-00000.parquet`));
    assert.deepEqual(rows[0].input_ids, golden.first, `case ${i}`);
    assert.deepEqual(
      rows.map(({ input_ids }) => input_ids.length),
      golden.row_lengths,
      `case ${i}`,
    );
    assert.equal(sha256(rows.flatMap(({ input_ids }) => input_ids)), golden.input_ids_sha256, `case ${i}`);
    assert.equal(sha256(rows.flatMap(({ labels }) => labels)), golden.labels_sha256, `case ${i}`);
    if (golden.seq_lengths !== undefined)
      assert.deepEqual(
        rows.map(({ seq_lengths }) => seq_lengths),
        golden.seq_lengths,
      );
    const { stage } = manifestOf(layout, `case${i}`);
    assert.equal(stage.rows, golden.rows);
    assert.equal(stage.supervised_tokens, golden.supervised, `case ${i}`);
  }
  assert.deepEqual(await verifyRun(openRun("chats", layout.root)), []);
});

/** A replay is of windows: stages that mix rows are named where it leaves them out, and refused where they are asked for. */
async function replaysWindows(t: TestContext, layout: Layout): Promise<void> {
  const left: (readonly string[])[] = [];
  const options = { out: layout.root, onLeftOut: (stages: readonly string[]) => void left.push(stages) };
  const replays = await replayMixture("chats", options);
  assert.deepEqual(
    replays.map(({ stage }) => stage),
    ["windows"],
  );
  assert.deepEqual(left, [["sft", "split", "aligned"]]);
  const told = await cliIn(t, layout.root)("mix", "replay", "chats", "--out", layout.root);
  assert.match(told.stderr, /left out, for they mix rows .*: sft, split, aligned/);
  await replayMixture("chats", { ...options, stage: "windows" });
  assert.equal(left.length, 1, "nothing is left out of a stage that was asked for");
  await assert.rejects(replayMixture("chats", { ...options, stage: "sft" }), /sft mixes rows.*windows to replay/);
}

/** The packing report says what manifests do, and a look at a packed row shows the tokens that an export has there. */
async function reportsAndShows(layout: Layout): Promise<void> {
  const opened = openRun("chats", layout.root);
  const report = await packingReport(opened);
  assert.deepEqual(
    report.map(({ stage }) => stage),
    ["windows", "sft", "split", "aligned"],
  );
  const shown = peekWindows(opened, { count: 1000 });
  const read = await exported(layout, "trl");
  for (const packing of report) {
    if (!("rows" in packing)) continue;
    const { stage, order, sources } = manifestOf(layout, packing.stage);
    assert.equal(packing.padding_tokens, stage.rows * stage.sequence_length - stage.tokens);
    assert.ok(packing.fewest_rows <= packing.rows && packing.fill_ratio === stage.fill_ratio);
    assert.deepEqual(
      packing.sources.map(({ source, sequences, rows_split }) => [source, sequences, rows_split]),
      order.map((source) => [source, sources[source].packed.sequences, sources[source].rows_split]),
    );
    const rows = shown.filter(({ training_stage }) => training_stage === packing.stage);
    const exportedRows = await rowsOf(read(`${packing.stage}/rows-00000.parquet`));
    assert.equal(rows.length, exportedRows.length);
    assert.equal(
      rows.reduce((sum, { padding_tokens }) => sum + padding_tokens, 0),
      packing.padding_tokens,
    );
    assert.equal(
      rows.reduce((sum, { documents }) => sum + documents, 0),
      packing.sequences,
    );
    assert.ok(rows.every(({ text }) => text.startsWith("<|im_start|>")));
  }
  const last = shown.at(-1);
  const [alone] = peekWindows(opened, { count: 1, window: last?.window ?? 0 }).slice(-1);
  assert.ok(alone !== undefined && last?.training_stage === "aligned");
}

test("a rank that is killed while it arranges rows leaves no half of them, and the next one makes the same bytes", async (t) => {
  const root = temporaryFolder(t);
  writeChats(root);
  const recipe = recipeOf(STAGES.slice(0, 1));
  const { plan, environment } = await planned(root, recipe);
  const out = path.join(root, "out");
  await writePlan(plan, { root: out, environment });
  const phases: string[] = [];
  let kills = 0;
  for (let turn = 0; turn < 20; turn++) {
    const { ready, result } = await advanceRun("chats", { out });
    if (result !== undefined) break;
    for (const { phase } of ready) {
      phases.push(phase);
      for (let write = 1; phase.startsWith("arrange:") && write < 20; write += 3) {
        const args = [CLI, "rank", "chats", "--phase", phase, "--out", out, "--data-root", root, "--workers", "0"];
        const env = { ...process.env, SHARDMILL_FAULT: `main:${write}` };
        const { signal } = spawnSync(process.execPath, args, { env });
        if (signal !== "SIGKILL") break;
        kills++;
        const marker = path.join(out, "store", `rows-${plan.rows?.[0]?.fingerprint}`, rowFiles.marker);
        if (!fs.existsSync(marker)) assert.notEqual(runStatus(openRun("chats", out)).done, true);
      }
      await runRank("chats", { out, dataRoot: root, workers: 0, phase });
    }
  }
  assert.ok(phases.includes("arrange:sft"), phases.join());
  assert.ok(kills >= 3, `${kills} kills: two files and a marker are written, in three steps each`);
  const whole = path.join(root, "whole");
  await make(root, recipe, { root: whole, workers: 0 });
  // What a killed process was writing has a name of its own, which nobody reads.
  const isRows = (file: string): boolean =>
    /^(store\/rows-|runs\/chats\/manifests)/.test(file) && !file.endsWith(".tmp");
  assert.deepEqual(treeDigests(out, isRows), treeDigests(whole, isRows));
});

const STAGES = [
  `{ name: sft, sequence_length: 96, pack: best-fit, rows: { rule: handbook, fractions: { long: 1, short: 0.5 } } }`,
  `{ name: split, sequence_length: 80, pack: bfd, long_rows: { split_before: "<|im_start|>user" }, rows: { rule: supervised_tokens, seed: 9, fractions: { long: 2, short: 1, even: 1 } } }`,
  `{ name: aligned, sequence_length: 101, pack: best-fit, long_rows: drop, align_tokens: 4, rows: { rule: tokens, fractions: { long: 1, even: 1 } } }`,
  `{ name: windows, tokens: 1K, sequence_length: 64, pack: concat, weights: { even: 1 } }`,
];

test("packed rows have the same bytes for any worker count, order and cut, and after a part of them is lost", async (t) => {
  const isRows = (file: string): boolean => /^(store\/rows-|runs\/chats\/manifests)/.test(file);
  const first = await chatRun(t, recipeOf(STAGES));
  const wanted = treeDigests(first.layout.root, isRows);
  assert.equal(Object.keys(wanted).filter((file) => file.endsWith(rowFiles.pieces)).length, 3);
  for (const options of [
    { workers: 3, span_bytes: 100_000 },
    { workers: 2, order: <T>(tasks: readonly T[]) => tasks.toReversed() },
  ]) {
    const { layout } = await chatRun(t, recipeOf(STAGES), options);
    assert.deepEqual(treeDigests(layout.root, isRows), wanted);
  }
  await reportsAndShows(first.layout);
  await replaysWindows(t, first.layout);
  const root = path.dirname(first.layout.root);
  const [sft, split] = first.plan.rows ?? [];
  fs.rmSync(path.join(first.layout.rows(sft.fingerprint), rowFiles.marker));
  fs.rmSync(path.join(first.layout.rows(split.fingerprint), rowFiles.ends));
  const { segments } = runStatus(openRun("chats", first.layout.root));
  assert.deepEqual(
    segments.filter(({ state }) => state !== "done").map(({ subject, kind }) => [kind, subject]),
    [
      ["pack", "rows of sft"],
      ["pack", "rows of split"],
      ["finish", "windows, sft, split, aligned"],
    ],
  );
  await make(root, recipeOf(STAGES));
  assert.deepEqual(treeDigests(first.layout.root, isRows), wanted);
  assert.deepEqual(await verifyRun(openRun("chats", first.layout.root)), []);
});

test("verify finds a flipped byte and a wrong figure of packed rows", async (t) => {
  const { layout, plan } = await chatRun(t, recipeOf(STAGES));
  const [sft] = plan.rows ?? [];
  const pieces = path.join(layout.rows(sft.fingerprint), rowFiles.pieces);
  const manifest = layout.manifestFile("chats", "sft");
  const change = (edit: (manifest: RowManifest) => void) => () => {
    const value = JSON.parse(fs.readFileSync(manifest, "utf8")) as RowManifest;
    edit(value);
    fs.writeFileSync(manifest, JSON.stringify(value));
  };
  const cases: readonly (readonly [string, () => void])[] = [
    ["verify/file-changed", () => flipByte(pieces, 5)],
    ["verify/rows-do-not-add-up", change((value) => Object.assign(value.stage, { tokens: value.stage.tokens + 1 }))],
    ["verify/row-shares", change((value) => Object.assign(value.sources.long.shares, { rows: 0.1 }))],
    [
      "verify/bad-rows",
      change((value) => {
        const [a, b] = [value.sources.long.packed, value.sources.short.packed];
        a.supervised_tokens++;
        b.supervised_tokens--;
      }),
    ],
    ["verify/rows-taken", change((value) => Object.assign(value.sources.long.taken, { rows: 1_000 }))],
    ["verify/plan", change((value) => Object.assign(value.stage, { fingerprint: "0000000000000000" }))],
  ];
  for (const [code, damage] of cases) {
    const kept = [pieces, manifest].map((file) => fs.readFileSync(file));
    damage();
    const found = await verifyRun(openRun("chats", layout.root));
    assert.ok(
      found.some((finding) => finding.code === code),
      `${code}: ${JSON.stringify(found)}`,
    );
    fs.writeFileSync(pieces, kept[0]);
    fs.writeFileSync(manifest, kept[1]);
  }
  assert.deepEqual(await verifyRun(openRun("chats", layout.root)), []);
});

test("rows that are too long are split where an exchange begins, each part with the head", async (t) => {
  const { layout } = await chatRun(t, recipeOf(STAGES));
  const { stage, sources } = manifestOf(layout, "split");
  assert.ok(sources.long.rows_split > 0 && stage.tokens_repeated > 0);
  assert.equal(stage.rule, "supervised_tokens");
  const rows = await rowsOf((await exported(layout, "trl"))("split/rows-00000.parquet"));
  const [start, system, user] = [1, ...["system", "user"].map(idOf)];
  const heads = new Map<string, number>();
  for (const { input_ids, labels, seq_lengths } of rows) {
    assert.ok(input_ids.length <= 80);
    let at = 0;
    for (const length of seq_lengths) {
      const ids = input_ids.slice(at, at + length);
      assert.ok(ids[0] === start && (ids[1] === user[0] || ids[1] === system[0]), "a part begins with a turn");
      assert.ok(
        labels.slice(at, at + length).some((label) => label !== -100),
        "a part trains something",
      );
      const head = ids
        .slice(
          0,
          ids.findIndex((id, i) => id === start && ids[i + 1] === user[0]),
        )
        .join(" ");
      if (head !== "") heads.set(head, (heads.get(head) ?? 0) + 1);
      at += length;
    }
  }
  assert.ok(Math.max(...heads.values()) > 1, "a head begins several parts");
});

function idOf(text: string): number[] {
  const vocab = JSON.parse(fs.readFileSync(path.join(GOLDEN, "tokenizer.json"), "utf8")).model.vocab;
  assert.ok(vocab[text] !== undefined, text);
  return [vocab[text]];
}

test("every export that holds packed rows holds these, and the others say that they cannot", async (t) => {
  const { layout } = await chatRun(
    t,
    recipeOf(STAGES.slice(0, 3), "gates: { max_lost_ratio: 0.9, min_packing_fill: 0.5 }"),
  );
  const trl = await exported(layout, "trl", { attention_mask: true, position_ids: true });
  const rows = await rowsOf(trl("aligned/rows-00000.parquet"));
  for (const { input_ids, seq_lengths, attention_mask, position_ids } of rows) {
    assert.deepEqual(
      attention_mask,
      seq_lengths.flatMap((length, i) => new Array(length).fill(i + 1)),
    );
    assert.deepEqual(
      position_ids,
      seq_lengths.flatMap((length) => Array.from({ length }, (_, i) => i)),
    );
    assert.equal(input_ids.length, position_ids?.length);
  }
  const bridge = await exported(layout, "megatron-bridge", {});
  type BridgeRow = { input_ids: number[]; loss_mask: number[]; seq_start_id: number[] };
  const plain = (await rowsOf(bridge("aligned/rows-00000.parquet"))) as unknown as BridgeRow[];
  assert.deepEqual(
    plain.map(({ input_ids }) => input_ids),
    rows.map(({ input_ids }) => input_ids),
  );
  await assert.rejects(exported(layout, "megatron-bridge", { pad_to_multiple: 8 }), /align_tokens: 8/);

  const ds = await exported(layout, "ds");
  const ids = new Uint16Array(Uint8Array.from(ds("aligned/rows-00000.ds")).buffer);
  const lane = ds("aligned/rows-00000.ds.loss");
  const eos = 2;
  assert.equal(ids.length, 102 * rows.length);
  rows.forEach(({ input_ids, labels }, row) => {
    const stored = [...ids.subarray(102 * row, 102 * (row + 1))];
    assert.deepEqual(stored, [...input_ids, ...new Array(102 - input_ids.length).fill(eos)]);
    labels.forEach((label, i) => {
      if (label !== -100) assert.equal(lane[102 * row + i], 1);
    });
    assert.ok(lane.subarray(102 * row + input_ids.length, 102 * (row + 1)).every((byte) => byte === 0));
  });
  for (const trainer of ["mosaic", "litdata"] as const) {
    await assert.rejects(exported(layout, trainer), /masked tokens/);
    await exported(layout, trainer, { ignore_loss: true });
  }
  await assert.rejects(exported(layout, "nanotron"), /cannot hold training stage sft/);
  await assert.rejects(exported(layout, "megatron"), /cannot hold training stage sft/);
  const index = await exported(layout, "row-index");
  assert.equal(JSON.parse(index("sft.json").toString()).rows, manifestOf(layout, "sft").stage.rows);
  assert.deepEqual(await verifyRun(openRun("chats", layout.root)), []);
});

test("subsequences are padded for context parallelism where the stage left room", async (t) => {
  const { layout } = await chatRun(t, recipeOf([STAGES[2]]));
  const read = await exported(layout, "megatron-bridge", { pad_to_multiple: 4 });
  type BridgeRow = { input_ids: number[]; loss_mask: number[]; seq_start_id: number[] };
  const padded = (await rowsOf(read("aligned/rows-00000.parquet"))) as unknown as BridgeRow[];
  let masked = 0;
  for (const { input_ids, loss_mask, seq_start_id } of padded) {
    assert.ok(input_ids.length <= 101);
    seq_start_id.forEach((start, i) => {
      const end = seq_start_id[i + 1] ?? input_ids.length;
      assert.equal((end - start - 1) % 4, 0);
      assert.equal(loss_mask[end - 1], 0);
      if (input_ids[end - 2] === input_ids[end - 1]) masked++;
    });
  }
  assert.ok(masked > 0, "some subsequence was padded");
  const { stage, sources } = manifestOf(layout, "aligned");
  const trained = padded.reduce((sum, { loss_mask }) => sum + loss_mask.reduce((a, b) => a + b, 0), 0);
  assert.equal(trained, stage.supervised_tokens);
  assert.ok(sources.long.rows_dropped > 0 && stage.tokens_lost > 0);
});

test("two stages read the two sides of a mixture, and every row of it is in one of them", async (t) => {
  const stage = (name: string, more: string): string =>
    `{ name: ${name}, sequence_length: 128, pack: bfd-split, rows: { rule: handbook, seed: 3${more}, fractions: { even: 1, short: 0.5 } } }`;
  const split = (part: string): string => `, split: { test_size: 0.2, part: ${part} }`;
  const { layout } = await chatRun(
    t,
    recipeOf([stage("all", ""), stage("train", split("train")), stage("test", split("test"))]),
  );
  const taken = ["all", "train", "test"].map((name) => {
    const { sources } = manifestOf(layout, name);
    return [sources.even.taken.rows + sources.short.taken.rows, sources.even.taken.tokens + sources.short.taken.tokens];
  });
  const [all, train, held] = taken;
  assert.deepEqual(all, [train[0] + held[0], train[1] + held[1]]);
  assert.equal(held[0], Math.ceil(all[0] * 0.2));
  // Mixtures of rows compare as those of windows do.
  const { stages } = await diffMixtures("chats", "chats", { out: layout.root });
  const packed = Object.entries(manifestOf(layout, "train").sources).map(([name, share]) => [
    name,
    share.packed.tokens,
  ]);
  const diffed = stages[1].sources.map(({ name, tokens_a, offset_points }) => {
    assert.equal(offset_points, 0);
    return [name, tokens_a];
  });
  assert.deepEqual(Object.fromEntries(diffed), Object.fromEntries(packed));
  assert.deepEqual(await verifyRun(openRun("chats", layout.root)), []);
});

test("what a recipe of rows cannot mean is said at its place", async (t) => {
  const root = temporaryFolder(t);
  writeChats(root);
  const refused = async (stage: string, what: RegExp, more = ""): Promise<void> => {
    await assert.rejects(planned(root, recipeOf([stage], more)), what);
  };
  const rows = "rows: { rule: handbook, fractions: { long: 1 } }";
  await refused(`{ name: a, sequence_length: 64, pack: concat, ${rows} }`, /`pack\/concat` packs no rows/);
  await refused(
    `{ name: a, tokens: 1K, sequence_length: 64, pack: bfd, weights: { long: 1 } }`,
    /`pack\/bfd` packs no windows/,
  );
  await refused(
    `{ name: a, sequence_length: 64, rows: { rule: handbook, fractions: { lnog: 1 } } }`,
    /no source `lnog`/,
  );
  await refused(
    `{ name: a, sequence_length: 64, rows: { rule: handbook, fractions: { long: 2 } } }`,
    /2 times its rows/,
  );
  await refused(`{ name: a, sequence_length: 64, ${rows}, weights: { long: 1 } }`, /weights/);
  await refused(
    `{ name: a, sequence_length: 64, pack: wrapped, long_rows: drop, ${rows} }`,
    /`long_rows` means nothing/,
  );
  await refused(`{ name: a, sequence_length: 8, align_tokens: 8, ${rows} }`, /no room/);
  await refused(`{ name: a, sequence_length: 64, long_rows: { split_before: user }, ${rows} }`, /special token/);
  await refused(`{ name: a, sequence_length: 64, ${rows} }`, /cannot hold training stage a/, "exports: [nanotron]");
  await refused(
    `{ name: a, tokens: 1K, sequence_length: 64, weights: { long: 1 } }`,
    /cannot hold/,
    "exports: [row-index]",
  );
  await refused(`{ name: a, sequence_length: 64, ${rows} }`, /mixes rows/, "simulate: { target_tokens: 1B }");
});

test("a stage whose fractions come to no row says so, and a gate on what is lost fails", async (t) => {
  const root = temporaryFolder(t);
  writeChats(root);
  const tiny = "{ name: none, sequence_length: 64, rows: { rule: handbook, fractions: { long: 0.001 } } }";
  await assert.rejects(make(root, recipeOf([tiny])), /has no row/);
  const lossy = "{ name: lossy, sequence_length: 16, rows: { rule: handbook, fractions: { long: 1 } } }";
  const { layout } = await make(root, recipeOf([lossy], "gates: { max_lost_ratio: 0.01 }"));
  const { gates, stage, sources } = manifestOf(layout, "lossy");
  assert.deepEqual(
    gates.map(({ name, passed }) => [name, passed]),
    [["max_lost_ratio", false]],
  );
  assert.equal(gates[0].value, stage.tokens_lost / sources.long.taken.tokens);
});
