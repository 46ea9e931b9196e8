/**
 * How far a trainer says that it is, in the words of its own checkpoint.
 *
 * | trainer | file | counter |
 * | --- | --- | --- |
 * | Megatron | `common.pt`, `model_optim_rng.pt` | `args.consumed_train_samples`, over all phases of the run |
 * | OLMo-core | `train/rank0.pt` | `data_loader.tokens_processed`, of the data set that is read |
 * | MosaicML streaming | the data set's state, JSON or in Composer's file | `epoch`, `sample_in_epoch` |
 * | litData | the loader's state, JSON or in Lightning's file | `num_samples_yielded`, by worker and data set |
 *
 * Files of torch are read without running anything in them. Invariant: a counter that is not there is an error, never 0.
 */
import fs from "node:fs";
import { join } from "node:path";
import { DataError } from "../../batch/errors.ts";
import { readTorchFile } from "../../io/local/torch-file.ts";
import { fieldOf, PickledObject, type PickleValue } from "../../kernels/pickle/read-pickle.ts";

export const COUNTING_TRAINERS = ["megatron", "olmo-core", "mosaic", "litdata"] as const;
export type CountingTrainer = (typeof COUNTING_TRAINERS)[number];

/** What a checkpoint counts. `scope` says of what: the whole run, or the training stage that is read. */
export interface TrainerCounter {
  readonly file: string;
  readonly scope: "run" | "stage";
  readonly samples?: number;
  readonly tokens?: number;
  /** MosaicML's: epochs of the data set that are whole. */
  readonly epoch?: number;
  /** By data set, in the order in which the trainer was given them. */
  readonly by_dataset?: readonly number[];
}

/** Reads the counter from a checkpoint, its folder or a file of it. Throws DataError `data/bad-checkpoint`. */
export function readCounter(path: string, trainer: CountingTrainer): TrainerCounter {
  const file = counterFile(path, trainer);
  const value = readFile(file, trainer);
  const missing = (what: string): DataError => badCheckpoint(file, trainer, `it has no ${what}`);
  switch (trainer) {
    case "megatron": {
      const samples = countOf(fieldOf(fieldOf(value, "args") ?? value, "consumed_train_samples"));
      if (samples === undefined) throw missing("args.consumed_train_samples");
      return { file, scope: "run", samples };
    }
    case "olmo-core": {
      const tokens = countOf(fieldOf(fieldOf(value, "data_loader"), "tokens_processed"));
      if (tokens === undefined) throw missing("data_loader.tokens_processed");
      return { file, scope: "stage", tokens };
    }
    case "mosaic": {
      const state = search(value, (entry) => fieldOf(entry, "num_canonical_nodes") !== undefined);
      const [epoch, samples] = ["epoch", "sample_in_epoch"].map((name) => countOf(fieldOf(state, name)));
      if (epoch === undefined || samples === undefined)
        throw missing("epoch and sample_in_epoch of a StreamingDataset");
      return { file, scope: "stage", samples, epoch };
    }
    case "litdata": {
      const state = search(value, (entry) => fieldOf(entry, "num_samples_yielded") instanceof Map);
      const workers = fieldOf(state, "num_samples_yielded");
      if (!(workers instanceof Map)) throw missing("num_samples_yielded of a StreamingDataLoader");
      const by_dataset: number[] = [];
      for (const counts of workers.values()) {
        const list = Array.isArray(counts) ? (counts as readonly PickleValue[]) : [counts];
        list.forEach((count, i) => {
          by_dataset[i] = (by_dataset[i] ?? 0) + (countOf(count) ?? 0);
        });
      }
      if (by_dataset.length === 0) throw missing("count in num_samples_yielded");
      return { file, scope: "stage", by_dataset };
    }
  }
}

/** The file of a checkpoint's folder that holds the counter. */
function counterFile(path: string, trainer: CountingTrainer): string {
  if (!fs.existsSync(path)) throw badCheckpoint(path, trainer, "it is not there");
  if (!fs.statSync(path).isDirectory()) return path;
  const latest = join(path, "latest_checkpointed_iteration.txt");
  const iteration = fs.existsSync(latest) ? fs.readFileSync(latest, "utf8").trim() : undefined;
  const folder = iteration === undefined ? path : join(path, `iter_${iteration.padStart(7, "0")}`);
  const names =
    trainer === "olmo-core"
      ? ["train/rank0.pt"]
      : ["common.pt", "mp_rank_00/model_optim_rng.pt", "mp_rank_00_000/model_optim_rng.pt"];
  const found = names.map((name) => join(folder, name)).find((file) => fs.existsSync(file));
  if (found !== undefined) return found;
  throw badCheckpoint(path, trainer, `there is none of ${names.join(", ")} in ${folder}`);
}

function readFile(file: string, trainer: CountingTrainer): PickleValue {
  try {
    const head = Buffer.alloc(2);
    const descriptor = fs.openSync(file, "r");
    fs.readSync(descriptor, head, 0, 2, 0);
    fs.closeSync(descriptor);
    return head.toString("latin1") === "PK" ? readTorchFile(file) : plain(JSON.parse(fs.readFileSync(file, "utf8")));
  } catch (error) {
    throw badCheckpoint(file, trainer, error instanceof Error ? error.message : String(error));
  }
}

/** JSON as a pickle would hold it. */
function plain(value: unknown): PickleValue {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return new Map(Object.entries(value).map(([name, entry]) => [name, plain(entry)]));
  }
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

/** The first dictionary or object, breadth first, that `isIt`. */
function search(value: PickleValue, isIt: (value: PickleValue) => boolean): PickleValue | undefined {
  const seen = new Set<PickleValue>();
  const queue: PickleValue[] = [value];
  for (let at = 0; at < queue.length; at++) {
    const next = queue[at];
    if (next === undefined || next === null || typeof next !== "object" || seen.has(next)) continue;
    seen.add(next);
    if (isIt(next)) return next;
    if (next instanceof Map) queue.push(...next.values());
    else if (next instanceof PickledObject) queue.push(next.state, ...next.entries.values());
    else if (Array.isArray(next)) queue.push(...(next as readonly PickleValue[]));
  }
  return undefined;
}

function countOf(value: PickleValue | undefined): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function badCheckpoint(file: string, trainer: string, why: string): DataError {
  return new DataError({
    code: "data/bad-checkpoint",
    what: `${file} does not say how far ${trainer} is`,
    why,
    fix: "name the checkpoint's folder, or the file with the counter: docs/mixing.md lists what is read of each trainer",
  });
}
