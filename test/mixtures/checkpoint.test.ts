import assert from "node:assert/strict";
import { test } from "node:test";
import { DataError } from "../../batch/errors.ts";
import { bookedTokens, consumedTokens, reachedWindows, readCheckpoint } from "../../mixtures/checkpoint.ts";

function metadata(stages: readonly object[]): string {
  return JSON.stringify({
    version: "1.4",
    tp: 1,
    dp: 2,
    cp: 1,
    metas: { consumed_train_samples: 9, last_train_step: 7, last_stage_idx: 0, data_stages: stages },
    custom_metas: null,
  });
}

const STAGE = {
  name: "stable",
  start_training_step: 1,
  consumed_train_samples: 12,
  sequence_length: 16,
  consumed_tokens_per_dataset_folder: { "s3://bucket/s3/web_17/": 112, "s3://bucket/s3/code_17": 80 },
};
const FOLDERS = [
  { name: "web_17", source: "web", sequence_length: 16, start_window: 3 },
  { name: "code_17", source: "code", sequence_length: 16, start_window: 0 },
];

test("tokens of a folder add up over stages and become the window the source goes on at", () => {
  const second = {
    ...STAGE,
    name: "decay",
    consumed_train_samples: 1,
    consumed_tokens_per_dataset_folder: { "s3://bucket/s3/code_17": 16 },
  };
  const checkpoint = readCheckpoint(metadata([STAGE, second]), "file.json");
  assert.equal(checkpoint.last_train_step, 7);
  assert.deepEqual(
    [...consumedTokens(checkpoint)],
    [
      ["s3://bucket/s3/web_17/", 112],
      ["s3://bucket/s3/code_17", 96],
    ],
  );
  assert.deepEqual(
    reachedWindows(checkpoint, FOLDERS).map(({ source, next_window, folder }) => [source, next_window, folder]),
    [
      ["web", 3 + 7, "s3://bucket/s3/web_17/"],
      ["code", 6, "s3://bucket/s3/code_17"],
    ],
  );
});

test("a stage without a sequence length has nanotron's 4096", () => {
  const { sequence_length: _, ...old } = {
    ...STAGE,
    consumed_train_samples: 1,
    consumed_tokens_per_dataset_folder: { a: 4096 },
  };
  assert.equal(readCheckpoint(metadata([old]), "x").stages[0].sequence_length, 4096);
});

test("what is no checkpoint, or does not add up, or names an unknown folder", () => {
  const message = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      if (error instanceof DataError) return error.message;
    }
    return "none";
  };
  for (const text of ["", "{}", "[]", metadata([]), metadata([{ ...STAGE, consumed_train_samples: -1 }])]) {
    assert.match(
      message(() => readCheckpoint(text, "file.json")),
      /data\/bad-checkpoint.*file\.json/,
    );
  }
  assert.match(
    message(() => readCheckpoint(metadata([{ ...STAGE, consumed_train_samples: 13 }]), "f")),
    /13 samples of 16 tokens, but 192 tokens/,
  );
  const checkpoint = readCheckpoint(metadata([STAGE]), "f");
  assert.match(
    message(() => reachedWindows(checkpoint, FOLDERS.slice(1))),
    /112 tokens of s3:\/\/bucket\/s3\/web_17\/.*\n.*\n.*code_17/,
  );
});

test("the trainer books a later stage from where its samples are counted, not from its blend's start", () => {
  assert.deepEqual(bookedTokens([2, 1], 0, 3, 10), [20, 10]);
  assert.deepEqual(bookedTokens([2, 1], 1, 1, 10), [0, 10]);
});
