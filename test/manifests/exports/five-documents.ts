/**
 * The fixture every layout is held against: five documents with EOS 2, one with an EOS inside, an id above 65,535, a document of one word.
 * Hashes are of what the reference writers of datatrove, Megatron, MosaicML streaming and litData made of it.
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { planConcat } from "../../../kernels/pack/concat.ts";
import { fillOutput, fillWindows, laneOf } from "../../../kernels/pack/fill.ts";
import { packingStatistics } from "../../../kernels/pack/plan.ts";
import type { StoredFile, TrainingStageManifest } from "../../../manifests/schema.ts";
import { buildManifests } from "../../../manifests/write.ts";
import { compileMixture } from "../../../mixtures/compile.ts";
import { bytesOf, encodeEnds } from "../../../store/token-file.ts";

export const FIVE = {
  eos: 2,
  documents: [
    [10, 11, 12, 2],
    [20, 2],
    [30, 31, 2, 32, 33, 34, 2],
    [70000, 41, 42, 43, 44, 2],
    [50, 2],
  ],
  ends: [4, 6, 13, 19, 21],
} as const;

export const SHA256 = {
  tokens: "60ec8291fbd7714e3b48cb4fdf76b93e14e516faec57f9fa4152cf1fc37fc7d3",
  index: "846dba15daf131c88b50aa451e0ed87b4f1cec141a192521d23d7b77c43471b9",
  megatron_idx: "a75e4595ae3e2789e5e416f3970f51366177696bb5c602bfb1d902095a06a67a",
  mds_shard: "8be5ea429115b9bf80e36bb2ee3affb62664de9f7faa7f1a02e72d2fc39a89db",
  mds_index: "fd637eab811bca6db641f8dda9493d5003c958bfdd729d0ec34facc1032aa261",
  litdata_chunk: "a0b86c3f95d5b0051b50105002fc5ef8b722223ac6633a1a6c8be3977a396107",
} as const;

export const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

export interface FiveRun {
  readonly store: string;
  readonly manifests: readonly TrainingStageManifest[];
}

/** A run over the fixture alone: one source, one shard, one training stage of `windows` windows, packed by concatenation. */
export function makeFiveRun(root: string, sequenceLength: number, windows: number): FiveRun {
  const store = join(root, "store");
  const tokens = Uint32Array.from(FIVE.documents.flat());
  const ends = Float64Array.from(FIVE.ends);
  const write = (path: string, bytes: Uint8Array): StoredFile => {
    writeFileSync(join(store, path), bytes);
    return { path, size_bytes: bytes.length, sha256: sha256(bytes) };
  };
  for (const folder of ["tokens", "windows"]) mkdirSync(join(store, folder), { recursive: true });
  const storeFiles = [
    write("tokens/00000_five.ds", bytesOf(tokens)),
    write("tokens/00000_five.ds.index", encodeEnds(ends)),
  ];
  const window_tokens = sequenceLength + 1;
  const plan = planConcat(ends, window_tokens, [6, 6]);
  const input = { plan, tokens: laneOf(tokens), document_ends: ends, window_tokens, eos: FIVE.eos };
  const filled = fillOutput(input, 0, plan.windows);
  fillWindows(input, 0, plan.windows, filled);
  const windowFiles = [
    write("windows/00000_five.ds", bytesOf(filled.tokens)),
    write("windows/00000_five.ds.index", bytesOf(filled.ends)),
    write("windows/00000_five.ds.pieces", bytesOf(filled.pieces)),
  ];
  const [stage] = compileMixture({
    stages: [
      {
        name: "stage1",
        tokens: windows * sequenceLength,
        sequence_length: sequenceLength,
        pack_id: "concat",
        weights: { five: 1 },
      },
    ],
    available: () => [{ windows: plan.windows }],
    limits: { max_epochs: 4, on_exhausted: "error" },
  });
  const manifests = buildManifests({
    run: "five",
    plan_fingerprint: "0123456789abcdef",
    recipe: { name: "five" },
    seed: 6,
    tokenizer: {
      name: "tok",
      sha256: "0".repeat(64),
      vocab_size: 70_001,
      token_bytes: 4,
      eos: { token: "<eos>", id: FIVE.eos },
    },
    gates: {},
    stages: [{ ...stage, pack: { use: "pack/concat", version: 1, options: {} } }],
    source: () => ({
      fingerprints: { ingest: "i", tokens: "t" },
      lineage: [],
      counts: { rows_in: 5, kept: 5, dropped: {}, errors: {} },
      shards: [{ documents: 5, tokens: 21, files: storeFiles }],
    }),
    packed: () => ({
      fingerprint: "w",
      shards: [{ windows: plan.windows, files: windowFiles, statistics: packingStatistics(plan, ends, window_tokens) }],
    }),
  });
  return { store, manifests };
}
