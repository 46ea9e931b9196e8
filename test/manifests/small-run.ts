/**
 * A complete small run on disk for tests: two sources, two packings, three training stages, made with the real kernels.
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { planBestFit } from "../../kernels/pack/best-fit.ts";
import { planConcat } from "../../kernels/pack/concat.ts";
import { fillOutput, fillWindows, laneOf } from "../../kernels/pack/fill.ts";
import { packingStatistics } from "../../kernels/pack/plan.ts";
import { hash64, seedFrom } from "../../kernels/random/shuffle.ts";
import type { StoredFile, TrainingStageManifest } from "../../manifests/schema.ts";
import { buildManifests, type PackedFacts, type SourceFacts, writeManifests } from "../../manifests/write.ts";
import { compileMixture, type TrainingStageMixture } from "../../mixtures/compile.ts";
import { companions, encodeEnds } from "../../store/token-file.ts";

export const EOS = 1;
const VOCABULARY = 70_000;

export interface SmallRun {
  readonly store: string;
  readonly manifestFolder: string;
  readonly manifests: readonly TrainingStageManifest[];
}

const DOCUMENTS: Readonly<Record<string, readonly number[]>> = { code: [40, 25, 30], web: [60, 50, 70, 20] };

const STAGES: readonly TrainingStageMixture[] = [
  { name: "stage1", tokens: 16 * 60, sequence_length: 16, pack_id: "concat", weights: { web: 0.75, code: 0.25 } },
  { name: "stage2", tokens: 16 * 40, sequence_length: 16, pack_id: "concat", weights: { web: 0.5, code: 0.5 } },
  { name: "long", tokens: 64 * 20, sequence_length: 64, pack_id: "best-fit", weights: { web: 0.6, code: 0.4 } },
];

/**
 * Whether a token of a source with a loss lane is trained; told by its id, so that it can be told wherever the token
 * turns up.
 */
export function isTrained(id: number): boolean {
  return id % 3 !== 0;
}

/**
 * Writes the run under `root` and returns where things are. `stages` replaces the default three; sources of `masked`
 * have a loss lane.
 */
export function makeSmallRun(
  root: string,
  stages: readonly TrainingStageMixture[] = STAGES,
  maxEpochs = 3,
  masked: readonly string[] = [],
): SmallRun {
  const store = join(root, "store");
  const write = (path: string, bytes: Uint8Array): StoredFile => {
    mkdirSync(dirname(join(store, path)), { recursive: true });
    writeFileSync(join(store, path), bytes);
    return { path, size_bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  };
  const lossOf = (source: string, tokens: Uint32Array): { readonly loss?: Uint8Array } =>
    masked.includes(source) ? { loss: Uint8Array.from(tokens, (id) => (isTrained(id) ? 1 : 0)) } : {};
  const bytes = (values: Uint32Array) => new Uint8Array(values.buffer);
  const name = (shard: number, source: string) => `${String(shard).padStart(5, "0")}_${source}.ds`;

  const tokenShards = new Map<string, { tokens: Uint32Array; ends: Float64Array }[]>();
  const sources = new Map<string, SourceFacts>();
  for (const [source, counts] of Object.entries(DOCUMENTS)) {
    const shards = counts.map((documents, shard) => randomDocuments(source, shard, documents));
    tokenShards.set(source, shards);
    const documents = counts.reduce((sum, count) => sum + count, 0);
    sources.set(source, {
      fingerprints: { ingest: `ingest-${source}`, tokens: `tokens-${source}` },
      lineage: [{ key: `${source}/0.parquet`, size_bytes: 1234, identity: "sha256:00" }],
      counts: {
        rows_in: documents + 7,
        kept: documents,
        dropped: { quality: { too_few_words: 4, too_short: 1 } },
        errors: { bad_json: 2 },
      },
      shards: shards.map(({ tokens, ends }, shard) => {
        const path = `tokens-${source}/${name(shard, source)}`;
        const { loss } = lossOf(source, tokens);
        return {
          documents: ends.length,
          tokens: tokens.length,
          files: [
            write(path, bytes(tokens)),
            write(`${path}.index`, encodeEnds(ends)),
            ...(loss === undefined ? [] : [write(path + companions.loss, loss)]),
          ],
        };
      }),
    });
  }

  const packed = new Map<string, PackedFacts>();
  const pack = (source: string, sequenceLength: number, packId: string): PackedFacts => {
    const key = `${source}-${sequenceLength}-${packId}`;
    const known = packed.get(key);
    if (known !== undefined) return known;
    const window_tokens = sequenceLength + 1;
    const shards = (tokenShards.get(source) ?? []).map(({ tokens, ends }, shard) => {
      const seed = seedFrom(6, "windows", source, shard);
      const plan =
        packId === "concat"
          ? planConcat(ends, window_tokens, seed)
          : planBestFit(ends, window_tokens, seed, { max_documents: 0 });
      const { loss } = lossOf(source, tokens);
      const input = {
        plan,
        tokens: laneOf(tokens),
        ...(loss && { loss: laneOf(loss) }),
        document_ends: ends,
        window_tokens,
        eos: EOS,
      };
      const out = fillOutput(input, 0, plan.windows);
      fillWindows(input, 0, plan.windows, out);
      const path = `windows-${key}/${name(shard, source)}`;
      const files = [
        write(path, bytes(out.tokens as Uint32Array)),
        write(`${path}.index`, bytes(out.ends)),
        write(`${path}.pieces`, bytes(out.pieces)),
        ...(out.loss === undefined ? [] : [write(path + companions.loss, out.loss)]),
      ];
      return { windows: plan.windows, files, statistics: packingStatistics(plan, ends, window_tokens) };
    });
    const facts = { fingerprint: `windows-${key}`, shards };
    packed.set(key, facts);
    return facts;
  };

  const compiled = compileMixture({
    stages,
    available: (source, sequenceLength, packId) =>
      pack(source, sequenceLength, packId).shards.map(({ windows }) => ({ windows })),
    limits: { max_epochs: maxEpochs, on_exhausted: "error" },
    categories: { web: "web", code: "code" },
  });
  const manifests = buildManifests({
    run: "small",
    plan_fingerprint: "0123456789abcdef",
    recipe: { name: "small", seed: 6 },
    seed: 6,
    tokenizer: {
      name: "tok",
      sha256: "0".repeat(64),
      vocab_size: VOCABULARY,
      token_bytes: 4,
      eos: { token: "<eos>", id: EOS },
    },
    gates: { max_weight_error: 0.02, min_packing_fill: 0.999, max_dropped_ratio: 0.5 },
    stages: compiled.map((stage) => ({ ...stage, pack: { use: `pack/${stage.pack_id}`, version: 1, options: {} } })),
    source: (source) => sources.get(source) as SourceFacts,
    packed: pack,
  });
  const manifestFolder = join(root, "runs", "small", "manifests");
  writeManifests(manifestFolder, manifests);
  return { store, manifestFolder, manifests };
}

function randomDocuments(
  source: string,
  shard: number,
  documents: number,
): { tokens: Uint32Array; ends: Float64Array } {
  const [k0, k1] = seedFrom("test documents", source, shard);
  const words = new Uint32Array(2);
  const ids: number[] = [];
  const ends = Float64Array.from({ length: documents }, (_, document) => {
    hash64(k0, k1, document, words);
    const length = 1 + (words[0] % 40) + (words[0] % 11 === 0 ? 90 : 0);
    for (let i = 1; i < length; i++) {
      hash64(k0, k1, 1_000_000 + document * 1000 + i, words);
      ids.push(2 + (words[1] % (VOCABULARY - 2)));
    }
    return ids.push(EOS);
  });
  return { tokens: Uint32Array.from(ids), ends };
}
