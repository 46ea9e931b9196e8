/** The loss lane through every export: a masked token is a label nowhere, or the export is refused. */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parquetReadObjects } from "hyparquet";
import { parse } from "yaml";
import { RecipeError, RunError } from "../../../batch/errors.ts";
import { EXPORTERS, TRAINERS } from "../../../manifests/exports/registry.ts";
import { documentBlocks, rowBlocks } from "../../../manifests/exports/views.ts";
import type { TrainingStageManifest } from "../../../manifests/schema.ts";
import type { TrainingStageMixture } from "../../../mixtures/compile.ts";
import { documentStages } from "../../../runs/export-documents.ts";
import { repackedStages, windowStages } from "../../../runs/export-rows.ts";
import { stageRegistry } from "../../../stages/registry.ts";
import { temporaryFolder } from "../../io/temporary.ts";
import { EOS, isTrained, makeSmallRun } from "../small-run.ts";
import { exportTo, idsOf } from "./open-run.ts";

/** Ids of masked sources say whether they are trained; padding is EOS, which is, so it tells itself apart. */
const maskedRun = (root: string, stages?: readonly TrainingStageMixture[]) => makeSmallRun(root, stages, 3, ["web"]);

test("rows carry the lane with their tokens, stored or packed anew, and padding has 0", (t) => {
  const { manifests, store } = maskedRun(temporaryFolder(t));
  const options = { store, registry: stageRegistry(), rowTokens: (n: number) => n, epochOrder: "reshuffle" } as const;
  let padding = 0;
  for (const stage of [...windowStages(manifests, store), ...repackedStages(manifests, options)]) {
    for (const source of stage.sources) {
      assert.equal(source.has_loss, source.source === "web");
      for (const range of source.ranges) {
        for (const { tokens, loss, pieces } of rowBlocks(source, range)) {
          assert.equal(loss?.length, source.has_loss ? tokens.length : undefined);
          for (let word = 0, at = 0; word < pieces.length && loss !== undefined; word += 3) {
            const isPadding = pieces[word] === 0xffff_ffff;
            if (isPadding) padding += pieces[word + 2];
            for (const end = at + pieces[word + 2]; at < end; at++) {
              assert.equal(loss[at], !isPadding && isTrained(tokens[at]) ? 1 : 0);
            }
          }
        }
      }
    }
  }
  assert.ok(padding > 0);
});

test("documents carry the lane, gaps between chosen ones closed", (t) => {
  const { manifests, store } = maskedRun(temporaryFolder(t));
  const select = (manifest: TrainingStageManifest): TrainingStageManifest => {
    const selection = { min_tokens: 10, max_tokens: 30, documents_skipped: 0, tokens_skipped: 0 };
    return { ...manifest, sources: { web: { ...manifest.sources.web, selection } } };
  };
  for (const chosen of [manifests, [select(manifests[0])]]) {
    for (const { sources } of documentStages(chosen, store, 3).stages) {
      for (const { ranges, source } of sources) {
        for (const range of ranges) {
          for (const { tokens, loss } of documentBlocks(range, 4)) {
            const expected = Uint8Array.from(tokens, (id) => (isTrained(id) ? 1 : 0));
            assert.deepEqual(loss, source === "web" ? expected : undefined);
          }
        }
      }
    }
  }
});

test("nanotron gets datatrove's .ds.loss, linked or cut as the tokens are, and is told that it is not read", (t) => {
  const root = temporaryFolder(t);
  const stages: TrainingStageMixture[] = [
    { name: "one", tokens: 16 * 21, sequence_length: 16, pack_id: "concat", weights: { web: 1 } },
    { name: "two", tokens: 64 * 5, sequence_length: 64, pack_id: "best-fit", weights: { code: 1 } },
    { name: "three", tokens: 16 * 120, sequence_length: 16, pack_id: "concat", weights: { web: 1 } },
  ];
  const { manifests, store } = maskedRun(root, stages);
  const { folder, files, read, warnings } = exportTo(root, manifests, "nanotron");
  const lanes = files.filter((file) => file.endsWith(".ds.loss"));
  assert.ok(lanes.includes("s3/web_17/00000_web.ds.loss") && lanes.includes("s3/web_17_2/00000_web.ds.loss"));
  assert.equal(lanes.length, files.filter((file) => /web_17.*\.ds$/.test(file)).length);
  const inode = (path: string): number => statSync(path).ino;
  const stored = join(store, "windows-web-16-concat/00000_web.ds.loss");
  assert.equal(inode(join(folder, "s3/web_17/00000_web.ds.loss")), inode(stored));
  for (const lane of lanes) {
    const ids = idsOf(read(lane.slice(0, -".loss".length)));
    const loss = read(lane);
    assert.equal(loss.length, ids.length);
    ids.forEach((id, i) => {
      // A token of padding is EOS, and not trained.
      if (id !== EOS) assert.equal(loss[i], isTrained(id) ? 1 : 0);
    });
  }
  assert.match(warnings[0], /web_17 has \.ds\.loss files, which nanotron's data set does not read/);
});

interface TrlRow {
  readonly input_ids: readonly number[];
  readonly labels: readonly number[];
  readonly seq_lengths: readonly number[];
}

async function trlRows(read: (path: string) => Buffer, paths: readonly string[]): Promise<TrlRow[]> {
  const rows: TrlRow[] = [];
  for (const path of paths) {
    rows.push(...((await parquetReadObjects({ file: new Uint8Array(read(path)).buffer })) as unknown as TrlRow[]));
  }
  return rows;
}

test("TRL's labels and OLMo-core's mask leave out the same tokens", async (t) => {
  const root = temporaryFolder(t);
  const { manifests } = maskedRun(root);
  const trl = exportTo(root, manifests, "trl");
  const olmo = exportTo(root, manifests, "olmo-core");
  assert.ok(!olmo.warnings.some((warning) => warning.includes("padding are trained on")));
  for (const { stage } of manifests) {
    const { label_mask_paths } = parse(olmo.read(`${stage.name}.yaml`).toString());
    for (const source of ["code", "web"]) {
      const rows = await trlRows(
        trl.read,
        trl.files.filter((file) => file.startsWith(`${stage.name}/${source}-`)),
      );
      const expected: number[] = [];
      for (const { input_ids, labels, seq_lengths } of rows) {
        const starts = new Set<number>();
        seq_lengths.reduce((at, length) => {
          starts.add(at);
          return at + length;
        }, 0);
        input_ids.forEach((id, i) => {
          const trained = !starts.has(i) && (source === "code" || isTrained(id));
          assert.equal(labels[i], trained ? id : -100);
          expected.push(trained ? 1 : 0);
        });
        for (let i = input_ids.length; i < stage.sequence_length; i++) expected.push(0);
      }
      // All sources of a stage have mask files where one has a lane: the paths go by position.
      const masks = olmo.files.filter(
        (file) => file.startsWith(`${stage.name}/${source}/`) && file.endsWith(".label_mask.npy"),
      );
      assert.ok(masks.length > 0 && masks.every((path) => label_mask_paths.includes(path)));
      assert.deepEqual(
        masks.flatMap((path) => [...olmo.read(path)]),
        expected,
      );
    }
  }
});

test("gpt-neox gets labels in step with ids, -100 where nothing is trained", (t) => {
  const root = temporaryFolder(t);
  const { manifests } = maskedRun(root);
  const { read, files, warnings } = exportTo(root, manifests, "megatron", { gpt_neox_labels: true, path_prefix: "/d" });
  assert.deepEqual(warnings, []);
  assert.deepEqual(parse(read("stage1.gpt-neox.yaml").toString()), {
    train_data_paths: ["/d/stage1/code", "/d/stage1/web"],
    train_label_data_paths: ["/d/stage1/code_label", "/d/stage1/web_label"],
    train_data_weights: [0.25, 0.75],
  });
  for (const path of files.filter((file) => file.endsWith("_label.bin"))) {
    const ids = idsOf(read(path.replace("_label", "")));
    const labels = new Int32Array(Uint8Array.from(read(path)).buffer);
    assert.equal(labels.length, ids.length);
    ids.forEach((id, i) => {
      const first = i === 0 || ids[i - 1] === EOS;
      assert.equal(labels[i], !first && (path.includes("code") || isTrained(id)) ? id : -100);
    });
    assert.deepEqual(read(path.replace(".bin", ".idx")), read(path.replace("_label.bin", ".idx")));
  }
});

for (const trainer of TRAINERS.filter((name) => EXPORTERS[name].loss.written !== "always")) {
  test(`${trainer}: an export that would train on masked tokens is refused, unless that is asked for`, (t) => {
    const root = temporaryFolder(t);
    const plain = exportTo(root, makeSmallRun(root).manifests, trainer);
    const expected = plain.files.map((file) => plain.read(file));
    const { manifests } = maskedRun(root);
    assert.throws(
      () => exportTo(root, manifests, trainer),
      (error) => {
        assert.ok(error instanceof RunError);
        assert.equal(error.code, "run/export-loses-loss");
        assert.match(error.message, /masked tokens of web[\s\S]*olmo-core, trl; --ignore-loss/);
        return true;
      },
    );
    const { read, files, warnings } = exportTo(root, manifests, trainer, { ignore_loss: true });
    assert.match(warnings[0], /^web: masked tokens are trained on, as asked/);
    assert.deepEqual(
      files.map((file) => read(file)),
      expected,
    );
  });
}

test("an option that the trainer does not understand is an error, with the nearest it does", (t) => {
  const root = temporaryFolder(t);
  const { manifests } = makeSmallRun(root);
  const refused = (trainer: "trl" | "megatron", options: object, message: RegExp): void =>
    assert.throws(
      () => exportTo(root, manifests, trainer, { ...options }),
      (error) => error instanceof RecipeError && error.code === "flag/bad-export-option" && message.test(error.message),
    );
  refused("trl", { ignore_loss: true }, /trl has no option ignore_loss[\s\S]*`path_prefix`/);
  refused("megatron", { gpt_neox_label: true }, /did you mean `gpt_neox_labels`/);
  refused("megatron", { path_prefix: 3 }, /megatron: path_prefix/);
});
