import assert from "node:assert/strict";
import { test } from "node:test";
import { DataError } from "../../batch/errors.ts";
import { readTorchFile } from "../../io/local/torch-file.ts";
import { fieldOf, PickledObject, readPickle } from "../../kernels/pickle/read-pickle.ts";
import { readCounter } from "../../runs/next/counters.ts";

const FOLDER = "test/golden/checkpoints";

test("counters of every trainer are read from what torch.save writes, and from JSON", () => {
  assert.deepEqual(readCounter(`${FOLDER}/megatron`, "megatron"), {
    file: `${FOLDER}/megatron/iter_0000017/common.pt`,
    scope: "run",
    samples: 170,
  });
  assert.deepEqual(readCounter(`${FOLDER}/olmo-core`, "olmo-core"), {
    file: `${FOLDER}/olmo-core/train/rank0.pt`,
    scope: "stage",
    tokens: 6400,
  });
  for (const file of ["composer.pt", "mosaic.json"]) {
    const { samples, epoch } = readCounter(`${FOLDER}/${file}`, "mosaic");
    assert.deepEqual([samples, epoch], [150, 0]);
  }
  assert.deepEqual(readCounter(`${FOLDER}/litdata.pt`, "litdata").by_dataset, [30, 120]);
});

test("classes are names, numbers of every size come out, and nothing is run", () => {
  const args = fieldOf(readTorchFile(`${FOLDER}/megatron/iter_0000017/common.pt`), "args");
  assert.ok(args instanceof PickledObject);
  assert.equal(args.name, "argparse.Namespace");
  assert.deepEqual(
    ["large", "below", "lr", "seq_length"].map((name) => fieldOf(args, name)),
    [2 ** 40, -5, 1e-4, 64],
  );
  const dtype = fieldOf(args, "params_dtype");
  assert.ok(dtype instanceof PickledObject && dtype.name === "torch.bfloat16");
  // os.system("true"), as a pickle would have it run.
  const evil = readPickle(Buffer.from("\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R.", "latin1"));
  assert.ok(evil instanceof PickledObject);
  assert.deepEqual([evil.name, evil.made_of], ["os.system", ["true"]]);
  assert.throws(() => readPickle(Buffer.from("\x80\x02}", "latin1")), RangeError);
  assert.throws(() => readPickle(Buffer.from("\x80\x02s.", "latin1")), SyntaxError);
});

test("a file without the counter is refused, never counted as 0", () => {
  for (const [file, trainer] of [
    ["litdata.pt", "megatron"],
    ["mosaic.json", "litdata"],
    ["litdata.pt", "mosaic"],
    ["olmo-core", "megatron"],
    ["nothing", "olmo-core"],
  ] as const) {
    assert.throws(
      () => readCounter(`${FOLDER}/${file}`, trainer),
      (error) => error instanceof DataError && error.code === "data/bad-checkpoint",
    );
  }
});
